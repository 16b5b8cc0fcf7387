//! A number within its bounds.

use super::tree::Tree;
use super::view::{Kind, View};

/// The text of a number; the `nth` of those that must differ.
pub(super) fn of(view: &View<'_>, nth: usize) -> String {
    let is_integer = view.kind(false) == Kind::Integer;
    let step = match view.find("multipleOf").and_then(Tree::as_number) {
        Some(step) if step > 0.0 => step,
        _ => 1.0,
    };
    let (least, most) = bounds(view, is_integer, step);
    let wished = 1.0f64.max(least).min(most.max(least));
    let has_step = view.find("multipleOf").is_some();
    let mut value = wished;
    if is_integer || has_step {
        value = (wished / step).ceil() * step;
        if value > most {
            value = (most / step).floor() * step;
        }
    }
    value += nth as f64 * step;
    let places = view.find("multipleOf").map_or(0, places);
    if places > 0 { format!("{value:.places$}") } else { format!("{value}") }
}

/// What it may be at least and at most; a bound that is excluded is gone away from by a step, or by
/// half of the way where both are near.
fn bounds(view: &View<'_>, is_integer: bool, step: f64) -> (f64, f64) {
    let least = view.bound("minimum", f64::max).unwrap_or(f64::NEG_INFINITY);
    let most = view.bound("maximum", f64::min).unwrap_or(f64::INFINITY);
    // Older schemas say only that the bound is excluded, not what it is.
    let above = view.bound("exclusiveMinimum", f64::max);
    let above = above.or(view.holds("exclusiveMinimum").then_some(least));
    let below = view.bound("exclusiveMaximum", f64::min);
    let below = below.or(view.holds("exclusiveMaximum").then_some(most));
    let room = below.unwrap_or(most) - above.unwrap_or(least);
    let gap = if is_integer || room > 2.0 * step { step } else { room / 2.0 };
    let beyond = |bound: f64, by: f64| {
        // The next whole number, not the one a step from a fraction.
        if is_integer && by > 0.0 {
            bound.floor() + 1.0
        } else if is_integer {
            bound.ceil() - 1.0
        } else {
            bound + by
        }
    };
    let least = above.map_or(least, |above| least.max(beyond(above, gap)));
    let most = below.map_or(most, |below| most.min(beyond(below, -gap)));
    if is_integer { (least.ceil(), most.floor()) } else { (least, most) }
}

/// How many places a number has behind its point.
fn places(number: &Tree) -> usize {
    let Tree::Number(number) = number else { return 0 };
    number.as_str().split_once('.').map_or(0, |(_, places)| places.len().min(9))
}

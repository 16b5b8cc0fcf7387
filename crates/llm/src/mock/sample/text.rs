//! A text of the asked length, format or pattern.

use super::pattern;
use super::tree::Tree;
use super::view::View;

/// No text is made longer, whatever a schema asks for.
const LENGTH_MAX: usize = 4_096;
/// How often parts of a pattern that may come again are repeated to reach a length.
const REPEATS_MAX: usize = 64;

/// A text; the `nth` of those that must differ.
pub(super) fn of(view: &View<'_>, word: &str, nth: usize) -> String {
    let least = view.bound("minLength", f64::max).map_or(0, |least| least as usize).min(LENGTH_MAX);
    let most = view.bound("maxLength", f64::min).map_or(LENGTH_MAX, |most| most as usize);
    if let Some(text) = view.find("pattern").and_then(Tree::as_text) {
        let longer = (nth..nth + REPEATS_MAX).map_while(|repeats| pattern::fitting(text, repeats));
        let fits = longer.clone().find(|text| text.chars().count() >= least);
        if let Some(text) = fits.or_else(|| longer.last()) {
            return text;
        }
    }
    if let Some(text) = view.find("format").and_then(Tree::as_text).and_then(formatted) {
        return text.to_owned();
    }
    let suffix = if nth == 0 { String::new() } else { format!("-{nth}") };
    let word = if word.is_empty() { "text" } else { word };
    let room = most.saturating_sub(suffix.len());
    let mut text: String =
        word.chars().cycle().take(word.chars().count().max(least).min(room)).collect();
    text.push_str(&suffix);
    text
}

/// A text of a known format.
fn formatted(format: &str) -> Option<&'static str> {
    Some(match format {
        "date-time" => "2026-01-31T12:00:00Z",
        "date" => "2026-01-31",
        "time" => "12:00:00Z",
        "duration" => "PT1H",
        "email" | "idn-email" => "user@example.com",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "iri" | "url" | "uri-reference" | "iri-reference" => "https://example.com/",
        "uuid" => "00000000-0000-4000-8000-000000000001",
        "json-pointer" => "/a",
        "regex" => "^a$",
        "byte" | "binary" => "dGV4dA==",
        _ => return None,
    })
}

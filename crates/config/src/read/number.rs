//! Numbers without a unit: whole ones, shares, ratios and decimals, each within its bounds.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use serde_json::Value as Json;

use super::scalar::scalar;
use super::{Reader, Shape, Written, is_number};
use crate::tree::Node;

/// A whole number from `MIN` to `MAX`, kept as `T`.
pub(crate) struct Count<T, const MIN: u64, const MAX: u64>(PhantomData<T>);

impl<T, const MIN: u64, const MAX: u64> Written for Count<T, MIN, MAX>
where
    T: TryFrom<u64> + TryInto<u64> + Copy,
{
    type Value = T;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<T> {
        let expected = format!("a whole number from {MIN} to {MAX}");
        scalar(node, reader, &expected, |text| {
            let number = digits::<u64>(text)?;
            (MIN..=MAX).contains(&number).then(|| T::try_from(number).ok())?
        })
    }

    fn shape() -> Shape {
        Shape::Integer { min: MIN, max: MAX }
    }

    fn show(value: &T) -> Option<Json> {
        (*value).try_into().ok().map(Json::from)
    }
}

/// A share of a hundred.
pub(crate) type Percent = Count<u8, 0, 100>;

/// A number over `ABOVE` and up to `MAX`.
pub(crate) struct Ratio<const ABOVE: u32, const MAX: u32>;

impl<const ABOVE: u32, const MAX: u32> Written for Ratio<ABOVE, MAX> {
    type Value = f64;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<f64> {
        let expected = format!("a number over {ABOVE} and up to {MAX}");
        scalar(node, reader, &expected, |text| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let number: f64 = plain.then(|| text.parse().ok())??;
            (number > f64::from(ABOVE) && number <= f64::from(MAX)).then_some(number)
        })
    }

    fn shape() -> Shape {
        Shape::Number { min: f64::from(ABOVE), takes_min: false, max: f64::from(MAX) }
    }

    fn show(value: &f64) -> Option<Json> {
        Some((*value).into())
    }
}

/// A number from `MIN` to `MAX`.
pub(crate) struct Number<const MIN: i64, const MAX: i64>;

impl<const MIN: i64, const MAX: i64> Written for Number<MIN, MAX> {
    type Value = f64;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<f64> {
        let expected = format!("a number from {MIN} to {MAX}");
        scalar(node, reader, &expected, |text| {
            let number: f64 = is_number(text).then(|| text.parse().ok())??;
            (MIN as f64..=MAX as f64).contains(&number).then_some(number)
        })
    }

    fn shape() -> Shape {
        Shape::Number { min: MIN as f64, takes_min: true, max: MAX as f64 }
    }

    fn show(value: &f64) -> Option<Json> {
        Some((*value).into())
    }
}

/// A number of decimal digits alone: no sign, no space.
pub(super) fn digits<T: FromStr>(text: &str) -> Option<T>
where
    T::Err: Display,
{
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

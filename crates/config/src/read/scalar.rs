//! Scalars without meaning of their own: texts, durations, sizes, rates, money, secrets.

use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use architrave_core::Secret;
use architrave_core::units::{self, Rate};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Reader, Shape, Written, is_visible_ascii};
use crate::tree::Node;

/// The longest duration that makes sense anywhere: a year.
const SPAN_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// Reads a scalar by `parse`, noting what was expected when it does not fit.
pub(crate) fn scalar<T>(
    node: &Node<'_>,
    reader: &mut Reader<'_>,
    expected: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let value = node.text().and_then(parse);
    if value.is_none() {
        reader.refuse_type(node, expected);
    }
    value
}

/// Any text but the empty one.
pub(crate) struct Text;

impl Written for Text {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        scalar(node, reader, "a text", |text| (!text.is_empty()).then(|| text.to_owned()))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "text", pattern: None }
    }

    fn show(value: &String) -> Option<Json> {
        Some(value.as_str().into())
    }
}

/// Any text, the empty one too.
pub(crate) struct AnyText;

impl Written for AnyText {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        scalar(node, reader, "a text", |text| Some(text.to_owned()))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "text", pattern: None }
    }

    fn show(value: &String) -> Option<Json> {
        Some(value.as_str().into())
    }
}

impl Written for Secret {
    type Value = Self;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let secret = node.text().filter(|text| !text.is_empty());
        if secret.is_none() {
            // Never the text itself, whatever it is.
            reader.refuse(node.place, "expected a secret text that is not empty");
        }
        secret.map(Self::new)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "secret", pattern: None }
    }
}

/// A secret that goes into a header: of visible ASCII alone.
pub(crate) struct VisibleSecret;

impl Written for VisibleSecret {
    type Value = Secret;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Secret> {
        let secret = Secret::read(node, reader)?;
        if !is_visible_ascii(secret.expose()) {
            reader.refuse(node.place, "a key or token is of visible ASCII without spaces");
            return None;
        }
        Some(secret)
    }

    fn shape() -> Shape {
        Secret::shape()
    }
}

/// The path of a file, relative to the working directory. It is kept, not opened.
pub(crate) struct FilePath;

impl Written for FilePath {
    type Value = PathBuf;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<PathBuf> {
        let fits = |text: &str| !text.is_empty() && !text.contains('\0');
        scalar(node, reader, "the path of a file", |text| fits(text).then(|| PathBuf::from(text)))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "file path", pattern: None }
    }
}

impl Written for bool {
    type Value = Self;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        scalar(node, reader, "`true` or `false`", |text| text.parse().ok())
    }

    fn shape() -> Shape {
        Shape::Boolean
    }

    fn show(value: &Self) -> Option<Json> {
        Some((*value).into())
    }
}

/// A duration of at least `MIN` milliseconds.
pub(crate) struct Span<const MIN: u64 = 1>;

impl<const MIN: u64> Written for Span<MIN> {
    type Value = Duration;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Duration> {
        let span =
            scalar(node, reader, "a duration such as `250ms`, `10s`, `5m` or `1h`", |text| {
                units::parse_duration(text).ok()
            })?;
        if span < Duration::from_millis(MIN) {
            reader.refuse(node.place, format!("must be at least {MIN}ms"));
            return None;
        }
        if span > SPAN_MAX {
            reader.refuse(node.place, "must be at most 8760h, a year");
            return None;
        }
        Some(span)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "duration", pattern: Some("^[0-9]+(ms|s|m|h)$") }
    }

    fn show(value: &Duration) -> Option<Json> {
        let millis = u64::try_from(value.as_millis()).ok()?;
        let units = [(3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
        let exact = |(unit, _): &&(u64, &str)| millis >= *unit && millis % unit == 0;
        let (unit, word) = units.iter().find(exact).unwrap_or(&(1_000, "s"));
        Some(format!("{}{word}", millis / unit).into())
    }
}

/// A time in whole days, from `MIN` to `MAX` of them.
pub(crate) struct Days<const MIN: u64, const MAX: u64>;

/// The seconds of a day.
const DAY_SECONDS: u64 = 24 * 3600;

impl<const MIN: u64, const MAX: u64> Written for Days<MIN, MAX> {
    type Value = Duration;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Duration> {
        let days = scalar(node, reader, "a time in days such as `400d`", |text| {
            super::number::digits::<u64>(text.strip_suffix('d')?)
        })?;
        if !(MIN..=MAX).contains(&days) {
            reader.refuse(node.place, format!("must be from {MIN}d to {MAX}d"));
            return None;
        }
        Some(Duration::from_secs(days * DAY_SECONDS))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "days", pattern: Some("^[0-9]+d$") }
    }

    fn show(value: &Duration) -> Option<Json> {
        Some(format!("{}d", value.as_secs() / DAY_SECONDS).into())
    }
}

/// A moment of the calendar as RFC 3339 has it, `2026-12-31T23:59:59Z`, or a day, which means its
/// first moment in UTC; from 1970 on.
pub(crate) struct Time;

impl Written for Time {
    type Value = SystemTime;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<SystemTime> {
        let expected = "a time such as `2026-12-31T23:59:59Z`, or a day such as `2026-12-31`";
        scalar(node, reader, expected, |text| {
            const DAY: usize = "2026-12-31".len();
            let timestamp: Timestamp = match text.len() {
                DAY => format!("{text}T00:00:00Z").parse().ok()?,
                _ => text.parse().ok()?,
            };
            let micros = u64::try_from(timestamp.as_microsecond()).ok()?;
            Some(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
        })
    }

    fn shape() -> Shape {
        Shape::Text { kind: "time", pattern: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$") }
    }
}

/// A size in bytes, kept as `T`, from `MIN` to `MAX` bytes.
pub(crate) struct Size<T, const MIN: u64 = 0, const MAX: u64 = { u64::MAX }>(PhantomData<T>);

impl<T, const MIN: u64, const MAX: u64> Written for Size<T, MIN, MAX>
where
    T: TryFrom<u64> + TryInto<u64> + Copy,
{
    type Value = T;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<T> {
        let expected = "a size such as `512B`, `64KiB`, `10MiB` or `1GiB`";
        let bytes = scalar(node, reader, expected, |text| units::parse_byte_count(text).ok())?;
        let kept = T::try_from(bytes).ok().filter(|_| (MIN..=MAX).contains(&bytes));
        if kept.is_none() {
            let message = match bytes {
                _ if bytes < MIN => format!("must be at least {}", units::byte_count_text(MIN)),
                _ if bytes > MAX => format!("must be at most {}", units::byte_count_text(MAX)),
                _ => String::from("is too large"),
            };
            reader.refuse(node.place, message);
        }
        kept
    }

    fn shape() -> Shape {
        Shape::Text { kind: "size", pattern: Some("^[0-9]+(B|KiB|MiB|GiB)$") }
    }

    fn show(value: &T) -> Option<Json> {
        (*value).try_into().ok().map(|bytes| units::byte_count_text(bytes).into())
    }
}

impl Written for Rate {
    type Value = Self;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let expected = "a rate such as `100/s`, `5000/m` or `10000/h`";
        scalar(node, reader, expected, |text| units::parse_rate(text).ok())
    }

    fn shape() -> Shape {
        Shape::Text { kind: "rate", pattern: Some("^[0-9]+/(s|m|h|d)$") }
    }
}

/// An amount of money, `12.50 USD`, kept as nano-USD.
pub(crate) struct Money;

impl Written for Money {
    type Value = u64;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<u64> {
        let expected = "an amount such as `50 USD` or `12.50 USD`";
        scalar(node, reader, expected, |text| units::parse_nano_usd(text).ok())
    }

    fn shape() -> Shape {
        Shape::Text { kind: "amount", pattern: Some(r"^[0-9]+(\.[0-9]{1,9})? USD$") }
    }
}

//! A number as it was written: never turned to a float, so that nothing is rounded on the way.

use std::borrow::Cow;

/// The text of a JSON number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number<'a>(Cow<'a, str>);

impl<'a> Number<'a> {
    /// The number that the text is, or nothing where it is none by JSON's grammar.
    #[must_use]
    pub fn new(text: impl Into<Cow<'a, str>>) -> Option<Self> {
        let text = text.into();
        is_number(text.as_bytes()).then_some(Self(text))
    }

    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value where it is a whole number from 0 to 2⁶⁴-1, written without point or exponent.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// Whether those who read numbers as floats have one for it: `1e400` is none. Nothing is made of
    /// the float.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.0.parse().is_ok_and(f64::is_finite)
    }

    /// The same number with its own text.
    #[must_use]
    pub fn into_owned(self) -> Number<'static> {
        Number(Cow::Owned(self.0.into_owned()))
    }
}

impl From<u64> for Number<'static> {
    fn from(value: u64) -> Self {
        Self(Cow::Owned(value.to_string()))
    }
}

/// Whether the bytes are a number by JSON's grammar.
#[must_use]
pub fn is_number(bytes: &[u8]) -> bool {
    let rest = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let rest = match rest {
        [b'0', rest @ ..] => rest,
        [b'1'..=b'9', ..] => after_digits(rest),
        _ => return false,
    };
    let rest = match rest {
        [b'.', b'0'..=b'9', ..] => after_digits(&rest[1..]),
        _ => rest,
    };
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', digits @ ..] | [b'e' | b'E', digits @ ..] => {
            !digits.is_empty() && after_digits(digits).is_empty()
        }
        _ => false,
    }
}

fn after_digits(bytes: &[u8]) -> &[u8] {
    let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    &bytes[count..]
}

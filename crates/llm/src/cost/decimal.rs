//! A price from its decimal text, as an integer.

use std::str::FromStr;

use thiserror::Error;

use crate::json::is_number;

/// Digits behind the point that are kept.
const DIGITS: i64 = 15;

/// A price in femto-USD (10⁻¹⁵ USD), at most 18,446 USD.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Femtos(pub u64);

/// Why a text is no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PriceError {
    /// It is no decimal number.
    #[error("a price must be a decimal number, as 0.15 or 1.5e-7")]
    NoNumber,
    /// It is below zero.
    #[error("a price cannot be below zero")]
    Negative,
    /// It is beyond what can be kept.
    #[error("a price a token cannot be above 18,446 USD")]
    TooLarge,
}

impl FromStr for Femtos {
    type Err = PriceError;

    /// The price in USD that the text says: `0.00000015`, `1.5e-07`, `4.0000000000000003e-07`.
    fn from_str(text: &str) -> Result<Self, PriceError> {
        Self::parse(text, 0)
    }
}

impl Femtos {
    /// The price a token where the text says USD a million tokens.
    ///
    /// # Errors
    /// Where the text is no price.
    pub fn of_million(text: &str) -> Result<Self, PriceError> {
        Self::parse(text, -6)
    }

    fn parse(text: &str, shift: i64) -> Result<Self, PriceError> {
        if !is_number(text.as_bytes()) {
            return Err(PriceError::NoNumber);
        }
        if text.starts_with('-') {
            return Err(PriceError::Negative);
        }
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().map_err(|_| PriceError::NoNumber)?;
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        // The number is `whole part × 10^power` in femto-USD.
        let power = exponent.saturating_add(shift) + DIGITS - part.len() as i64;
        let mut value: u128 = 0;
        let digits = whole.bytes().chain(part.bytes());
        let digits: Vec<u8> = digits.skip_while(|digit| *digit == b'0').collect();
        let kept = usize::try_from((digits.len() as i64).saturating_add(power.min(0))).ok();
        let Some(kept) = kept else { return Ok(Self(0)) };
        if digits.is_empty() {
            return Ok(Self(0));
        }
        let zeros = power.max(0);
        if kept as i64 + zeros > 20 {
            return Err(PriceError::TooLarge);
        }
        for digit in &digits[..kept] {
            value = value * 10 + u128::from(digit - b'0');
        }
        let rounds_up = digits.get(kept).is_some_and(|digit| *digit >= b'5');
        let value = value * 10u128.pow(zeros as u32) + u128::from(rounds_up);
        u64::try_from(value).map(Self).map_err(|_| PriceError::TooLarge)
    }
}

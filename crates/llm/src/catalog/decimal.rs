//! Prices as the text of rows: the shortest decimal that reads back as the same price.

use crate::cost::Femtos;

/// Femto-USD in a USD, as a power of ten.
const DIGITS: usize = 15;

impl Femtos {
    /// The price in USD.
    #[must_use]
    pub fn usd(self) -> String {
        each(self)
    }

    /// The price of a million, in USD.
    #[must_use]
    pub fn usd_a_million(self) -> String {
        million(self)
    }
}

/// USD each.
pub(super) fn each(price: Femtos) -> String {
    decimal(price.0, DIGITS)
}

/// USD a million.
pub(super) fn million(price: Femtos) -> String {
    decimal(price.0, DIGITS - 6)
}

/// A whole number of a decimal place as text.
fn decimal(value: u64, places: usize) -> String {
    let digits = format!("{value:0width$}", width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let part = part.trim_end_matches('0');
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

#[cfg(test)]
mod tests {
    use super::{each, million};
    use crate::cost::Femtos;

    #[test]
    fn prices_read_back_as_they_were() {
        for (femtos, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (150_000_000, "0.15"),
            (2_500_000_000, "2.5"),
            (60_000_000_000, "60"),
            (u64::MAX, "18446744073.709551615"),
        ] {
            assert_eq!(million(Femtos(femtos)), text);
            assert_eq!(Femtos::of_million(text), Ok(Femtos(femtos)));
            assert_eq!(each(Femtos(femtos)).parse(), Ok(Femtos(femtos)));
        }
        assert_eq!(each(Femtos(40_000_000_000_000)), "0.04");
    }
}

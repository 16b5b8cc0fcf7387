//! Numbers that look drawn by chance and are always the same: what is made of a text, and a row of
//! numbers from it. Not for secrets.

/// A number for a text (FNV-1a).
pub(super) fn of_text(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// A row of numbers (SplitMix64).
#[derive(Debug)]
pub(super) struct Draw(u64);

impl Draw {
    /// The row that starts from a number.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next one as a fraction from 0 to below 1.
    pub(super) fn fraction(&mut self) -> f64 {
        fraction(self.next())
    }
}

/// The golden ratio as a fraction of 2⁶⁴: its multiples lie evenly.
pub(super) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A number as a fraction of 2⁶⁴, from 0 to below 1.
pub(super) fn fraction(number: u64) -> f64 {
    // 53 bits are what a float holds exactly.
    (number >> 11) as f64 / (1u64 << 53) as f64
}

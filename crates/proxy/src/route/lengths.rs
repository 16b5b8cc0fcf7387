//! Which lengths texts in a set have, in one word: most lookups that would fail need not be made.

/// The longest length that is told apart; it stands for all beyond as well.
pub(super) const LENGTH_MAX: usize = 63;

/// A set of lengths in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lengths(u64);

impl Lengths {
    pub(super) fn add(&mut self, length: usize) {
        self.0 |= 1 << length.min(LENGTH_MAX);
    }

    /// Whether no text is in the set.
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// `false`: no text in the set is so long.
    pub(super) const fn may_have(self, length: usize) -> bool {
        let length = if length < LENGTH_MAX { length } else { LENGTH_MAX };
        self.0 >> length & 1 == 1
    }

    /// The lengths in the set, the longest first.
    pub(super) fn descending(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let longest = left.checked_ilog2()?;
            left ^= 1 << longest;
            Some(longest as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_apart_up_to_the_last() {
        let mut lengths = Lengths::default();
        for length in [0, 5, 62, 4000] {
            lengths.add(length);
        }
        assert!([0, 5, 62, 63, 64, 9000].iter().all(|length| lengths.may_have(*length)));
        assert!(![1, 4, 6, 61].iter().any(|length| lengths.may_have(*length)));
        assert_eq!(lengths.descending().collect::<Vec<_>>(), [63, 62, 5, 0]);
        assert!(!lengths.is_empty() && Lengths::default().is_empty());
        assert_eq!(Lengths::default().descending().next(), None);
    }
}

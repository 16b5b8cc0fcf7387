//! The revisions of the protocol, and the two eras that they fall into.

/// What parts one revision from another for whoever stands between: whether a session is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// `initialize`, sessions, streams that go on by themselves: up to 2025-11-25.
    Legacy,
    /// Each request says all of it: since 2026-07-28.
    Modern,
}

/// A revision of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    /// The first one, over HTTP and SSE.
    V2024_11_05,
    /// Streamable HTTP; the only one with batches.
    V2025_03_26,
    /// Elicitation, structured output, `MCP-Protocol-Version`.
    V2025_06_18,
    /// Tasks, elicitation by URL, sampling with tools.
    V2025_11_25,
    /// Without sessions.
    V2026_07_28,
}

impl Revision {
    /// All of them, the oldest first.
    pub const ALL: [Self; 5] = [
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];

    /// The newest one that makes sessions.
    pub const NEWEST_LEGACY: Self = Self::V2025_11_25;

    /// What is spoken by who sends no `MCP-Protocol-Version`, by the rules of the later revisions.
    pub const UNSAID: Self = Self::V2025_03_26;

    /// As it is written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The one that is written so.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    /// Its era.
    #[must_use]
    pub const fn era(self) -> Era {
        match self {
            Self::V2026_07_28 => Era::Modern,
            _ => Era::Legacy,
        }
    }

    /// Whether several messages may come in one array.
    #[must_use]
    pub const fn has_batches(self) -> bool {
        matches!(self, Self::V2025_03_26)
    }

    /// What `initialize` is answered with: what it asks for where that is a legacy one that we know,
    /// else the newest legacy one.
    #[must_use]
    pub fn negotiated(asked: &str) -> Self {
        Self::named(asked)
            .filter(|revision| revision.era() == Era::Legacy)
            .unwrap_or(Self::NEWEST_LEGACY)
    }

    /// One byte for it, which is never another's.
    #[must_use]
    pub const fn to_byte(self) -> u8 {
        self as u8
    }

    /// The one of a byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.to_byte() == byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_known_by_name_and_in_order() {
        for revision in Revision::ALL {
            assert_eq!(Revision::named(revision.as_str()), Some(revision));
            assert_eq!(Revision::from_byte(revision.to_byte()), Some(revision));
        }
        assert!(Revision::ALL.is_sorted());
        assert!(Revision::ALL.is_sorted_by_key(|revision| revision.as_str()));
        assert_eq!(Revision::named("2026-7-28"), None);
        assert_eq!(Revision::from_byte(5), None);
    }

    #[test]
    fn initialize_never_agrees_on_a_revision_without_sessions() {
        assert_eq!(Revision::negotiated("2025-06-18"), Revision::V2025_06_18);
        assert_eq!(Revision::negotiated("2026-07-28"), Revision::V2025_11_25);
        assert_eq!(Revision::negotiated("1999-01-01"), Revision::V2025_11_25);
    }
}

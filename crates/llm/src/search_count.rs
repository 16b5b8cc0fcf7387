//! How often the web was searched for an answer, told beside the counts of its tokens: each search
//! as it is done, so that it is known of an answer that nobody waits for, too.

use memchr::memmem;

use crate::dialect::Dialect;

/// Counts the searches that the events of an answer tell.
#[derive(Debug, Clone)]
pub(crate) struct SearchCount {
    dialect: Dialect,
    count: u64,
}

impl SearchCount {
    /// None so far.
    pub(crate) const fn new(dialect: Dialect) -> Self {
        Self { dialect, count: 0 }
    }

    /// Whether something may be there that tells of a search. Its marks cannot stand in a string,
    /// where their quotes would be escaped.
    pub(crate) fn may_be_in(&self, bytes: &[u8]) -> bool {
        // One that cites has searched once, however much it cites.
        let is_known = self.dialect == Dialect::OpenaiChat && self.count > 0;
        let mut marks = self.dialect.search_marks().iter();
        !is_known && marks.any(|mark| memmem::find(bytes, mark.as_bytes()).is_some())
    }

    /// Sees an event.
    pub(crate) fn see(&mut self, data: &str) {
        if self.may_be_in(data.as_bytes()) {
            let told = self.dialect.searches_of_event(data);
            self.count = match self.dialect {
                // Each of its own, as it is done.
                Dialect::OpenaiResponses | Dialect::AnthropicMessages => {
                    self.count.saturating_add(told)
                }
                // All that there were.
                _ => self.count.max(told),
            };
        }
    }

    /// How many there were.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }
}

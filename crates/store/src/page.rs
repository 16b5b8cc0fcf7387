//! Pages of a list, by the key of the last row that was seen, so that rows which come and go in
//! between shift nothing.

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The key after which it begins, as the page before gave it; `None` for the first.
    pub after: Option<String>,
    /// How many rows at most; at least one is given.
    pub size: u32,
}

impl Page {
    /// The first page.
    #[must_use]
    pub const fn first(size: u32) -> Self {
        Self { after: None, size }
    }

    /// One row more than is given, so that it is known whether there is a next page.
    pub(crate) fn limit(&self) -> i64 {
        i64::from(self.size.max(1)) + 1
    }

    /// The key to begin after; every key of text is greater than the empty one.
    pub(crate) fn start(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }

    /// Cuts the row too many off, and says where the next page begins.
    pub(crate) fn cut<T>(
        &self,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let size = usize::try_from(self.size.max(1)).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return (rows, None);
        }
        rows.truncate(size);
        let next = rows.last().map(key);
        (rows, next)
    }
}

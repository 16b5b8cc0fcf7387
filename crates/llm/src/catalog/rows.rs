//! Lines of text in the order of their first words, found by halving.
//!
//! No index is built: a search reads a dozen lines. It knows nothing of what the lines say.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Lines in the order of their first words; comments stand at the top, `#` being less than what
/// names begin with.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    text: Cow<'static, str>,
}

impl PartialEq for Rows {
    /// The same place is the same text: what is embedded is not read, and so not made resident, to
    /// see that it is like itself.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq::<str>(&*self.text, &*other.text) || self.text == other.text
    }
}

impl Eq for Rows {}

impl Rows {
    /// Rows of a text that is in order; tests hold what is embedded to it.
    pub(super) const fn embedded(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text) }
    }

    /// The words behind a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (found, words) = lines(&self.text[self.lower_bound(name)..]).next()?;
        (found == name).then_some(words)
    }

    /// Rows whose names start with something, in order.
    pub(super) fn starting<'r>(
        &'r self,
        start: &str,
    ) -> impl Iterator<Item = (&'r str, &'r str)> + use<'r> {
        let start = start.to_owned();
        lines(&self.text[self.lower_bound(&start)..])
            .take_while(move |(name, _)| name.starts_with(&start))
    }

    /// All rows, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        lines(&self.text)
    }

    /// These rows and others; of two with the same name the other one.
    pub(super) fn with(&self, others: &BTreeMap<&str, String>) -> Self {
        let mut rows: BTreeMap<&str, &str> = self.all().collect();
        rows.extend(others.iter().map(|(name, words)| (*name, words.as_str())));
        let text: String = rows.iter().map(|(name, words)| format!("{name} {words}\n")).collect();
        Self { text: Cow::Owned(text) }
    }

    /// Where the first line begins whose name is not less than this one.
    fn lower_bound(&self, name: &str) -> usize {
        let (mut from, mut to) = (0, self.text.len());
        while from < to {
            let middle = from.midpoint(to);
            let line = line_start(&self.text, middle);
            let end = line_end(&self.text, middle);
            match first_word(&self.text[line..end]).cmp(name) {
                Ordering::Less => from = end,
                Ordering::Equal | Ordering::Greater => to = line,
            }
        }
        from
    }
}

fn line_start(text: &str, at: usize) -> usize {
    memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |end| end + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end + 1)
}

fn first_word(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// Name and words of each line that says something.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' '))
}

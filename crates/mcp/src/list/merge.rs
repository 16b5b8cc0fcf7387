//! Putting lists together.

use architrave_wire::json::Writer;

use super::{Entry, List, ListKind};
use crate::message::Part;
use crate::revision::Era;

/// For whom an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// For who has asked.
    Private,
    /// For everybody.
    Public,
}

impl Scope {
    /// As it is written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }

    /// The one that is written so; what is not known is for who has asked alone.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text == "public" { Self::Public } else { Self::Private }
    }
}

/// For how long, and for whom, an answer may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Freshness {
    /// Milliseconds.
    pub ttl_ms: u64,
    /// For whom.
    pub scope: Scope,
}

impl Freshness {
    /// What holds where nothing is said.
    pub const UNSAID: Self = Self { ttl_ms: 0, scope: Scope::Private };

    /// What holds for both of two answers put together.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        Self { ttl_ms: self.ttl_ms.min(other.ttl_ms), scope: self.scope.min(other.scope) }
    }
}

/// Entries of several servers on their way into one list.
#[derive(Debug)]
pub struct Merge<'t> {
    kind: ListKind,
    entries: Vec<Placed<'t>>,
    freshness: Option<Freshness>,
    is_narrowed: bool,
}

#[derive(Debug)]
struct Placed<'t> {
    /// The place of its server among the others.
    place: usize,
    key: String,
    text: &'t str,
    entry: &'t Entry,
    server: Option<&'t str>,
}

impl<'t> Merge<'t> {
    /// No entries yet.
    #[must_use]
    pub fn new(kind: ListKind) -> Self {
        Self { kind, entries: Vec::new(), freshness: None, is_narrowed: false }
    }

    /// Adds what a server has answered; `place` is its place among the servers, `key` says by which
    /// key clients see an entry, or that this one does not. With a name of the server, URIs in the
    /// entries get its mark.
    pub fn add(
        &mut self,
        place: usize,
        server: Option<&'t str>,
        (list, text): (&'t List, &'t str),
        mut key: impl FnMut(&Entry) -> Option<String>,
    ) {
        let own = list.freshness.unwrap_or(Freshness::UNSAID);
        self.freshness = Some(self.freshness.map_or(own, |before| before.least(own)));
        for entry in &list.entries {
            match key(entry) {
                Some(key) => self.entries.push(Placed { place, key, text, entry, server }),
                None => self.is_narrowed = true,
            }
        }
    }

    /// A server that could not be asked is missing: what is there is not to be kept.
    pub fn misses_server(&mut self) {
        self.freshness = Some(Freshness::UNSAID);
    }

    /// For how long and for whom the list may be kept. One of which somebody does not see all is for
    /// who has asked.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        let freshness = self.freshness.unwrap_or(Freshness::UNSAID);
        let scope = if self.is_narrowed { Scope::Private } else { freshness.scope };
        Freshness { scope, ..freshness }
    }

    /// Appends the entries as an array: server by server, each by its keys, so that the order is the
    /// same whoever was quicker. Of two with one key the first stays.
    pub fn write_entries(&mut self, out: &mut Vec<u8>) {
        self.entries.sort_by(|one, other| (one.place, &one.key).cmp(&(other.place, &other.key)));
        let mut seen = std::collections::HashSet::with_capacity(self.entries.len());
        out.push(b'[');
        let mut is_first = true;
        for placed in &self.entries {
            if !seen.insert(placed.key.as_str()) {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            placed.entry.write(placed.text, &placed.key, placed.server, out);
        }
        out.push(b']');
    }

    /// Appends the answer; `id` is the JSON of the request's id, `next` the cursor where more is to
    /// come.
    pub fn write(&mut self, out: &mut Vec<u8>, id: &str, era: Era, next: Option<&str>) {
        out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
        out.extend_from_slice(id.as_bytes());
        out.extend_from_slice(b",\"result\":{");
        if era == Era::Modern {
            let Freshness { ttl_ms, scope } = self.freshness();
            let head = format!(
                "\"{}\":\"complete\",\"{}\":{ttl_ms},\"{}\":\"{}\",",
                Part::ResultType.name(),
                Part::TtlMs.name(),
                Part::CacheScope.name(),
                scope.as_str()
            );
            out.extend_from_slice(head.as_bytes());
        }
        if let Some(next) = next {
            out.extend_from_slice(b"\"nextCursor\":");
            Writer::new(out).text(next);
            out.push(b',');
        }
        out.extend_from_slice(format!("\"{}\":", self.kind.part().name()).as_bytes());
        self.write_entries(out);
        out.extend_from_slice(b"}}");
    }
}

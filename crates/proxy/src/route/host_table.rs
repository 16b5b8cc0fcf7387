//! The routes of one listener by host: exact ones, wildcards from the longest on, then any; and
//! within a host by path.
//!
//! Laid out flat, in a few arrays that refer to each other by position, and not as maps in maps:
//! among ten thousand routes no request finds those warm that it takes, so what it costs is how
//! many cache lines it must fetch to get there.

mod build;

use std::hash::BuildHasher;
use std::iter::successors;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use crate::route::condition::Conditions;
use crate::route::filing::Kind;
use crate::route::flat_index::FlatIndex;
use crate::route::lengths::{LENGTH_MAX, Lengths};
use crate::route::request_facts::RequestFacts;

pub use build::HostTablesBuilder;

/// The routes of one listener.
#[derive(Debug)]
pub struct HostTables<T> {
    hasher: RandomState,
    sites: Vec<Site>,
    exact: Hosts,
    /// By what stands behind `*.`.
    wildcard: Hosts,
    /// The site that takes any host.
    any: Option<u32>,
    /// Those under one text of a site stand together, the most specific first.
    rules: Vec<Rule<T>>,
    /// The first rule under each text of each site.
    firsts: FlatIndex,
}

/// Positions of sites by host.
#[derive(Debug)]
struct Hosts {
    lengths: Lengths,
    index: FlatIndex,
}

/// The routes of one host.
#[derive(Debug, Default)]
struct Site {
    host: Text,
    exact: Lengths,
    regex: Lengths,
    prefix: Lengths,
    /// The lengths of prefixes that [`Lengths`] does not tell apart, each once, the longest first.
    long_prefix: Box<[usize]>,
}

impl Site {
    /// The beginnings of `path` that a prefix may stand under, the longest first: as many as the
    /// site has lengths, however long the path is and however many slashes are in it.
    fn beginnings<'p>(&self, path: &'p str) -> impl Iterator<Item = &'p str> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let ends_segment = |length: usize| matches!(path.as_bytes().get(length), None | Some(b'/'));
        let long = self.long_prefix.iter().filter(move |length| ends_segment(**length));
        let long = long.filter_map(|length| path.get(..*length));
        let short = successors(within(path, LENGTH_MAX - 1), |rest| before_last_slash(rest));
        long.chain(short.filter(|rest| self.prefix.may_have(rest.len())))
    }
}

/// `path`, or its longest beginning before a slash that has no more than `length_max` bytes.
fn within(path: &str, length_max: usize) -> Option<&str> {
    match path.as_bytes().get(..=length_max) {
        None => Some(path),
        Some(start) => path.get(..start.iter().rposition(|byte| *byte == b'/')?),
    }
}

fn before_last_slash(path: &str) -> Option<&str> {
    path.get(..path.rfind('/')?)
}

/// One way to fit a route. It holds all that a lookup compares and what it leads to, side by side.
#[derive(Debug)]
#[repr(C, align(64))]
struct Rule<T> {
    site: u32,
    /// How many rules stand under the same text from here on.
    count: u32,
    path: Text,
    kind: Kind,
    /// `None`: host and path are all that it asks for.
    conditions: Option<Box<Conditions>>,
    target: T,
}

/// Short ones stand in place.
type Text = SmallVec<[u8; 23]>;

impl<T> HostTables<T> {
    /// The target of the most specific match.
    #[must_use]
    pub fn find(&self, request: &RequestFacts<'_>) -> Option<&T> {
        let host = request.host();
        let of_site = |site| self.find_within(site, request);
        if let Some(found) = self.site(&self.exact, host).and_then(of_site) {
            return Some(found);
        }
        let mut rest = if self.wildcard.lengths.is_empty() { "" } else { host };
        while let Some((_label, suffix)) = rest.split_once('.') {
            if let Some(found) = self.site(&self.wildcard, suffix).and_then(of_site) {
                return Some(found);
            }
            rest = suffix;
        }
        self.any.and_then(of_site)
    }

    fn site(&self, hosts: &Hosts, host: &str) -> Option<u32> {
        if !hosts.lengths.may_have(host.len()) {
            return None;
        }
        let is_it = |site: u32| *self.sites[site as usize].host == *host.as_bytes();
        hosts.index.find(host_hash(&self.hasher, host), is_it)
    }

    /// The target of the first rule that holds, in the order exact, regex (the longest beginning
    /// first), prefix (the longest first).
    fn find_within(&self, position: u32, request: &RequestFacts<'_>) -> Option<&T> {
        let (site, path) = (&self.sites[position as usize], request.path());
        let first = |kind, text| self.first_that_holds(position, kind, text, request);
        if site.exact.may_have(path.len())
            && let Some(found) = first(Kind::Exact, path)
        {
            return Some(found);
        }
        for length in site.regex.descending() {
            if let Some(found) = path.get(..length).and_then(|start| first(Kind::Regex, start)) {
                return Some(found);
            }
        }
        site.beginnings(path).find_map(|start| first(Kind::Prefix, start))
    }

    fn first_that_holds(
        &self,
        site: u32,
        kind: Kind,
        text: &str,
        request: &RequestFacts<'_>,
    ) -> Option<&T> {
        let is_it = |position: u32| {
            let rule = &self.rules[position as usize];
            rule.site == site && rule.kind == kind && *rule.path == *text.as_bytes()
        };
        let first = self.firsts.find(path_hash(&self.hasher, site, kind, text), is_it)? as usize;
        let count = self.rules[first].count as usize;
        let holds = |rule: &&Rule<T>| rule.conditions.as_ref().is_none_or(|all| all.hold(request));
        self.rules[first..first + count].iter().find(holds).map(|rule| &rule.target)
    }
}

fn host_hash(hasher: &RandomState, host: &str) -> u64 {
    hasher.hash_one(host)
}

fn path_hash(hasher: &RandomState, site: u32, kind: Kind, text: &str) -> u64 {
    hasher.hash_one((site, kind, text))
}

#[cfg(test)]
mod tests;

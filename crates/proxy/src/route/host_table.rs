//! The routes of one listener by host: exact ones, wildcards from the longest on, then any.

use std::collections::HashMap;
use std::sync::Arc;

use architrave_config::{HostPattern, RouteMatch};
use foldhash::fast::RandomState;

use crate::route::condition::{Conditions, Rank};
use crate::route::path_index::PathIndex;
use crate::route::request_facts::RequestFacts;

/// The routes of one listener.
#[derive(Debug)]
pub struct HostTables<T> {
    exact: HashMap<Box<str>, Table<T>, RandomState>,
    /// By what stands behind `*.`.
    wildcard: HashMap<Box<str>, Table<T>, RandomState>,
    any: Table<T>,
}

#[derive(Debug)]
struct Table<T> {
    entries: Vec<Entry<T>>,
    paths: PathIndex,
}

#[derive(Debug)]
struct Entry<T> {
    conditions: Conditions,
    target: Arc<T>,
}

/// Gathers routes; they are ordered when the tables are built.
#[derive(Debug)]
pub struct HostTablesBuilder<T> {
    rows: HashMap<Option<HostPattern>, Vec<Row<T>>, RandomState>,
    count: usize,
}

#[derive(Debug)]
struct Row<T> {
    rank: Rank,
    wanted: RouteMatch,
    target: Arc<T>,
}

impl<T> Default for HostTablesBuilder<T> {
    fn default() -> Self {
        Self { rows: HashMap::default(), count: 0 }
    }
}

impl<T> HostTablesBuilder<T> {
    /// Adds a route, in the order of the file.
    pub fn add(&mut self, hosts: &[HostPattern], matches: &[RouteMatch], target: &Arc<T>) {
        for wanted in matches {
            let position = self.count;
            self.count += 1;
            let rank = Conditions::new(wanted).rank(position);
            let row = || Row { rank, wanted: wanted.clone(), target: Arc::clone(target) };
            if hosts.is_empty() {
                self.rows.entry(None).or_default().push(row());
            }
            for host in hosts {
                self.rows.entry(Some(host.clone())).or_default().push(row());
            }
        }
    }

    /// Orders what was added.
    #[must_use]
    pub fn build(self) -> HostTables<T> {
        let mut tables = HostTables {
            exact: HashMap::default(),
            wildcard: HashMap::default(),
            any: Table::new(Vec::new()),
        };
        for (host, rows) in self.rows {
            let table = Table::new(rows);
            match host {
                None => tables.any = table,
                Some(HostPattern::Exact(host)) => {
                    tables.exact.insert(host.into(), table);
                }
                Some(HostPattern::Wildcard(suffix)) => {
                    tables.wildcard.insert(suffix.into(), table);
                }
            }
        }
        tables
    }
}

impl<T> HostTables<T> {
    /// The target of the most specific match.
    #[must_use]
    pub fn find(&self, request: &RequestFacts<'_>) -> Option<&Arc<T>> {
        let host = request.host();
        if let Some(found) = self.exact.get(host).and_then(|table| table.find(request)) {
            return Some(found);
        }
        let mut rest = if self.wildcard.is_empty() { "" } else { host };
        while let Some((_label, suffix)) = rest.split_once('.') {
            if let Some(found) = self.wildcard.get(suffix).and_then(|table| table.find(request)) {
                return Some(found);
            }
            rest = suffix;
        }
        self.any.find(request)
    }
}

impl<T> Table<T> {
    fn new(mut rows: Vec<Row<T>>) -> Self {
        rows.sort_by_key(|row| std::cmp::Reverse(row.rank));
        let mut table =
            Self { entries: Vec::with_capacity(rows.len()), paths: PathIndex::default() };
        for row in rows {
            let position = u32::try_from(table.entries.len()).expect("far fewer than 2^32 routes");
            table.paths.insert(&row.wanted.path, position);
            let conditions = Conditions::new(&row.wanted);
            table.entries.push(Entry { conditions, target: row.target });
        }
        table
    }

    fn find(&self, request: &RequestFacts<'_>) -> Option<&Arc<T>> {
        let entry = |position: u32| &self.entries[position as usize];
        let accepts = |position| entry(position).conditions.hold(request);
        self.paths.find(request.path(), accepts).map(|position| &entry(position).target)
    }
}

#[cfg(test)]
mod tests;

//! Gathers routes and lays them out. What costs time is done here, once per configuration.

use std::cmp::Reverse;
use std::collections::HashMap;

use architrave_config::{HostPattern, RouteMatch};
use foldhash::fast::RandomState;

use super::{HostTables, Hosts, Rule, Site, Text, host_hash, path_hash};
use crate::route::condition::{Conditions, Rank};
use crate::route::filing::{Filing, Kind};
use crate::route::flat_index::FlatIndex;
use crate::route::lengths::{LENGTH_MAX, Lengths};

/// Gathers routes; they are ordered when the tables are built.
#[derive(Debug)]
pub struct HostTablesBuilder<T> {
    sites: HashMap<Option<HostPattern>, u32, RandomState>,
    rows: Vec<Row<T>>,
}

#[derive(Debug)]
struct Row<T> {
    site: u32,
    filing: Filing,
    rank: Rank,
    conditions: Option<Box<Conditions>>,
    target: T,
}

impl<T> Default for HostTablesBuilder<T> {
    fn default() -> Self {
        Self { sites: HashMap::default(), rows: Vec::new() }
    }
}

impl<T: Clone> HostTablesBuilder<T> {
    /// Adds a route, in the order of the file.
    pub fn add(&mut self, hosts: &[HostPattern], matches: &[RouteMatch], target: &T) {
        for wanted in matches {
            if hosts.is_empty() {
                self.add_row(None, wanted, target);
            }
            for host in hosts {
                self.add_row(Some(host.clone()), wanted, target);
            }
        }
    }

    fn add_row(&mut self, host: Option<HostPattern>, wanted: &RouteMatch, target: &T) {
        let site_count = position(self.sites.len());
        let conditions = Conditions::new(wanted);
        self.rows.push(Row {
            site: *self.sites.entry(host).or_insert(site_count),
            filing: Filing::of(&wanted.path),
            rank: conditions.rank(self.rows.len()),
            conditions: (!conditions.is_empty()).then(|| Box::new(conditions)),
            target: target.clone(),
        });
    }

    /// Orders what was added.
    #[must_use]
    pub fn build(self) -> HostTables<T> {
        let hasher = RandomState::default();
        let mut sites: Vec<Site> = Vec::new();
        sites.resize_with(self.sites.len(), Site::default);
        let [exact, wildcard] = lay_out_hosts(&self.sites, &mut sites, &hasher);
        let (rules, firsts) = lay_out_rules(self.rows, &mut sites, &hasher);
        let any = self.sites.get(&None).copied();
        HostTables { hasher, sites, exact, wildcard, any, rules, firsts }
    }
}

/// Writes hosts to their sites; returns where the exact ones and the wildcards are.
fn lay_out_hosts(
    hosts: &HashMap<Option<HostPattern>, u32, RandomState>,
    sites: &mut [Site],
    hasher: &RandomState,
) -> [Hosts; 2] {
    let (mut exact, mut wildcard) = (Vec::new(), Vec::new());
    for (pattern, site) in hosts {
        let (host, of_its_kind) = match pattern {
            None => continue,
            Some(HostPattern::Exact(host)) => (host, &mut exact),
            Some(HostPattern::Wildcard(suffix)) => (suffix, &mut wildcard),
        };
        of_its_kind.push((host_hash(hasher, host), *site));
        sites[*site as usize].host = Text::from_slice(host.as_bytes());
    }
    [exact, wildcard].map(|positions| {
        let mut lengths = Lengths::default();
        for (_hash, site) in &positions {
            lengths.add(sites[*site as usize].host.len());
        }
        Hosts { lengths, index: FlatIndex::new(&positions) }
    })
}

/// Writes the lengths of paths to their sites; returns the rules and where they are.
fn lay_out_rules<T>(
    mut rows: Vec<Row<T>>,
    sites: &mut [Site],
    hasher: &RandomState,
) -> (Vec<Rule<T>>, FlatIndex) {
    rows.sort_by(|a, b| {
        (a.site, &a.filing, Reverse(a.rank)).cmp(&(b.site, &b.filing, Reverse(b.rank)))
    });
    let mut long = vec![Vec::new(); sites.len()];
    let mut firsts = Vec::new();
    let mut counts = Vec::with_capacity(rows.len());
    for group in rows.chunk_by(|a, b| a.place() == b.place()) {
        let (site, kind, text) = group[0].place();
        if kind == Kind::Prefix && text.len() >= LENGTH_MAX {
            long[site as usize].push(text.len());
        } else {
            sites[site as usize].add(kind, text);
        }
        firsts.push((path_hash(hasher, site, kind, text), position(counts.len())));
        counts.extend((1..=group.len()).rev().map(position));
    }
    for (site, mut lengths) in sites.iter_mut().zip(long) {
        lengths.sort_unstable_by_key(|length| Reverse(*length));
        lengths.dedup();
        site.long_prefix = lengths.into();
    }
    let rule = |(row, count): (Row<T>, u32)| Rule {
        site: row.site,
        count,
        path: Text::from_slice(row.filing.text.as_bytes()),
        kind: row.filing.kind,
        conditions: row.conditions,
        target: row.target,
    };
    (rows.into_iter().zip(counts).map(rule).collect(), FlatIndex::new(&firsts))
}

impl<T> Row<T> {
    fn place(&self) -> (u32, Kind, &str) {
        (self.site, self.filing.kind, &self.filing.text)
    }
}

impl Site {
    fn add(&mut self, kind: Kind, text: &str) {
        let lengths = match kind {
            Kind::Exact => &mut self.exact,
            Kind::Regex => &mut self.regex,
            Kind::Prefix => &mut self.prefix,
        };
        lengths.add(text.len());
    }
}

fn position(count: usize) -> u32 {
    u32::try_from(count).expect("a file holds far fewer routes than 2^32")
}

//! A service of MCP servers put to work: which servers stand at which path, and whose is a name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use architrave_config::{McpNaming, McpService};
use architrave_mcp::list::ListKind;
use architrave_mcp::name::{self, Plain};
use architrave_mcp::uri;
use architrave_policy::RateLimiters;

use super::server::place_of;
use super::{Access, LiveMcpServer};

/// A service of MCP servers put to work.
#[derive(Debug)]
pub struct LiveMcpService {
    /// What was written.
    pub config: McpService,
    /// Its servers, the one whose names win first.
    pub(crate) servers: Vec<Arc<LiveMcpServer>>,
    /// Who may do what; nothing where everybody may do everything.
    pub(crate) access: Option<Access>,
    /// Where names stay as they are: who has which, by kind.
    plain: [ArcSwap<Table>; ListKind::ALL.len()],
}

/// Which server has what clients know by a key, and what that server calls it.
type Owners = HashMap<Box<str>, (usize, Box<str>)>;

/// What a server has, by its keys.
type Keys = Arc<Vec<Box<str>>>;

/// Who has which key of a kind, and from what that was made.
#[derive(Debug, Default)]
struct Table {
    from: Vec<Keys>,
    owners: Owners,
}

/// What a request is for, by its path.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reached {
    /// The server at this place, whose names stay as they are.
    One(usize),
    /// Several as one.
    All,
}

impl LiveMcpService {
    /// Puts a service to work.
    pub(crate) fn new(
        config: &McpService,
        name: &str,
        servers: &[Arc<LiveMcpServer>],
        limiters: &RateLimiters,
    ) -> Self {
        let own = config.servers.iter().map(|index| Arc::clone(&servers[index.get()]));
        let service = Self {
            config: config.clone(),
            servers: own.collect(),
            access: Access::new(config, name, limiters),
            plain: Default::default(),
        };
        // Of servers that are known from before, names are known as well.
        ListKind::ALL.into_iter().for_each(|kind| service.settle(kind));
        service
    }

    /// What is at a path below the route; nothing where there is nothing.
    pub(crate) fn at(&self, path: &str) -> Option<Reached> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        match (self.config.naming, path, &self.servers[..]) {
            (McpNaming::Scoped, "", _) => None,
            (McpNaming::Scoped, name, _) => self.place(name).map(Reached::One),
            (McpNaming::Plain, "", [_]) => Some(Reached::One(0)),
            (_, "", _) => Some(Reached::All),
            _ => None,
        }
    }

    /// The place of a server of that name.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.servers.iter().position(|server| server.name() == name)
    }

    /// Whether names stay as they are, of several servers as one: then whose a name is depends on what
    /// all of them have.
    pub(crate) fn is_plain(&self) -> bool {
        self.config.naming == McpNaming::Plain
    }

    /// Whether URIs get a mark of their server.
    pub(crate) fn has_marks(&self) -> bool {
        self.config.naming == McpNaming::Prefix
    }

    /// Who has what clients know by a key, and what it is called there; nothing where that is not
    /// known.
    pub(crate) fn owner<'k>(&self, kind: ListKind, key: &'k str) -> Option<(usize, Cow<'k, str>)> {
        let is_uri = matches!(kind, ListKind::Resources | ListKind::ResourceTemplates);
        match self.config.naming {
            McpNaming::Prefix | McpNaming::Scoped if is_uri => {
                let (server, own) = uri::split(key)?;
                Some((self.place(server)?, Cow::Owned(own)))
            }
            McpNaming::Prefix | McpNaming::Scoped => {
                let (server, own) = name::split(key)?;
                Some((self.place(server)?, Cow::Borrowed(own)))
            }
            McpNaming::Plain => {
                let table = self.plain[place_of(kind)].load();
                if let Some((place, own)) = table.owners.get(key) {
                    return Some((*place, Cow::Owned(own.to_string())));
                }
                if kind != ListKind::Resources {
                    return None;
                }
                // What is in no list may be what a template expands to.
                let has = |server: &Arc<LiveMcpServer>| {
                    let templates = server.list(ListKind::ResourceTemplates).keys();
                    templates.iter().any(|template| uri::fits(template, key))
                };
                Some((self.servers.iter().position(has)?, Cow::Borrowed(key)))
            }
        }
    }

    /// What clients know by which key that a server calls so; nothing where they do not see it.
    pub(crate) fn public(&self, kind: ListKind, place: usize, own: &str) -> Option<String> {
        let is_uri = matches!(kind, ListKind::Resources | ListKind::ResourceTemplates);
        let server = self.servers[place].name();
        match self.config.naming {
            McpNaming::Prefix | McpNaming::Scoped if is_uri => Some(uri::public(server, own)),
            McpNaming::Prefix | McpNaming::Scoped => Some(name::prefixed(server, own)),
            McpNaming::Plain => {
                let table = self.plain[place_of(kind)].load();
                let is_own = |key: &str| {
                    table.owners.get(key).is_some_and(|(at, it)| (*at, &**it) == (place, own))
                };
                if is_own(own) {
                    return Some(own.to_owned());
                }
                let long = name::prefixed(server, own);
                is_own(&long).then_some(long)
            }
        }
    }

    /// Says anew who has which key of a kind, by all that is known of all servers.
    pub(crate) fn settle(&self, kind: ListKind) {
        if !self.is_plain() {
            return;
        }
        let table = &self.plain[place_of(kind)];
        // Until it is made from what is known now: other workers, and other services of the same
        // servers, may have learned more meanwhile.
        loop {
            let from = self.keys(kind);
            let known = table.load();
            let is_current = known.from.len() == from.len()
                && known.from.iter().zip(&from).all(|(known, now)| Arc::ptr_eq(known, now));
            if is_current {
                return;
            }
            let owners = self.owners(kind, &from);
            table.store(Arc::new(Table { from, owners }));
        }
    }

    fn keys(&self, kind: ListKind) -> Vec<Keys> {
        self.servers.iter().map(|server| server.list(kind).keys()).collect()
    }

    fn owners(&self, kind: ListKind, keys: &[Keys]) -> Owners {
        let of_servers: Vec<(&str, Vec<&str>)> = (self.servers.iter().zip(keys))
            .map(|(server, keys)| (server.name(), keys.iter().map(|key| &**key).collect()))
            .collect();
        let mut owners = Owners::new();
        let is_uri = matches!(kind, ListKind::Resources | ListKind::ResourceTemplates);
        if is_uri {
            for (place, (_, keys)) in of_servers.iter().enumerate() {
                for key in keys {
                    owners.entry((*key).into()).or_insert_with(|| (place, (*key).into()));
                }
            }
        } else {
            for (place, became) in name::plain(&of_servers).into_iter().enumerate() {
                for (own, became) in of_servers[place].1.iter().zip(became) {
                    let public = match became {
                        Plain::Kept => (*own).to_owned(),
                        Plain::Prefixed(long) => long,
                        Plain::Hidden => continue,
                    };
                    owners.insert(public.into(), (place, (*own).into()));
                }
            }
        }
        owners
    }
}

//! Names of tools and prompts of several servers as those of one.
//!
//! A server's name has no underscore, so the first two of them end it: whatever a tool is called,
//! the two names come apart again where they were put together.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What parts a server's name from a tool's.
pub const SEPARATOR: &str = "__";

/// Many clients and models take no longer names.
pub const NAME_CHARS_LIKED: usize = 64;

/// The name by which clients know what a server calls `name`.
#[must_use]
pub fn prefixed(server: &str, name: &str) -> String {
    debug_assert!(is_server(server), "{server}");
    format!("{server}{SEPARATOR}{name}")
}

/// The server, and what it calls a name; none where it has no prefix.
#[must_use]
pub fn split(name: &str) -> Option<(&str, &str)> {
    let (server, own) = name.split_once(SEPARATOR)?;
    is_server(server).then_some((server, own))
}

/// Whether a text can be the name of a server: `[a-z0-9-]{1,63}`.
#[must_use]
pub fn is_server(text: &str) -> bool {
    let is_of_it = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=63).contains(&text.len()) && text.bytes().all(is_of_it)
}

/// What becomes of a name where servers' names stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    /// It is the first one of that name, and keeps it.
    Kept,
    /// Another server's is called so, and it gets its server's name in front.
    Prefixed(String),
    /// With that it would be called as another one is: it cannot be reached.
    Hidden,
}

/// What becomes of the names of several servers, in the order of the servers, when they stay as they
/// are. All that is known of a server counts, whether it answers at the moment or not: else a call
/// would go to another server's tool of that name when one is down.
#[must_use]
pub fn plain<'n>(servers: &[(&str, Vec<&'n str>)]) -> Vec<Vec<Plain>> {
    let mut owners: HashMap<&'n str, usize> = HashMap::new();
    for (index, (_, names)) in servers.iter().enumerate() {
        for name in names {
            owners.entry(name).or_insert(index);
        }
    }
    let mut given: HashMap<String, ()> = HashMap::new();
    let mut become_of = |index: usize, server: &str, name: &str| -> Plain {
        if owners.get(name) == Some(&index) {
            return Plain::Kept;
        }
        let long = prefixed(server, name);
        if owners.contains_key(long.as_str()) {
            return Plain::Hidden;
        }
        match given.entry(long.clone()) {
            Entry::Occupied(_) => Plain::Hidden,
            Entry::Vacant(place) => {
                place.insert(());
                Plain::Prefixed(long)
            }
        }
    };
    let of_server = |(index, (server, names)): (usize, &(&str, Vec<&'n str>))| {
        names.iter().map(|name| become_of(index, server, name)).collect()
    };
    servers.iter().enumerate().map(of_server).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_prefix_ends_at_the_first_two_underscores() {
        assert_eq!(prefixed("orders", "_get__x"), "orders___get__x");
        assert_eq!(split("orders___get__x"), Some(("orders", "_get__x")));
        for name in ["get", "__get", "Orders__get", "a_b__c", "get_x"] {
            assert_eq!(split(name), None, "{name}");
        }
        assert_eq!(split("a__"), Some(("a", "")));
    }

    #[test]
    fn the_first_server_keeps_a_name_and_no_two_are_called_alike() {
        let servers = [("a", vec!["x", "b__x", "y"]), ("b", vec!["x", "z"]), ("c", vec!["x"])];
        assert_eq!(
            plain(&servers),
            [
                vec![Plain::Kept, Plain::Kept, Plain::Kept],
                vec![Plain::Hidden, Plain::Kept],
                vec![Plain::Prefixed("c__x".to_owned())],
            ]
        );
    }

    proptest! {
        #[test]
        fn what_is_put_together_comes_apart(server in "[a-z0-9-]{1,12}", name in "[a-z_]{0,12}") {
            let long = prefixed(&server, &name);
            prop_assert_eq!(split(&long), Some((server.as_str(), name.as_str())));
        }

        #[test]
        fn nobody_is_called_as_another(
            names in prop::collection::vec(prop::collection::btree_set("[ab](__[ab]){0,2}", 0..5), 1..4),
        ) {
            let servers: Vec<(&str, Vec<&str>)> = ["a", "b", "c", "d"]
                .into_iter()
                .zip(names.iter().map(|names| names.iter().map(String::as_str).collect()))
                .collect();
            let mut seen = HashSet::new();
            for ((_, names), become_of) in servers.iter().zip(plain(&servers)) {
                for (name, became) in names.iter().zip(become_of) {
                    match became {
                        Plain::Kept => prop_assert!(seen.insert((*name).to_owned())),
                        Plain::Prefixed(name) => prop_assert!(seen.insert(name)),
                        Plain::Hidden => {}
                    }
                }
            }
        }
    }
}

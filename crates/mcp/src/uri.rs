//! URIs and templates of several servers' resources as those of one.
//!
//! `file:///a` of the server `docs` is `mcp.docs+file:///a` to clients, a URI with a scheme of its
//! own. Hosts of MCP Apps look for `ui://` at the beginning, so there the mark stands behind it:
//! `ui://mcp.docs+chart/a`. A template with the mark expands to a URI with the mark.

use crate::name::is_server;

const MARK: &str = "mcp.";
const END: char = '+';
const UI: &str = "ui://";

/// The URI, or the template, by which clients know a server's.
#[must_use]
pub fn public(server: &str, uri: &str) -> String {
    debug_assert!(is_server(server), "{server}");
    match uri.strip_prefix(UI) {
        Some(rest) => format!("{UI}{MARK}{server}{END}{rest}"),
        None => format!("{MARK}{server}{END}{uri}"),
    }
}

/// The server, and the URI as it knows it; none where no mark is on it.
#[must_use]
pub fn split(uri: &str) -> Option<(&str, String)> {
    let marked = |text: &'_ str| -> Option<(usize, usize)> {
        let rest = text.strip_prefix(MARK)?;
        let end = rest.find(END)?;
        is_server(&rest[..end]).then_some((MARK.len(), MARK.len() + end))
    };
    if let Some(rest) = uri.strip_prefix(UI) {
        let (from, to) = marked(rest)?;
        return Some((&rest[from..to], format!("{UI}{}", &rest[to + 1..])));
    }
    let (from, to) = marked(uri)?;
    let own = &uri[to + 1..];
    // It would have its mark elsewhere: no resource has two URIs.
    (!own.starts_with(UI)).then(|| (&uri[from..to], own.to_owned()))
}

/// Whether a URI may be one that a template expands to: what stands in it around its expressions is
/// there, in order. Which server has a resource is asked so where URIs stay as they are.
#[must_use]
pub fn fits(template: &str, uri: &str) -> bool {
    let mut rest = uri;
    let mut is_first = true;
    let mut literals = Literals(Some(template));
    while let Some((literal, is_last)) = literals.next_literal() {
        let found = match (is_first, is_last) {
            (true, true) => return uri == literal,
            (true, false) => rest.starts_with(literal).then_some(0),
            (false, true) => return rest.ends_with(literal),
            (false, false) => rest.find(literal),
        };
        let Some(at) = found else { return false };
        rest = &rest[at + literal.len()..];
        is_first = false;
    }
    true
}

/// What stands around the expressions of a template, one after the other.
struct Literals<'t>(Option<&'t str>);

impl<'t> Literals<'t> {
    /// The next one, and whether it is the last.
    fn next_literal(&mut self) -> Option<(&'t str, bool)> {
        let rest = self.0.take()?;
        let expression =
            rest.find('{').and_then(|open| Some((open, rest[open..].find('}')? + open)));
        match expression {
            Some((open, close)) => {
                self.0 = Some(&rest[close + 1..]);
                Some((&rest[..open], false))
            }
            None => Some((rest, true)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn uris_keep_what_hosts_look_for() {
        for (uri, marked) in [
            ("file:///a?b#c", "mcp.docs+file:///a?b#c"),
            ("ui://chart/a", "ui://mcp.docs+chart/a"),
            ("{+uri}", "mcp.docs+{+uri}"),
            ("mcp.docs+x:y", "mcp.docs+mcp.docs+x:y"),
        ] {
            assert_eq!(public("docs", uri), marked);
            assert_eq!(split(marked), Some(("docs", uri.to_owned())));
        }
        for uri in ["file:///a", "mcp.Docs+a:b", "mcp.docs", "ui://a", "mcp.docs+ui://a", "mcp.+a"]
        {
            assert_eq!(split(uri), None, "{uri}");
        }
    }

    #[test]
    fn a_template_fits_what_it_expands_to() {
        for (template, uri, fit) in [
            ("test://template/{id}/data", "test://template/7/data", true),
            ("test://template/{id}/data", "test://template/7/date", false),
            ("a://{x}/{y}", "a://1/2/3", true),
            ("a://b", "a://b", true),
            ("a://b", "a://bc", false),
            ("{+all}", "anything", true),
            ("a://{x", "a://{x", true),
            ("a{x}a", "a", false),
        ] {
            assert_eq!(fits(template, uri), fit, "{template} {uri}");
        }
    }

    proptest! {
        #[test]
        fn a_mark_is_taken_off_as_it_was_put_on(
            server in "[a-z0-9-]{1,8}",
            uri in "(ui://|mcp\\.a\\+|file:///|)[a-z+.:/{}é]{0,12}",
        ) {
            let marked = public(&server, &uri);
            prop_assert_eq!(split(&marked), Some((server.as_str(), uri)));
        }

        #[test]
        fn a_uri_has_one_owner(uri in "(ui://|)(mcp\\.[ab]\\+){0,2}(ui://|x:)[a-z]{0,3}") {
            if let Some((server, own)) = split(&uri) {
                prop_assert_eq!(public(server, &own), uri);
            }
        }

        #[test]
        fn marked_templates_fit_marked_uris(value in "[a-z0-9]{1,6}") {
            let template = public("s", "t://x/{id}/y");
            let uri = public("s", &format!("t://x/{value}/y"));
            prop_assert!(fits(&template, &uri));
        }
    }
}

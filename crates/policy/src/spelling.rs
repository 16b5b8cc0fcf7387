//! The two crates that know how a path is spelled agree on it: what `config` lets a file say is
//! what `net` makes of requests.
//!
//! Neither may see the other, so each has its own reading of the rules; they meet here, on the
//! first floor that sees both. Where they differed, a route would never match, or could not be
//! written at all.

use architrave_config::{ConfigError, NoSources, PathMatch, load};
use architrave_net::path::canonicalize;
use proptest::prelude::*;

/// What a file with this path says: the path that is matched, or why it was refused.
fn written(path: &str) -> Result<String, ConfigError> {
    let escaped: String =
        path.chars().map(|letter| format!("\\U{:08X}", u32::from(letter))).collect();
    let text = format!(
        "version: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\nroutes: [{{ name: r, \
         match: [{{ path: {{ exact: \"{escaped}\" }} }}], policies: {{ redirect: {{ path: /x }} }} }}]"
    );
    let snapshot = load(&text, "f", &NoSources).map_err(|mut errors| errors.remove(0))?;
    match &snapshot.routes[0].matches[0].path {
        PathMatch::Exact(exact) => Ok(exact.clone()),
        other => panic!("an exact path was written, {other:?} was read"),
    }
}

/// The spelling that requests with this path are given.
fn requested(path: &str) -> Option<String> {
    let mut spelling = String::new();
    canonicalize(path, &mut spelling).ok().map(|()| spelling)
}

fn check(path: &str) {
    match written(path) {
        Ok(taken) => {
            assert_eq!(taken, path, "what is taken is taken as it is");
            assert_eq!(requested(path).as_deref(), Some(path), "no request would match {path:?}");
        }
        Err(error) => {
            assert_ne!(requested(path).as_deref(), Some(path), "a request's path: {error}");
            if let Some(suggestion) = &error.suggestion {
                assert_eq!(requested(suggestion).as_ref(), Some(suggestion), "{error}");
                assert_eq!(written(suggestion).as_ref(), Ok(suggestion), "{error}");
            }
        }
    }
    if let Some(spelling) = requested(path) {
        assert_eq!(written(&spelling).as_ref(), Ok(&spelling), "no route could match {path:?}");
    }
}

#[test]
fn known_traps_are_read_alike() {
    for path in [
        "/",
        "//",
        "/orders/7;v=1,2@x:y",
        "/%7Euser/%2F%3a",
        "/caf\u{e9} {id}|^`",
        "/a/../b",
        "/a/%2e%2E/b",
        "/..",
        "/a/..%2Fb",
        "/a/..;x/b",
        "/a/.%3Bx",
        "/a/%2F..",
        "/a/x%2F.%2Fy",
        "/...",
        "/a\\b",
        "/a%5Cb",
        "/a%00",
        "/a%4",
        "/a%zz",
        "/a%252e",
        "/a?b",
        "/a#b",
        "/a\u{7f}",
        "/a\n",
        "a",
        "*",
        "",
    ] {
        check(path);
    }
}

proptest! {
    #[test]
    fn any_path_is_read_alike(path in "/([a-cA-C0-9._~;/%?#\\\\ \"<{|:@&=+$,!*'()\u{e9}-]|%2[eEfF]|%3[bB]|\\.\\.|//){0,24}") {
        check(&path);
    }
}

//! What becomes of paths and hosts, as a table and as a property.

use architrave_config::PolicySet;
use proptest::prelude::*;

use super::*;
use crate::exercise::{Exchange, chain};

fn rewrite(rewrite: config::Rewrite, target: &str) -> Exchange {
    let chain = chain(PolicySet { rewrite: Some(rewrite), ..PolicySet::default() });
    let mut exchange = Exchange::get(target, &[]);
    assert!(exchange.admit(&chain).is_none());
    exchange
}

#[track_caller]
fn check_strip(prefix: &str, path: &str, expected: &str) {
    let path_rewrite = Some(PathRewrite::StripPrefix(prefix.into()));
    let exchange = rewrite(config::Rewrite { path: path_rewrite, host: None }, path);
    assert_eq!(exchange.path, expected, "{prefix} off {path}");
}

#[test]
fn a_prefix_is_taken_away_by_element() {
    check_strip("/orders", "/orders/1", "/1");
    check_strip("/orders", "/orders", "/");
    check_strip("/orders", "/orders/", "/");
    check_strip("/orders/", "/orders/1", "/1");
    check_strip("/orders", "/orders2/1", "/orders2/1");
    check_strip("/orders", "/x/orders/1", "/x/orders/1");
    check_strip("/", "/orders", "/orders");
    check_strip("/a/b", "/a/b/c/d", "/c/d");
    check_strip("/caf%c3%a9", "/caf%C3%A9/1", "/1");
}

#[test]
fn what_is_left_never_starts_like_an_authority() {
    check_strip("/a", "/a//evil.test/x", "/evil.test/x");
}

#[test]
fn the_whole_path_is_replaced_and_the_query_kept() {
    let path = Some(PathRewrite::Replace("/fixed".into()));
    let exchange = rewrite(config::Rewrite { path, host: None }, "/a/b?c=1&d");
    assert_eq!(exchange.path, "/fixed");
    assert_eq!(exchange.head.query(), Some("c=1&d"));
}

#[test]
fn the_host_is_what_the_service_expects() {
    let host = Some("orders.internal".to_owned());
    let exchange = rewrite(config::Rewrite { path: None, host }, "/a");
    assert_eq!(exchange.head.authority, "orders.internal");
    assert_eq!(exchange.path, "/a");
}

proptest! {
    #[test]
    fn a_canonical_path_stays_canonical(
        prefix in "(/[a-c.%]{0,3}){1,3}",
        path in "(/[a-c.%2F]{0,4}){1,5}",
    ) {
        let mut before = String::new();
        prop_assume!(canonicalize(&path, &mut before).is_ok());
        let mut after = before.clone();
        strip_prefix(&mut after, &canonical(&prefix));
        let mut again = String::new();
        prop_assert_eq!(canonicalize(&after, &mut again), Ok(()));
        prop_assert_eq!(&again, &after);
        prop_assert!(before.ends_with(after.trim_start_matches('/')));
    }
}

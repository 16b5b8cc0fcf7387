//! What stays the same from assembly to assembly, and what never comes again.

use architrave_config::NoSources;
use architrave_core::Clock;

use super::*;

fn next(previous: Option<&Assembly>, listeners: &[&str]) -> Assembly {
    let at_any_port =
        |name: &&str| format!("name: {name}, address: \"127.0.0.1:0\", protocol: http");
    next_of(previous, &listeners.iter().map(at_any_port).collect::<Vec<_>>())
}

fn next_of(previous: Option<&Assembly>, listeners: &[String]) -> Assembly {
    let listeners: Vec<_> = listeners.iter().map(|it| format!("{{ {it} }}")).collect();
    let text = format!("version: 1\nlisteners: [{}]\n", listeners.join(", "));
    let snapshot = architrave_config::load(&text, "test", &NoSources).unwrap();
    let parts = Parts::new(Metrics::new(1));
    Assembly::build(Arc::new(snapshot), previous, &parts, Clock::manual().now()).unwrap()
}

#[test]
fn a_listener_that_is_gone_never_comes_under_the_routes_of_another() {
    let first = next(None, &["stays", "goes"]);
    let (stays, gone) = (Arc::clone(&first.listeners[0]), Arc::clone(&first.listeners[1]));
    let second = next(Some(&first), &["stays"]);
    let third = next(Some(&second), &["comes", "stays", "goes"]);
    for later in [&second, &third] {
        assert!(later.routes(&stays).is_some());
        assert!(later.routes(&gone).is_none());
        assert!(later.listener_at(gone.slot).is_none());
    }
    assert!(third.listeners.iter().all(|listener| third.routes(listener).is_some()));
}

#[test]
fn a_listener_under_another_name_is_the_same_where_nothing_else_is_other() {
    let at = |name: &str, address: &str, more: &str| {
        format!("name: {name}, address: \"{address}\", protocol: http{more}")
    };
    let first = next_of(None, &[at("web", "127.0.0.1:80", "")]);
    let before = Arc::clone(&first.listeners[0]);
    let again = |listener: String| next_of(Some(&first), &[listener]).routes(&before).is_some();
    assert!(again(at("wide", "127.0.0.1:80", "")));
    assert!(again(at("wide", "0.0.0.0:80", "")), "it takes what came to it before");
    assert!(!again(at("wide", "127.0.0.1:81", "")));
    assert!(!again(at("wide", "127.0.0.2:80", "")));
    assert!(!again(at(
        "wide",
        "127.0.0.1:80",
        ", proxy_protocol: required, trusted_proxies: [10.0.0.0/8]"
    )));
    let both = [at("wide", "127.0.0.1:80", ""), at("web", "127.0.0.1:81", "")];
    let second = next_of(Some(&first), &both);
    assert_eq!(second.listeners[1].slot, before.slot, "the name goes before the address");
    assert_ne!(second.listeners[0].slot, before.slot);
}

#[test]
fn a_listener_that_became_several_is_none_of_them() {
    let at =
        |name: &str, address: &str| format!("name: {name}, address: \"{address}\", protocol: http");
    let first = next_of(None, &[at("web", "0.0.0.0:80")]);
    let before = Arc::clone(&first.listeners[0]);
    let split = [at("inner", "127.0.0.1:80"), at("outer", "10.0.0.5:80")];
    let second = next_of(Some(&first), &split);
    let slots: Vec<_> = second.listeners.iter().map(|listener| listener.slot).collect();
    assert!(slots[0] != slots[1] && !slots.contains(&before.slot), "{slots:?}");
    // From several to one: it is one of them.
    let third = next_of(Some(&second), &[at("web", "0.0.0.0:80")]);
    assert!(slots.contains(&third.listeners[0].slot));
}

#[test]
fn a_listener_notes_that_it_has_left_a_place() {
    let at = |address: &str| format!("name: web, address: \"{address}\", protocol: http");
    let first = next_of(None, &[at("0.0.0.0:80-83")]);
    let has_left = |from: &Assembly, address: &str| {
        let next = next_of(Some(from), &[at(address)]);
        let (old, new) = (&from.listeners[0], &next.listeners[0]);
        assert_eq!(new.slot, old.slot, "it is the same listener");
        old.has_left.store(false, std::sync::atomic::Ordering::Relaxed);
        old.give_way(Some(new));
        assert!(!old.is_gone.load(std::sync::atomic::Ordering::Relaxed));
        new.has_left.load(std::sync::atomic::Ordering::Relaxed)
    };
    assert!(has_left(&first, "127.0.0.1:80-83"));
    assert!(has_left(&first, "[::]:80-83"));
    assert!(has_left(&first, "0.0.0.0:80-82"));
    assert!(has_left(&first, "0.0.0.0:81-84"));
    assert!(!has_left(&first, "0.0.0.0:79-84"));
    let narrow = next_of(Some(&first), &[at("127.0.0.1:80")]);
    assert!(!has_left(&narrow, "0.0.0.0:80"));
    assert!(has_left(&narrow, "127.0.0.2:80"));
    let listener = &narrow.listeners[0];
    let places = ["127.0.0.1:80", "127.0.0.2:80", "127.0.0.1:81", "[::1]:80"];
    assert_eq!(
        places.map(|place| listener.is_at(place.parse().unwrap())),
        [true, false, false, false]
    );
}

#[test]
fn connections_of_every_configuration_of_a_listener_end_with_it() {
    let at = |more: &str| format!("name: web, address: \"127.0.0.1:80\", protocol: http{more}");
    let first = next_of(None, &[at("")]);
    let second = next_of(Some(&first), &[at(", limits: { connections: 7 }")]);
    let (old, new) = (&first.listeners[0], &second.listeners[0]);
    assert!(!Arc::ptr_eq(old, new));
    new.is_gone.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(old.is_gone.load(std::sync::atomic::Ordering::Relaxed));
}

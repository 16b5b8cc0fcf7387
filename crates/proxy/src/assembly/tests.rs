//! What stays the same from assembly to assembly, and what never comes again.

use architrave_config::NoSources;
use architrave_core::Clock;

use super::*;

fn next(previous: Option<&Assembly>, listeners: &[&str]) -> Assembly {
    let listeners: Vec<_> = listeners
        .iter()
        .map(|name| format!("{{ name: {name}, address: \"127.0.0.1:0\", protocol: http }}"))
        .collect();
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

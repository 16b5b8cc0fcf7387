//! Who is let in, as a table, and against the plain definition.

use proptest::prelude::*;

use super::*;
use crate::exercise::nobody;
use crate::registry::Ground;

fn filter(allow: &[&str], deny: &[&str]) -> (config::IpFilter, IpFilter) {
    let networks = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let config = config::IpFilter { allow: networks(allow), deny: networks(deny) };
    let limiters = crate::RateLimiters::default();
    let directory = nobody();
    let ground = Ground { limiters: &limiters, directory: &directory };
    let site = Site { identity: String::new(), ground };
    let built = IpFilter::build(&config, &site);
    (config, built)
}

#[track_caller]
fn check(allow: &[&str], deny: &[&str], client: &str, expected: bool) {
    let (_, filter) = filter(allow, deny);
    assert_eq!(filter.lets_in(client.parse().unwrap()), expected, "{client}");
}

#[test]
fn denied_wins_and_an_allow_list_is_complete() {
    check(&[], &[], "192.0.2.1", true);
    check(&[], &["192.0.2.0/24"], "192.0.2.255", false);
    check(&[], &["192.0.2.0/24"], "192.0.3.0", true);
    check(&["10.0.0.0/8"], &[], "10.255.255.255", true);
    check(&["10.0.0.0/8"], &[], "11.0.0.0", false);
    check(&["10.0.0.0/8"], &["10.1.0.0/16"], "10.1.2.3", false);
    check(&["10.0.0.0/8", "10.1.0.0/16"], &[], "10.200.0.1", true);
    check(&["2001:db8::/32"], &[], "2001:db8::1", true);
    check(&["2001:db8::/32"], &[], "192.0.2.1", false);
}

#[test]
fn families_are_kept_apart_and_mapped_addresses_are_ipv4() {
    check(&[], &["::/0"], "192.0.2.1", true);
    check(&[], &["::/0"], "2001:db8::1", false);
    check(&[], &["0.0.0.0/0"], "2001:db8::1", true);
    check(&[], &["0.0.0.0/0"], "::ffff:192.0.2.1", false);
    check(&[], &["::ffff:192.0.2.0/120"], "192.0.2.9", false);
    check(&[], &["::ffff:192.0.2.0/120"], "192.0.3.9", true);
}

proptest! {
    #[test]
    fn ranges_say_what_networks_say(
        networks in prop::collection::vec((any::<[u8; 2]>(), 16_u8..=32), 0..12),
        clients in prop::collection::vec(any::<[u8; 2]>(), 1..12),
    ) {
        let network = |([c, d], bits): &([u8; 2], u8)| format!("192.0.{c}.{d}/{bits}");
        let texts: Vec<_> = networks.iter().map(network).collect();
        let (config, filter) = filter(&[], &texts.iter().map(|text| &**text).collect::<Vec<_>>());
        for [c, d] in clients {
            let client = IpAddr::from([192, 0, c, d]);
            let expected = !config.deny.iter().any(|network| network.contains(&client));
            prop_assert_eq!(filter.lets_in(client), expected);
        }
    }
}

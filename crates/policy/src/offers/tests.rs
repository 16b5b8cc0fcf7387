//! By which subscription a request goes on, what it counts against, and why another does not.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use architrave_config::{ListenerIndex, NoSources, RouteIndex, ServiceIndex};
use architrave_core::{Clock, Moment};
use architrave_net::{Framing, Method, RequestHead};

use super::*;
use crate::directory::{ApplicationRecord, KeyRecord, Source, SubscriptionRecord};
use crate::ledger::Ledger;
use crate::{Admission, Chain, ChainBuilder, RateLimiters, RequestView, Verdict};

const FILE: &str = "
version: 1
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
upstreams: [{ name: u, endpoints: [{ address: \"127.0.0.1:1\" }] }]
services: [{ name: orders, http: { upstream: u } }, { name: free, http: { upstream: u } }]
routes:
  - { name: orders, match: [{ path: { prefix: /orders } }], service: orders }
  - { name: free, service: free, policies: { key_auth: {} } }
consumers: [{ name: desk, credentials: [{ api_key: key-desk }] }]
products: [{ name: shop, services: [orders] }]
plans:
  - { name: gold, product: shop, limits: { requests: 3/m, parallel: 2 } }
  - name: read
    product: shop
    operations:
      orders: [{ methods: [GET], path: { prefix: /orders } }, { path: { exact: /orders/ping } }]
";

struct Stage {
    directory: Arc<Directory>,
    limiters: RateLimiters,
    orders: Arc<Chain>,
    free: Arc<Chain>,
    /// When subscriptions are made.
    since: Option<SystemTime>,
}

impl Stage {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::in_memory());
        let directory = Arc::new(Directory::new(Clock::manual(), ledger));
        let limiters = RateLimiters::default();
        let (orders, free) = chains(FILE, &directory, &limiters);
        Self { directory, limiters, orders, free, since: None }
    }

    fn subscribe(&self, name: &str, plans: &[(&str, SubscriptionState)]) {
        let subscriptions = plans.iter().map(|(plan, state)| SubscriptionRecord {
            plan: (*plan).into(),
            state: *state,
            since: self.since,
        });
        let digest = Directory::digest_of(format!("key-{name}").as_bytes());
        self.directory.put(
            Source::Store,
            ApplicationRecord {
                name: name.into(),
                team: Some("buyers".into()),
                keys: vec![KeyRecord { digest, expires_at: None }],
                subscriptions: subscriptions.collect(),
            },
        );
    }
}

fn chains(
    file: &str,
    directory: &Arc<Directory>,
    limiters: &RateLimiters,
) -> (Arc<Chain>, Arc<Chain>) {
    let snapshot = architrave_config::load(file, "test", &NoSources).unwrap();
    let mut builder = ChainBuilder::new(&snapshot, limiters, directory);
    let mut chain =
        |place| builder.chain(ListenerIndex(0), Some(RouteIndex(place)), Some(ServiceIndex(place)));
    (chain(0), chain(1))
}

/// What becomes of a request with the key of somebody: the status, and what is said.
fn ask(chain: &Chain, method: &str, path: &str, key: &str) -> (u16, String, Admission) {
    let (_, status, detail, admission) = ask_with(chain, (method, path), key, None);
    (status, detail, admission)
}

/// The same with a token beside the key; also what of that the service gets.
fn ask_with(
    chain: &Chain,
    (method, path): (&str, &str),
    key: &str,
    token: Option<&str>,
) -> (Option<String>, u16, String, Admission) {
    let mut head = RequestHead {
        method: Method::from_token(method),
        target: path.to_owned(),
        ..RequestHead::default()
    };
    head.fields.append("x-api-key", key.as_bytes());
    if let Some(token) = token {
        head.fields.append("authorization", format!("Bearer {token}").as_bytes());
    }
    let mut admission = Admission::default();
    let verdict = chain.admit(&mut RequestView {
        head: &mut head,
        path: &mut path.to_owned(),
        operation: None,
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        is_tls: false,
        framing: Framing::Empty,
        now: Moment::from_nanos(1_000_000_000),
        admission: &mut admission,
    });
    let left = head.fields.get("authorization");
    let left = left.map(|left| String::from_utf8_lossy(left).into_owned());
    match verdict {
        Verdict::Continue => (left, 200, String::new(), admission),
        Verdict::Reply(reply) => (left, reply.status, reply.detail.into_owned(), admission),
    }
}

#[test]
fn a_users_token_beside_the_key_of_an_application_is_left_to_the_service() {
    let stage = Stage::new();
    stage.subscribe("app", &[("gold", SubscriptionState::Active)]);
    stage.subscribe("other", &[("gold", SubscriptionState::Active)]);
    for (token, is_left) in [
        ("eyJhbGciOiJub25lIn0.e30.", true),
        ("key-desk", false),
        ("arc_key_0123456789abcdef", false),
    ] {
        let asked = ("GET", "/orders");
        let (left, status, detail, _) = ask_with(&stage.orders, asked, "key-app", Some(token));
        let expected = is_left.then(|| format!("Bearer {token}"));
        assert_eq!(left, expected, "{token}: {status} {detail}");
    }
    // Where somebody has said that keys are looked for there, all of it is taken out.
    let (left, ..) = ask_with(&stage.free, ("GET", "/"), "key-desk", Some("someones"));
    assert_eq!(left, None);
}

#[test]
fn a_service_of_a_plan_is_open_to_active_subscriptions_alone() {
    use SubscriptionState::{Active, Cancelled, Pending, Rejected, Suspended};
    let stage = Stage::new();
    let (status, _, _) = ask(&stage.orders, "GET", "/orders", "key-nobody");
    assert_eq!(status, 401, "nobody asks for keys by a policy, and yet it is asked for");
    assert_eq!(ask(&stage.orders, "GET", "/orders", "").0, 401);
    assert_eq!(ask(&stage.orders, "GET", "/orders", "key-desk").0, 403, "a consumer has none");
    for (plans, status, why) in [
        (&[][..], 403, "no subscription"),
        (&[("gold", Pending)], 403, "waits for approval"),
        (&[("gold", Rejected)], 403, "rejected"),
        (&[("gold", Suspended)], 403, "is suspended"),
        (&[("gold", Cancelled)], 403, "cancelled"),
        (&[("gold", Suspended), ("read", Active)], 403, "is suspended"),
        (&[("read", Active), ("gold", Suspended)], 403, "is suspended"),
        (&[("elsewhere", Active)], 403, "no subscription"),
        (&[("gold", Active)], 200, ""),
    ] {
        stage.subscribe("app", plans);
        let (found, detail, admission) = ask(&stage.orders, "GET", "/orders", "key-app");
        assert_eq!(found, status, "{plans:?}: {detail}");
        assert!(detail.contains(why), "{plans:?}: {detail}");
        assert_eq!(admission.application.as_ref().map(|it| &*it.name), Some("app"));
        let plan = admission.subscription.as_ref().map(|counters| &counters.plan);
        let names = plan.map(|plan| (plan.name.as_str(), plan.product.as_str()));
        assert_eq!(names, (status == 200).then_some(("gold", "shop")));
    }
}

#[test]
fn where_no_plan_leads_keys_are_those_of_consumers() {
    let stage = Stage::new();
    stage.subscribe("app", &[("gold", SubscriptionState::Active)]);
    assert_eq!(ask(&stage.free, "GET", "/", "key-desk").0, 200);
    let (status, detail, _) = ask(&stage.free, "GET", "/", "key-app");
    assert_eq!((status, &*detail), (403, "this service is offered by no plan"));
}

#[test]
fn a_plan_opens_the_operations_that_it_names() {
    let stage = Stage::new();
    stage.subscribe("app", &[("read", SubscriptionState::Active)]);
    for (method, path, status) in [
        ("GET", "/orders", 200),
        ("GET", "/orders/7", 200),
        ("POST", "/orders", 403),
        ("GET", "/ordersx", 403),
        ("POST", "/orders/ping", 200),
        ("DELETE", "/orders/7", 403),
    ] {
        let (found, detail, _) = ask(&stage.orders, method, path, "key-app");
        assert_eq!(found, status, "{method} {path}: {detail}");
    }
    // Another plan beside it opens the rest.
    stage.subscribe(
        "app",
        &[("gold", SubscriptionState::Active), ("read", SubscriptionState::Active)],
    );
    let plan_of = |method: &str| {
        let (_, _, admission) = ask(&stage.orders, method, "/orders", "key-app");
        admission.subscription.map(|counters| counters.plan.name.to_string())
    };
    assert_eq!(plan_of("GET").as_deref(), Some("read"), "the one that was made last");
    assert_eq!(plan_of("POST").as_deref(), Some("gold"));
}

#[test]
fn limits_are_counted_for_each_application_and_go_on_when_it_changes() {
    use SubscriptionState::Active;
    let stage = Stage::new();
    stage.subscribe("app", &[("gold", Active)]);
    stage.subscribe("other", &[("gold", Active)]);
    for status in [200, 200] {
        assert_eq!(ask(&stage.orders, "GET", "/orders", "key-app").0, status);
    }
    // Another subscription comes, and another configuration with the same terms: nothing is
    // forgotten by that.
    stage.subscribe("app", &[("gold", Active), ("elsewhere", Active)]);
    let (orders, _) = chains(FILE, &stage.directory, &stage.limiters);
    assert_eq!(ask(&orders, "GET", "/orders", "key-app").0, 200);
    let (status, _, admission) = ask(&orders, "GET", "/orders", "key-app");
    assert_eq!((status, admission.rate.map(|rate| rate.remaining)), (429, Some(0)));
    assert_eq!(ask(&orders, "GET", "/orders", "key-other").0, 200);
    // A changed limit starts afresh.
    let (orders, _) = chains(&FILE.replace("3/m", "5/m"), &stage.directory, &stage.limiters);
    assert_eq!(ask(&orders, "GET", "/orders", "key-app").0, 200);
}

#[test]
fn places_among_the_parallel_ones_are_given_back() {
    let stage = Stage::new();
    let file = FILE.replace("requests: 3/m, ", "");
    let (orders, _) = chains(&file, &stage.directory, &stage.limiters);
    stage.subscribe("app", &[("gold", SubscriptionState::Active)]);
    let (first, second) =
        (ask(&orders, "GET", "/orders", "key-app"), ask(&orders, "GET", "/orders", "key-app"));
    assert_eq!((first.0, second.0), (200, 200));
    assert_eq!(ask(&orders, "GET", "/orders", "key-app").0, 429);
    drop(first);
    assert_eq!(ask(&orders, "GET", "/orders", "key-app").0, 200);
}

#[test]
fn what_is_shown_must_be_what_the_plan_asks_for() {
    let stage = Stage::new();
    let jwt = "credentials: { jwt: { jwks: { keys: [] }, issuer: house, audience: shop } }";
    let file = FILE.replace("limits: { requests: 3/m, parallel: 2 }", jwt);
    let (orders, _) = chains(&file, &stage.directory, &stage.limiters);
    stage.subscribe("app", &[("gold", SubscriptionState::Active)]);
    let (status, detail, _) = ask(&orders, "GET", "/orders", "key-app");
    assert_eq!(status, 403, "{detail}");
    assert!(detail.contains("another sort of credential"), "{detail}");
    stage.subscribe(
        "app",
        &[("gold", SubscriptionState::Active), ("read", SubscriptionState::Active)],
    );
    assert_eq!(ask(&orders, "GET", "/orders", "key-app").0, 200);
}

#[test]
fn whoever_ends_a_subscription_and_begins_it_anew_goes_on_counting() {
    use SubscriptionState::Active;
    let stage = Stage::new();
    stage.subscribe("app", &[("gold", Active)]);
    let status = || ask(&stage.orders, "GET", "/orders", "key-app").0;
    assert_eq!([status(), status(), status(), status()], [200, 200, 200, 429]);
    stage.subscribe("app", &[]);
    assert_eq!(status(), 403);
    stage.subscribe("app", &[("gold", Active)]);
    assert_eq!(status(), 429, "the same period");
    // Nor does taking the application away help.
    stage.directory.remove(Source::Store, "app");
    stage.subscribe("app", &[("gold", Active)]);
    assert_eq!(status(), 429);
    stage.directory.replace(Source::Store, Vec::new());
    stage.subscribe("app", &[("gold", Active)]);
    assert_eq!(status(), 429);
}

#[test]
fn a_deprecated_service_is_not_opened_by_what_was_subscribed_to_later() {
    use SubscriptionState::Active;
    let mut stage = Stage::new();
    let file = FILE
        .replace(
            "{ name: orders, http: { upstream: u } }",
            "{ name: orders, http: { upstream: u }, state: deprecated, deprecated_at: 2026-05-01 }",
        )
        .replace("services: [orders] }", "services: [orders, free] }");
    let (orders, free) = chains(&file, &stage.directory, &stage.limiters);
    // 2026-05-01 is 1,777,593,600 seconds from the epoch.
    for (since, status) in [(None, 200), (Some(1_777_593_599), 200), (Some(1_777_593_600), 403)] {
        stage.since = since.map(|since| SystemTime::UNIX_EPOCH + Duration::from_secs(since));
        stage.subscribe("app", &[("read", Active)]);
        let (found, detail, _) = ask(&orders, "GET", "/orders", "key-app");
        assert_eq!(found, status, "{since:?}: {detail}");
        assert_eq!(detail.contains("takes nobody new"), status == 403, "{detail}");
        assert_eq!(ask(&free, "GET", "/", "key-app").0, 200, "the rest of the product is open");
    }
}

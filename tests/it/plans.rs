//! Products, plans, applications and subscriptions as callers meet them: who gets through, to what,
//! and how often.

use architrave_testkit::client::{get, request};
use architrave_testkit::dialect::post;
use architrave_testkit::{
    Client, Config, Dialect, Gateway, GatewayOptions, Origin, Reloaded, Response, SOON, eventually,
};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::Value;
use tempfile::TempDir;

const OFFER: &str = "
    products: [{ name: shop, services: [orders] }]
    plans:
      - { name: gold, product: shop, limits: { requests: 5/m } }
      - name: reading
        product: shop
        operations: { orders: [{ methods: [GET], path: { prefix: /orders } }] }
    applications:
      - { name: tills, team: buyers, credentials: [{ api_key: key-of-tills-0123456789 }] }
      - { name: robots, credentials: [{ api_key: key-of-robots-0123456789 }] }
      - { name: nobody, credentials: [{ api_key: key-of-nobody-0123456789 }] }
    subscriptions:
      - { application: tills, plan: gold }
      - { application: robots, plan: reading }
";

fn config(origin: &Origin) -> Config {
    Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .service("orders", "http: { upstream: origin }")
        .route("orders", "match: [{ path: { prefix: /orders } }]\nservice: orders")
        .route("open", "service: origin")
        .route(
            "consumers",
            "match: [{ path: { prefix: /desk } }]\nservice: origin\npolicies: { key_auth: {} }",
        )
        .consumer("desk", "credentials: [{ api_key: key-of-desk-0123456789 }]")
}

fn ask(gateway: &Gateway, method: &str, path: &str, who: &str) -> Response {
    let key = format!("X-Api-Key: key-of-{who}-0123456789");
    Client::connect(gateway.web()).ask(request(method, "api.example", path, &[&key]))
}

#[track_caller]
fn reason(answer: &Response) -> String {
    let body: Value = serde_json::from_slice(&answer.body).expect("a problem is JSON");
    body["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn only_who_has_subscribed_gets_through() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(config(&origin).and(OFFER).access_log("{ stdout: {} }"));
    let unknown = get(gateway.web(), "api.example", "/orders/1", &[]);
    assert_eq!((unknown.status, &*reason(&unknown)), (401, "credential_missing"));
    let wrong = ask(&gateway, "GET", "/orders/1", "somebody");
    assert_eq!((wrong.status, &*reason(&wrong)), (401, "credential_invalid"));
    let idle = ask(&gateway, "GET", "/orders/1", "nobody");
    assert_eq!((idle.status, &*reason(&idle)), (403, "not_subscribed"));
    // A consumer has no subscription, and an application is no consumer.
    assert_eq!(ask(&gateway, "GET", "/orders/1", "desk").status, 403);
    assert_eq!(ask(&gateway, "GET", "/desk", "desk").status, 200);
    assert_eq!(reason(&ask(&gateway, "GET", "/desk", "tills")), "not_subscribed");
    assert_eq!(get(gateway.web(), "api.example", "/open", &[]).status, 200);

    let answer = ask(&gateway, "GET", "/orders/1", "tills");
    assert_eq!((answer.status, answer.get("ratelimit")), (200, Some("\"default\";r=4;t=12")));
    let seen = origin.requests().pop().expect("it came through");
    assert_eq!(seen.get("x-consumer-name"), Some("tills"));
    assert_eq!(seen.get("x-api-key"), None, "the key is for the gateway alone");
    let line = gateway.stdout().wait_for("the line of it", 0, SOON, |line| {
        let line: Value = serde_json::from_str(line).expect("every line is JSON");
        (line["status"] == 200 && line["path"] == "/orders/1").then_some(line)
    });
    for (key, value) in [
        ("consumer", "tills"),
        ("application", "tills"),
        ("plan", "gold"),
        ("product", "shop"),
        ("team", "buyers"),
    ] {
        assert_eq!(line[key], value, "{key} in {line}");
    }
}

#[test]
fn a_plan_opens_its_operations_and_no_more() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(config(&origin).and(OFFER));
    assert_eq!(ask(&gateway, "GET", "/orders/7", "robots").status, 200);
    let refused = ask(&gateway, "DELETE", "/orders/7", "robots");
    assert_eq!((refused.status, &*reason(&refused)), (403, "not_subscribed"));
    assert!(String::from_utf8_lossy(&refused.body).contains("does not open this operation"));
    assert_eq!(ask(&gateway, "DELETE", "/orders/7", "tills").status, 200);
}

#[test]
fn a_plan_opens_operations_by_the_ids_of_the_description() {
    let origin = Origin::named("a");
    let answers = "\"responses\": { \"200\": { \"description\": \"ok\" } }";
    let described = format!(
        "{{ \"openapi\": \"3.1.0\", \"info\": {{ \"title\": \"Orders\", \"version\": \"1\" }}, \"paths\": {{ \
         \"/orders\": {{ \"get\": {{ \"operationId\": \"listOrders\", {answers} }} }}, \
         \"/orders/{{id}}\": {{ \"get\": {{ \"operationId\": \"getOrder\", {answers} }}, \
         \"delete\": {{ {answers} }} }} }} }}"
    );
    let service = format!("http: {{ upstream: origin }}\napi: {{ text: '{described}' }}");
    let file = |id: &str| {
        Config::new()
            .web()
            .upstream("origin", &[origin.addr()], "")
            .service("orders", &service)
            .route("orders", "match: [{ path: { prefix: /orders } }]\nservice: orders")
            .route(
                "versioned",
                "match: [{ path: { prefix: /v1 } }]\nservice: orders\n\
                 policies: { rewrite: { strip_prefix: /v1 } }",
            )
            .and(&format!(
                "
                products: [{{ name: shop, services: [orders] }}]
                plans: [{{ name: p, product: shop, operations: {{ orders: [{{ operation_id: {id} }}] }} }}]
                applications: [{{ name: tills, credentials: [{{ api_key: key-of-tills-0123456789 }}] }}]
                subscriptions: [{{ application: tills, plan: p }}]
                "
            ))
    };
    let gateway = Gateway::start(file("getOrder"));
    for (method, path, status) in [
        ("GET", "/orders/7", 200),
        // As the service sees it, whatever the client has sent.
        ("GET", "/v1/orders/7", 200),
        ("GET", "/orders", 403),
        ("DELETE", "/orders/7", 403),
        ("GET", "/orders/7/items", 403),
    ] {
        assert_eq!(ask(&gateway, method, path, "tills").status, status, "{method} {path}");
    }
    // One without an id goes by what it is called then.
    let by_path = file("'DELETE /orders/{id}'").to_string();
    assert_eq!(gateway.reload(&by_path), Reloaded::Taken);
    assert_eq!(ask(&gateway, "DELETE", "/orders/7", "tills").status, 200);
    assert_eq!(ask(&gateway, "GET", "/orders/7", "tills").status, 403);
    let Reloaded::Refused(why) = gateway.reload(file("getOrders").to_string()) else {
        panic!("there is no such operation")
    };
    let expected = "the description of `orders` has no operation `getOrders`, did you mean";
    assert!(why.contains(expected) && why.contains("getOrder`"), "{why}");
}

#[test]
fn a_plan_is_exceeded_by_each_application_for_itself() {
    let origin = Origin::named("a");
    let file = config(&origin).and(OFFER).to_string();
    let file =
        file.replace("application: robots, plan: reading", "application: robots, plan: gold");
    let gateway = Gateway::start(&file);
    for _ in 0..5 {
        assert_eq!(ask(&gateway, "GET", "/orders", "tills").status, 200);
    }
    let over = ask(&gateway, "GET", "/orders", "tills");
    assert_eq!((over.status, &*reason(&over)), (429, "rate_limited"));
    assert!(over.get("retry-after").is_some() && over.get("ratelimit-policy").is_some());
    assert_eq!(ask(&gateway, "GET", "/orders", "robots").status, 200);
    // A reload forgets nothing, and takes a subscription away at once.
    let suspended = file.replace("plan: gold }", "plan: gold, state: suspended }");
    assert_eq!(gateway.reload(&suspended), Reloaded::Taken);
    let refused = ask(&gateway, "GET", "/orders", "tills");
    assert_eq!((refused.status, &*reason(&refused)), (403, "not_subscribed"));
    assert!(String::from_utf8_lossy(&refused.body).contains("is suspended"));
    assert_eq!(gateway.reload(&file), Reloaded::Taken);
    assert_eq!(ask(&gateway, "GET", "/orders", "tills").status, 429);
}

/// A gateway of models whose only plan allows so many tokens a month.
fn models(budgets: &str) -> Config {
    Config::ai(&format!(
        "
        providers: [{{ name: p, kind: mock, mock: {{ reply: {{ fixed: \"well said\" }} }} }}]
        models: [{{ name: fast, deployments: [{{ provider: p, model: fixed }}] }}]
        products: [{{ name: ai, services: [ai] }}]
        plans: [{{ name: small, product: ai, {budgets} }}]
        applications:
          - {{ name: tills, credentials: [{{ api_key: key-of-tills-0123456789 }}] }}
          - {{ name: robots, credentials: [{{ api_key: key-of-robots-0123456789 }}] }}
        subscriptions:
          - {{ application: tills, plan: small }}
          - {{ application: robots, plan: small }}
        "
    ))
}

fn say(gateway: &Gateway, who: &str) -> Response {
    let key = format!("Authorization: Bearer key-of-{who}-0123456789");
    let question = Dialect::OpenaiChat.question("fast", "hello", false);
    // While a disk is so busy that a lease is not written in time, one is to try again.
    eventually("what is spent can be written down", SOON, || {
        let ask = post("/v1/chat/completions", &[&key], &question);
        let answer = Client::connect(gateway.web()).ask(ask);
        (answer.status != 503).then_some(answer)
    })
}

/// Talks until no more is allowed; how often it was.
fn say_all(gateway: &Gateway, who: &str) -> usize {
    let said = (0..200).take_while(|_| say(gateway, who).status == 200).count();
    assert_eq!(say(gateway, who).status, 429, "{who} after {said}");
    said
}

#[test]
fn what_a_plan_lets_spend_outlives_the_process() {
    let dir = TempDir::new().expect("there is room for a directory");
    let config = models("budgets: [{ tokens: 400, per: month }]");
    let gateway = GatewayOptions::new().data(dir.path()).start(&config);
    assert_eq!(say(&gateway, "nobody").status, 401);
    assert!(say_all(&gateway, "tills") > 0);
    assert_eq!(say(&gateway, "robots").status, 200);
    gateway.terminate();
    drop(gateway);
    let gateway = GatewayOptions::new().data(dir.path()).start(&config);
    let over = say(&gateway, "tills");
    assert_eq!(over.status, 429);
    assert!(over.get("ratelimit-policy").is_some_and(|policy| policy.contains("\"budget\";q=400")));
    assert_eq!(say(&gateway, "robots").status, 200);
}

#[test]
fn a_shared_budget_is_used_up_by_all_together() {
    let gateway = Gateway::start(models("shared_budgets: [{ tokens: 400, per: month }]"));
    assert!(say_all(&gateway, "tills") > 0);
    assert_eq!(say(&gateway, "robots").status, 429);
}

/// What the admin API says an application may use by its only subscription.
fn limits(gateway: &Gateway, who: &str) -> Vec<Value> {
    let answer = gateway.admin_get(&format!("/api/v1/applications/{who}/limits"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body: Value = serde_json::from_slice(&answer.body).expect("the admin API says JSON");
    body["subscriptions"][0]["limits"].as_array().expect("a list").clone()
}

/// What `RateLimit` says is left of the limit of that name.
#[track_caller]
fn left_by_header(answer: &Response, name: &str) -> u64 {
    let told = answer.get("ratelimit").expect("the client is told");
    let of_name = told.split(", ").find_map(|item| item.strip_prefix(&format!("\"{name}\";r=")));
    let left = of_name.and_then(|rest| rest.split(';').next()).expect("it is told of this limit");
    left.parse().expect("a number")
}

#[test]
fn what_is_left_of_limits_is_what_clients_are_told() {
    let origin = Origin::named("a");
    let offer = OFFER.replace("requests: 5/m", "requests: 5/h, parallel: 7");
    let gateway = Gateway::start(config(&origin).and(&offer));
    for _ in 0..3 {
        let before = limits(&gateway, "tills");
        let answer = ask(&gateway, "GET", "/orders/1", "tills");
        let left = left_by_header(&answer, "default");
        let now = limits(&gateway, "tills");
        assert_eq!(now[0]["left"], left, "{now:?}");
        assert_eq!(now[0]["used"], 5 - left);
        assert_eq!(before[0]["left"], left + 1, "asking uses nothing up");
        assert_eq!((&now[0]["window_seconds"], &now[0]["limit"]), (&3_600.into(), &5.into()));
        assert_eq!((&now[1]["kind"], &now[1]["limit"]), (&"parallel".into(), &7.into()));
    }
    assert_eq!(limits(&gateway, "robots"), Vec::<Value>::new());
    assert_eq!(gateway.admin_get("/api/v1/applications/who/limits").status, 404);
}

#[test]
fn what_is_left_of_budgets_is_what_clients_are_told_also_after_a_restart() {
    let dir = TempDir::new().expect("there is room for a directory");
    let config = models(
        "budgets: [{ tokens: 4000, per: month }], shared_budgets: [{ tokens: 90000, per: month }]",
    );
    let gateway = GatewayOptions::new().data(dir.path()).start(&config);
    let mut spent = 0;
    for who in ["tills", "robots", "tills"] {
        let answer = say(&gateway, who);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let left = left_by_header(&answer, "budget");
        let [own, shared] = &limits(&gateway, who)[..] else { panic!("two budgets") };
        assert_eq!(
            (&own["counted_for"], &shared["counted_for"]),
            (&"application".into(), &"plan".into())
        );
        assert_eq!((&own["left"], &own["reserved"]), (&left.into(), &0.into()));
        let used = shared["used"].as_u64().expect("a number");
        assert!(used > spent && own["used"].as_u64().is_some_and(|own| own <= used), "{shared}");
        spent = used;
    }
    let before = limits(&gateway, "tills");
    gateway.terminate();
    drop(gateway);
    let gateway = GatewayOptions::new().data(dir.path()).start(&config);
    assert_eq!(limits(&gateway, "tills"), before, "nobody has called since");
    gateway.kill();
    drop(gateway);
    let gateway = GatewayOptions::new().data(dir.path()).start(&config);
    let after = limits(&gateway, "tills");
    assert!(after[0]["used"].as_u64() >= before[0]["used"].as_u64(), "{before:?} {after:?}");
}

#[test]
fn what_a_team_may_use_up_its_applications_use_up_together_and_it_outlives_a_kill() {
    let dir = TempDir::new().expect("there is room for a directory");
    let budget = "teams: [{ name: buyers, budgets: [{ tokens: 400, per: month }] }]";
    let file = format!("{}\n{budget}\n", models("budgets: [{ tokens: 100000, per: month }]"));
    let file = file
        .replace("{ name: tills, credentials", "{ name: tills, team: buyers, credentials")
        .replace("{ name: robots, credentials", "{ name: robots, team: buyers, credentials");
    let start = |file: &str| GatewayOptions::new().data(dir.path()).start(file.to_owned());
    let gateway = start(&file);
    assert!(say_all(&gateway, "tills") > 0);
    let over = say(&gateway, "robots");
    assert_eq!(over.status, 429);
    assert!(over.text().contains("the budget of the team is used up"), "{}", over.text());
    let of_robots = limits(&gateway, "robots");
    let scopes: Vec<_> = of_robots.iter().map(|limit| limit["counted_for"].as_str()).collect();
    assert_eq!(scopes, [Some("application"), Some("team")], "{of_robots:?}");
    assert_eq!((&of_robots[0]["used"], &of_robots[1]["limit"]), (&0.into(), &400.into()));
    assert_eq!(of_robots[1], limits(&gateway, "tills")[1], "both see the same");
    gateway.kill();
    drop(gateway);
    let gateway = start(&file);
    assert_eq!(say(&gateway, "robots").status, 429);
    // More of it, or none at all, holds at once; what was used is still used.
    let wider = file.replace("tokens: 400,", "tokens: 50000,");
    assert_eq!(gateway.reload(&wider), Reloaded::Taken);
    assert_eq!(say(&gateway, "robots").status, 200);
    let used = limits(&gateway, "robots")[1]["used"].as_u64().expect("a number");
    assert!((400 - 16..50_000).contains(&used), "{used}");
    let without = file.replace(budget, "");
    assert_eq!(gateway.reload(&without), Reloaded::Taken);
    assert_eq!(limits(&gateway, "robots").len(), 1);
    assert_eq!(say(&gateway, "robots").status, 200);
}

/// An issuer of tokens with one key.
struct Issuer(Ed25519KeyPair);

impl Issuer {
    fn new() -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self(Ed25519KeyPair::from_pkcs8(made.as_ref()).expect("a key"))
    }

    fn set(&self) -> String {
        let x = base64(self.0.public_key().as_ref());
        format!(
            "{{ \"keys\": [{{ \"kty\": \"OKP\", \"crv\": \"Ed25519\", \"kid\": \"k1\", \"x\": \"{x}\" }}] }}"
        )
    }

    /// A token for an audience that names somebody, and is good until a second of the year 2096.
    fn token(&self, audience: &str, name: &str) -> String {
        let header = base64(b"{\"alg\":\"EdDSA\",\"kid\":\"k1\"}");
        let claims = serde_json::json!({
            "iss": "https://id.example.com", "aud": audience, "azp": name, "exp": 4_000_000_000_u64,
        });
        let message = format!("{header}.{}", base64(claims.to_string().as_bytes()));
        let signature = base64(self.0.sign(message.as_bytes()).as_ref());
        format!("{message}.{signature}")
    }
}

/// As RFC 7515 has it: of the letters for URLs, without padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..=chunk.len() {
            let six = bits >> (18 - 6 * place) & 63;
            text.push(char::from(LETTERS[six as usize]));
        }
    }
    text
}

fn show(gateway: &Gateway, token: &str) -> Response {
    let field = format!("Authorization: Bearer {token}");
    Client::connect(gateway.web()).ask(request("GET", "api.example", "/orders/1", &[&field]))
}

#[test]
fn a_token_of_the_plans_issuer_names_the_application() {
    let origin = Origin::named("a");
    let issuer = Issuer::new();
    let set = issuer.set();
    let keys = Origin::start(move |exchange| {
        exchange.reply(200, &[("Content-Type", "application/json")], set.as_str());
    });
    let plans = |source: &str| {
        format!(
            "
            products: [{{ name: shop, services: [orders] }}]
            plans:
              - {{ name: keys, product: shop }}
              - name: tokens
                product: shop
                credentials:
                  jwt: {{ {source}, issuer: \"https://id.example.com\", audience: shop, consumer_claim: azp }}
            applications:
              - {{ name: tills, credentials: [{{ api_key: key-of-tills-0123456789 }}] }}
              - {{ name: robots, credentials: [{{ api_key: key-of-robots-0123456789 }}] }}
            subscriptions:
              - {{ application: tills, plan: tokens }}
              - {{ application: robots, plan: keys }}
            "
        )
    };
    let url = format!("jwks_url: \"http://{}/keys\"", keys.addr());
    let inline = format!("jwks: {}", issuer.set());
    for source in [&url, &inline] {
        let gateway = Gateway::start(config(&origin).and(&plans(source)));
        eventually("the keys are there", SOON, || {
            (show(&gateway, &issuer.token("shop", "tills")).status == 200).then_some(())
        });
        let seen = origin.requests().pop().expect("it came through");
        assert_eq!(seen.get("x-consumer-name"), Some("tills"));
        assert_eq!(seen.get("authorization"), None, "the token is for the gateway alone");
        for (token, status, reason_of) in [
            (issuer.token("shop", "nobody"), 401, "credential_invalid"),
            (issuer.token("elsewhere", "tills"), 401, "credential_invalid"),
            (Issuer::new().token("shop", "tills"), 401, "credential_invalid"),
            // Whoever is subscribed to another plan is known and not let in.
            (issuer.token("shop", "robots"), 403, "not_subscribed"),
        ] {
            let answer = show(&gateway, &token);
            assert_eq!((answer.status, &*reason(&answer)), (status, reason_of));
        }
        // A key proves an application to plans by key, and a token to plans by token.
        assert_eq!(ask(&gateway, "GET", "/orders/1", "tills").status, 403);
        assert_eq!(ask(&gateway, "GET", "/orders/1", "robots").status, 200);
    }
}

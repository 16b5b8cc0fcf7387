//! What teams may use up, set through the admin API: it holds at once, in every process of the
//! database, and over a kill.

use architrave_testkit::client::request;
use architrave_testkit::dialect::post;
use architrave_testkit::{
    Client, Config, Dialect, Gateway, GatewayOptions, Postgres, Response, SOON, eventually,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const TOKEN: &str = "the-token-of-the-file";

fn file() -> String {
    let config = Config::ai(
        "
        providers: [{ name: p, kind: mock, mock: { reply: { fixed: \"well said\" } } }]
        models: [{ name: fast, deployments: [{ provider: p, model: fixed }] }]
        products: [{ name: ai, services: [ai], visibility: signed_in }]
        plans: [{ name: open, product: ai }]
        ",
    );
    let admin = "admin: { address: \"127.0.0.1:0\" }";
    let config = config.to_string();
    assert!(config.contains(admin), "{config}");
    config.replace(admin, &format!("admin: {{ address: \"127.0.0.1:0\", token: {TOKEN} }}"))
}

/// Asks the admin API; the whole answer, which must be of `status`.
#[track_caller]
fn tell(gateway: &Gateway, method: &str, path: &str, body: &Value, status: u16) -> Response {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let authorization = format!("Authorization: Bearer {TOKEN}");
    let length = format!("Content-Length: {}", body.len());
    let mut fields =
        vec!["Connection: close", &authorization, &length, "Content-Type: application/json"];
    fields.extend((method == "PUT").then_some("If-Match: *"));
    let path = format!("/api/v1/{path}");
    let mut bytes = request(method, &gateway.admin().to_string(), &path, &fields);
    bytes.extend_from_slice(body.as_bytes());
    let answer = Client::connect(gateway.admin()).ask(bytes);
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    answer
}

fn json_of(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).expect("the admin API answers in JSON")
}

/// An application of the team, with a key, that has subscribed.
fn application(gateway: &Gateway, name: &str) -> String {
    tell(gateway, "POST", "applications?team=buyers", &json!({ "name": name }), 201);
    let path = format!("applications/{name}/subscriptions");
    tell(gateway, "POST", &path, &json!({ "plan": "open" }), 201);
    let path = format!("applications/{name}/credentials");
    let made = json_of(&tell(gateway, "POST", &path, &json!({}), 201));
    made["secret"].as_str().expect("a key").to_owned()
}

fn say(gateway: &Gateway, key: &str) -> u16 {
    let field = format!("Authorization: Bearer {key}");
    let question = Dialect::OpenaiChat.question("fast", "hello", false);
    // While a disk is so busy that a lease is not written in time, one is to try again.
    eventually("what is spent can be written down", SOON, || {
        let ask = post("/v1/chat/completions", &[&field], &question);
        let status = Client::connect(gateway.web()).ask(ask).status;
        (status != 503).then_some(status)
    })
}

fn set(gateway: &Gateway, budgets: &Value) {
    tell(gateway, "PUT", "teams/buyers/budgets", &json!({ "budgets": budgets }), 200);
}

fn used(gateway: &Gateway) -> u64 {
    let told = json_of(&tell(gateway, "GET", "teams/buyers/limits", &Value::Null, 200));
    told["limits"][0]["used"].as_u64().expect("a number")
}

fn walk(url: Option<&str>) {
    let folder = TempDir::new().expect("there is room for a directory");
    let start = || {
        let options = GatewayOptions::new().data(folder.path());
        match url {
            Some(url) => options.database(url).start(file()),
            None => options.start(file()),
        }
    };
    let gateway = start();
    tell(&gateway, "POST", "teams", &json!({ "name": "buyers" }), 201);
    let (tills, robots) = (application(&gateway, "tills"), application(&gateway, "robots"));
    assert_eq!(say(&gateway, &tills), 200);
    set(&gateway, &json!([{ "tokens": 400, "per": "month" }]));
    let said = (0..200).take_while(|_| say(&gateway, &tills) == 200).count();
    assert!((1..200).contains(&said), "{said}");
    assert_eq!(say(&gateway, &robots), 429, "what one has used up the other does not have");
    let spent = used(&gateway);
    gateway.kill();
    drop(gateway);
    let gateway = start();
    assert!(used(&gateway) >= spent, "nothing is forgotten");
    assert_eq!((say(&gateway, &tills), say(&gateway, &robots)), (429, 429));
    set(&gateway, &json!([]));
    assert_eq!(say(&gateway, &robots), 200, "it holds no more when that is answered");
}

#[test]
fn what_a_team_may_use_up_holds_all_of_its_applications_from_the_answer_on() {
    walk(None);
    walk(Some(&Postgres::shared().database()));
}

#[test]
fn another_gateway_of_the_database_holds_to_the_budgets_of_teams() {
    let folders = [(); 2].map(|()| TempDir::new().expect("there is room for a directory"));
    let url = Postgres::shared().database();
    let start =
        |folder: &TempDir| GatewayOptions::new().data(folder.path()).database(&url).start(file());
    let writing = start(&folders[0]);
    let key = |folder: &TempDir| folder.path().join("root.key");
    std::fs::copy(key(&folders[0]), key(&folders[1])).expect("a copy");
    let following = start(&folders[1]);
    tell(&writing, "POST", "teams", &json!({ "name": "buyers" }), 201);
    let tills = application(&writing, "tills");
    eventually("the key is known", SOON, || (say(&following, &tills) == 200).then_some(()));
    set(&writing, &json!([{ "tokens": 1, "per": "month" }]));
    eventually("the budget holds there too", SOON, || {
        // One that is sent while there is anything left may use up more than that.
        (say(&following, &tills) == 429).then_some(())
    });
}

//! How providers are reached: by which path, with what said of the time they took.

use architrave_testkit::dialect::post;
use architrave_testkit::{Client, Config, Dialect, Gateway, Origin};
use serde_json::json;

use super::saying;

#[test]
fn servers_of_an_upstream_are_asked_below_v1_or_where_their_kind_has_its_paths() {
    let origin = saying("hello");
    let config = Config::ai(
        "
        providers:
          - { name: lab, kind: openai_compatible, upstream: pool }
          - { name: relay, kind: groq, upstream: pool, credentials: [{ value: relay-key }] }
        ",
    );
    let gateway = Gateway::start(config.upstream("pool", &[origin.addr()], ""));
    for (provider, target) in
        [("lab", "/v1/chat/completions"), ("relay", "/openai/v1/chat/completions")]
    {
        let question = Dialect::OpenaiChat.question(&format!("{provider}/m"), "hi", false);
        let answer =
            Client::connect(gateway.web()).ask(post("/v1/chat/completions", &[], &question));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(origin.last().target, target, "{provider}");
    }
    let vectors = post("/v1/embeddings", &[], &json!({ "model": "lab/m", "input": "hi" }));
    let _any = Client::connect(gateway.web()).ask(vectors);
    assert_eq!(origin.last().target, "/v1/embeddings");
}

#[test]
fn the_time_that_the_mock_takes_is_not_the_gateways() {
    let gateway = Gateway::start(Config::ai(
        "providers: [{ name: slow, kind: mock, mock: { first_token: 700ms } }]",
    ));
    let question = Dialect::OpenaiChat.question("slow/echo", "hi", false);
    let answer = Client::connect(gateway.web()).ask(post("/v1/chat/completions", &[], &question));
    let overhead = answer.get("x-architrave-overhead-us").expect("it is told");
    let overhead: u64 = overhead.parse().expect("a number");
    assert!(overhead < 700_000, "{overhead}");
}

#[test]
fn a_streamed_completion_made_of_chat_tells_what_could_not_be_said() {
    let origin = Origin::start(|exchange| {
        let _body = exchange.read_body();
        exchange.reply(
            200,
            &[("Content-Type", "text/event-stream")],
            "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        );
    });
    let gateway = Gateway::start(Config::ai(&format!(
        "providers: [{{ name: claude, kind: anthropic, base_url: \"http://{}/v1\", \
         credentials: [{{ value: upstream-key }}] }}]",
        origin.addr()
    )));
    let mut body = json!({
        "model": "claude/claude-haiku-4-5", "prompt": "hi", "max_tokens": 5, "seed": 7, "stream": true,
    });
    let ask = |body: &serde_json::Value| {
        let answer = Client::connect(gateway.web()).ask(post("/v1/completions", &[], body));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.get("x-architrave-dropped").map(str::to_owned)
    };
    assert_eq!(ask(&body).as_deref(), Some("seed"));
    body["seed"] = json!(null);
    assert_eq!(ask(&body), None);
}

//! Which models a client is told of.

use architrave_testkit::{Client, Config, Gateway, Origin, Response};

use super::{KEY, parsed, post};

/// A gateway to a provider of Groq's kind and one of the house, behind a service with these
/// `models`, whose consumer `ada` may ask for those.
fn gateway(service: &str, consumer: &str) -> Gateway {
    let origin = Origin::named("never asked");
    let address = origin.addr();
    let config = Config::new()
        .web()
        .and(&format!(
            "providers:\n\
             - {{ name: fast-ones, kind: groq, base_url: \"http://{address}/v1\" }}\n\
             - {{ name: house, kind: openai_compatible, base_url: \"http://{address}/v1\" }}\n\
             models: [{{ name: plain, deployments: [{{ provider: house, model: x }}] }}]"
        ))
        .service("ai", &format!("llm: {{ {service} }}"))
        .route("ai", "service: ai\nkeep_prefix: true")
        .consumer("ada", &format!("credentials: [{{ api_key: ada-key-0123456789 }}]\n{consumer}"));
    Gateway::start(config)
}

fn asked(gateway: &Gateway, path: &str, fields: &[&str]) -> Response {
    Client::connect(gateway.web()).get("h", path, fields)
}

/// The names on OpenAI's list, each with whose it is.
fn listed(gateway: &Gateway, fields: &[&str]) -> Vec<(String, String)> {
    let list = parsed(&asked(gateway, "/v1/models", fields));
    let models = list["data"].as_array().expect("a list").iter();
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    models.map(|model| (text(&model["id"]), text(&model["owned_by"]))).collect()
}

#[test]
fn a_pattern_lists_what_the_catalogue_knows_behind_what_the_file_does() {
    let gateway = gateway("models: [plain, \"fast-ones/openai/*\", house/own]", "");
    let all = listed(&gateway, &[]);
    let ours = |name: &str| (name.to_owned(), "architrave".to_owned());
    assert_eq!(all[..2], [ours("plain"), ours("house/own")], "{all:?}");
    assert!(all.len() > 3, "{all:?}");
    for (name, owner) in &all[2..] {
        assert!(name.starts_with("fast-ones/openai/") && owner == "catalogue", "{name} of {owner}");
    }
    let one = all[2].0.as_str();
    for name in [one, "house/own"] {
        let told = asked(&gateway, &format!("/v1/models/{name}"), &[]);
        assert_eq!((told.status, &parsed(&told)["id"]), (200, &name.into()), "{}", told.text());
    }
    let gemini = asked(&gateway, "/v1beta/models?pageSize=1000", &[]);
    let gemini = parsed(&gemini)["models"].as_array().map(Vec::len);
    assert_eq!(gemini, Some(all.len()));
}

#[test]
fn nobody_is_told_of_what_they_may_not_ask_for() {
    let gateway = gateway("", "models: [plain, \"fast-ones/openai/*\"]");
    let hers = listed(&gateway, &[KEY]);
    assert!(hers.len() > 2 && hers[0].0 == "plain", "{hers:?}");
    assert!(hers[1..].iter().all(|(name, _)| name.starts_with("fast-ones/openai/")), "{hers:?}");
    let everybodys = listed(&gateway, &[]);
    let other = everybodys.iter().find(|(name, _)| !hers.iter().any(|(own, _)| own == name));
    let (other, _) = other.expect("the catalogue knows of others");
    let path = format!("/v1/models/{other}");
    assert_eq!(asked(&gateway, &path, &[]).status, 200);
    assert_eq!(asked(&gateway, &path, &[KEY]).status, 404);
}

#[test]
fn a_consumer_without_patterns_is_told_of_the_file_alone() {
    let gateway = gateway("", "");
    let hers = listed(&gateway, &[KEY]);
    assert_eq!(hers, [("plain".to_owned(), "architrave".to_owned())]);
}

#[test]
fn an_unknown_model_is_answered_with_the_one_that_may_be_meant() {
    let near = "fast-ones/llama-3.3-70b-versatile";
    let gateway = gateway("models: [\"*\"]", &format!("models: [\"{near}\", plain, house/exact]"));
    for (asked, meant) in [
        ("llama-3.3-70b-versatile", Some(near)),
        ("plian", Some("plain")),
        ("exact", Some("house/exact")),
        ("house/exakt", Some("house/exact")),
        // It is there, and not for her.
        ("llama-3.1-8b-instant", None),
        ("nobody", None),
    ] {
        let body = serde_json::json!({ "model": asked, "messages": [] });
        let answer = post(gateway.web(), "/v1/chat/completions", &[KEY], &body);
        let told = parsed(&answer)["error"]["message"].as_str().expect("a text").to_owned();
        let rest = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        assert_eq!(told, format!("there is no model `{asked}` here{rest}"));
        assert_eq!(answer.status, 404, "{told}");
    }
}

#[test]
fn where_a_key_is_shown_says_in_whose_words_to_answer() {
    let origin = Origin::named("never asked");
    let models = super::house::sole("gemini", "/v1beta", &origin, "gemini-3-pro");
    let gateway = Gateway::start(super::house::with_ada(super::house::keyed(models), ""));
    let google = ["x-goog-api-key: ada-key-0123456789"];
    let list = asked(&gateway, "/v1/models", &google);
    assert_eq!((list.status, &parsed(&list)["models"][0]["name"]), (200, &"models/fast".into()));
    let one = asked(&gateway, "/v1/models/fast", &google);
    assert_eq!((one.status, &parsed(&one)["name"]), (200, &"models/fast".into()));
    let openai = asked(&gateway, "/v1/models", &[KEY]);
    assert_eq!((openai.status, &parsed(&openai)["data"][0]["id"]), (200, &"fast".into()));
}

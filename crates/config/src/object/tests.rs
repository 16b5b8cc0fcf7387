//! What is secret in objects, how they are kept and shown, and the schema of their bodies.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Held, NoSuchSecret, Object, ObjectKind, Objects, Origin, component_schemas, file_pointers,
    hide_secrets, json_schema, keep_secrets, secret_pointers,
};

fn consumer() -> Value {
    json!({ "name": "mobile", "credentials": [
        { "api_key": "k-1" },
        { "basic": { "username": "u", "password": "p~/1" } },
    ] })
}

fn provider() -> Value {
    json!({ "name": "lab", "kind": "bedrock", "credentials": [
        { "name": "one", "value": "v-1" },
        { "name": "two", "aws": { "access_key_id": "public", "secret_access_key": "v-2" } },
        { "name": "three", "gcp": { "file": "/etc/key.json" } },
    ] })
}

#[test]
fn secrets_are_found_by_how_their_kind_is_declared() {
    assert_eq!(
        secret_pointers(ObjectKind::Consumer, &consumer()),
        ["/credentials/0/api_key", "/credentials/1/basic/password"]
    );
    assert_eq!(
        secret_pointers(ObjectKind::Provider, &provider()),
        ["/credentials/0/value", "/credentials/1/aws/secret_access_key"]
    );
    assert_eq!(file_pointers(ObjectKind::Provider, &provider()), ["/credentials/2/gcp/file"]);
    assert!(secret_pointers(ObjectKind::Route, &json!({ "name": "secret" })).is_empty());
    let headers = json!({
        "request": { "set": { "Authorization": "Bearer x", "x-edge": "a" }, "remove": ["cookie"] },
        "response": { "add": { "Set-Cookie": "a=b", "x-rate": "1" } },
    });
    let policies = json!({ "policies": { "headers": headers } });
    let expected = [
        "/policies/headers/request/set/Authorization",
        "/policies/headers/response/add/Set-Cookie",
    ];
    for kind in [ObjectKind::Route, ObjectKind::Service, ObjectKind::Listener] {
        assert_eq!(secret_pointers(kind, &policies), expected, "{kind}");
    }
    // Whatever is written where a secret belongs is one.
    let odd = json!({ "credentials": [{ "api_key": { "nested": "k" } }, { "api_key": 7 }] });
    assert_eq!(secret_pointers(ObjectKind::Consumer, &odd).len(), 2);
}

#[test]
fn what_is_shown_holds_no_secret_and_comes_back_whole() {
    for (kind, old) in [(ObjectKind::Consumer, consumer()), (ObjectKind::Provider, provider())] {
        let mut shown = old.clone();
        hide_secrets(kind, &mut shown);
        let text = shown.to_string();
        for secret in ["k-1", "p~/1", "v-1", "v-2"] {
            assert!(!text.contains(secret), "{text}");
        }
        keep_secrets(kind, &mut shown, &old).expect("every secret is there");
        assert_eq!(shown, old);
    }
}

#[test]
fn credentials_with_names_may_change_places() {
    let old = provider();
    let mut new = json!({ "credentials": [
        { "name": "two", "aws": { "access_key_id": "other", "secret_access_key": { "has_value": true } } },
        { "name": "one", "value": { "has_value": true } },
    ] });
    keep_secrets(ObjectKind::Provider, &mut new, &old).expect("both are there");
    assert_eq!(new["credentials"][0]["aws"]["secret_access_key"], "v-2");
    assert_eq!(new["credentials"][1]["value"], "v-1");
}

#[test]
fn a_secret_that_was_never_there_cannot_be_kept() {
    let kept = json!({ "has_value": true });
    let mut new = json!({ "credentials": [
        { "name": "four", "value": kept },
        { "name": "three", "value": kept },
        { "value": kept },
    ] });
    let at = |place: usize| NoSuchSecret { pointer: format!("/credentials/{place}/value") };
    assert_eq!(
        keep_secrets(ObjectKind::Provider, &mut new, &provider()),
        Err(vec![at(0), at(1), at(2)])
    );
    let mut first = json!({ "credentials": [{ "api_key": kept }] });
    assert!(keep_secrets(ObjectKind::Consumer, &mut first, &Value::Null).is_err());
}

#[test]
fn objects_are_found_by_kind_and_name() {
    let held = |kind, name: &str| {
        let object = Object { kind, name: name.to_owned(), body: json!({ "name": name }) };
        Held { object, origin: Origin::Database }
    };
    let mut objects = Objects::new([
        held(ObjectKind::Upstream, "b"),
        held(ObjectKind::Upstream, "a"),
        held(ObjectKind::Listener, "a"),
    ]);
    let names = |objects: &Objects| -> Vec<String> {
        objects.iter().map(|held| format!("{:?}", held.object)).collect()
    };
    assert_eq!(names(&objects), ["listener \"a\"", "upstream \"a\"", "upstream \"b\""]);
    assert!(objects.get(ObjectKind::Upstream, "b").is_some());
    assert!(objects.get(ObjectKind::Service, "b").is_none());
    let before = objects.clone();
    objects.put(Arc::new(held(ObjectKind::Upstream, "aa")));
    objects.remove(ObjectKind::Upstream, "a");
    assert_eq!(names(&objects), ["listener \"a\"", "upstream \"aa\"", "upstream \"b\""]);
    assert_eq!(before.len(), 3);
}

#[test]
fn kinds_are_known_by_their_words() {
    for kind in ObjectKind::ALL {
        assert_eq!(ObjectKind::ALL[kind.index()], kind);
        assert_eq!(ObjectKind::from_plural(kind.plural()), Some(kind));
        assert_eq!(ObjectKind::from_singular(kind.singular()), Some(kind));
        assert_eq!(kind.id_prefix().len(), 3);
    }
    assert!(ObjectKind::Model.takes_name("openai/gpt-4o") && !ObjectKind::Route.takes_name("a/b"));
    assert!(ObjectKind::Policies.takes_name("default") && !ObjectKind::Policies.takes_name("x"));
}

/// Whether a document fits a schema.
fn fits(schema: &Value, instance: &Value) -> bool {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("file:///schema.json", schema.clone()).unwrap();
    let index = compiler.compile("file:///schema.json", &mut schemas).unwrap();
    schemas.validate(instance, index).is_ok()
}

#[test]
fn the_schema_of_a_body_is_closed_and_knows_secrets_that_are_kept() {
    let schema = json_schema(ObjectKind::Consumer);
    let mut shown = consumer();
    assert!(fits(&schema, &shown));
    hide_secrets(ObjectKind::Consumer, &mut shown);
    assert!(fits(&schema, &shown), "a secret that is kept");
    assert!(!fits(&schema, &json!({ "name": "a", "credentails": [] })), "an unknown key");
    assert!(!schema.to_string().contains("${env"), "no substitution through an API");
    let (all, roots) = component_schemas();
    assert_eq!(roots.len(), ObjectKind::ALL.len());
    assert!(roots.iter().all(|(_, name)| all.contains_key(name)), "{roots:?}");
    let text = Value::Object(all).to_string();
    assert!(text.contains("#/components/schemas/") && !text.contains("#/$defs/"));
}

#[test]
fn what_may_belong_to_a_team_knows_whose_it_is_and_nothing_else_does() {
    let object = |kind| Object { kind, name: "a".to_owned(), body: json!({ "http": {} }) };
    let service = object(ObjectKind::Service).of_team(Some("blue"));
    assert_eq!(service.body, json!({ "http": {}, "team": "blue" }));
    assert_eq!(service.of_team(None).body, json!({ "http": {} }));
    for kind in ObjectKind::ALL {
        let body = object(kind).of_team(Some("blue")).body;
        assert_eq!(body.get("team").is_some(), kind.may_belong_to_teams(), "{kind}");
    }
}

#[test]
fn header_fields_of_credentials_are_known_by_their_names() {
    for name in [
        "Authorization",
        "proxy-authorization",
        "cookie",
        "Set-Cookie",
        "x-api-key",
        "apikey",
        "x-upstream-token",
        "x-client-secret",
        "x-goog-api-key",
        "ocp-apim-subscription-key",
        "x-session-id",
        "X-Password",
        "key",
    ] {
        assert!(super::is_credential_field(name), "{name}");
    }
    for name in ["x-edge", "server", "x-request-id", "content-type", "cache-control", "keyboard"] {
        assert!(!super::is_credential_field(name), "{name}");
    }
}

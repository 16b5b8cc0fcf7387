//! Substitution: what is put in, what is missing, and that secrets stay out of messages.

use crate::{ConsumerCredential, Snapshot, Sources, load};

struct Fixed;

impl Sources for Fixed {
    fn env(&self, name: &str) -> Option<String> {
        match name {
            "PORT" => Some(String::from("8080")),
            "EMPTY" => Some(String::new()),
            "SECRET" => Some(String::from("s3cr3t")),
            "YAML" => Some(String::from("{ a: [b] } # &x *y ${env:SECRET}")),
            _ => None,
        }
    }

    fn file(&self, path: &str) -> Result<String, String> {
        match path {
            "/run/key" => Ok(String::from("k3y\r\n")),
            "/run/lines" => Ok(String::from("one\n\n")),
            _ => Err(String::from("no such file")),
        }
    }
}

fn loaded(text: &str) -> Result<Snapshot, Vec<String>> {
    load(&format!("version: 1\n{text}"), "f", &Fixed)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn header_set_to(value: &str) -> Result<String, Vec<String>> {
    let text = format!("policies: {{ headers: {{ request: {{ set: {{ x-a: {value} }} }} }} }}");
    loaded(&text)
        .map(|snapshot| snapshot.policies.headers.as_ref().unwrap().request.set[0].1.clone())
}

#[test]
fn variables_and_files_are_put_in_after_parsing() {
    for (written, expected) in [
        ("\"${env:PORT}\"", "8080"),
        ("\"<${env:PORT}${env:PORT}>\"", "<80808080>"),
        ("\"${env:NONE:-x:-y}\"", "x:-y"),
        ("\"${env:EMPTY:-full}\"", "full"),
        ("\"${env:EMPTY}.\"", "."),
        ("\"${file:/run/key}\"", "k3y"),
        ("\"$${env:PORT}\"", "${env:PORT}"),
        ("\"$5 $$ $\"", "$5 $$ $"),
        ("\"$${a} ${env:PORT} $${b}\"", "${a} 8080 ${b}"),
        // What comes in is text: neither YAML nor looked at again.
        ("\"${env:YAML}\"", "{ a: [b] } # &x *y ${env:SECRET}"),
    ] {
        assert_eq!(header_set_to(written).as_deref(), Ok(expected), "{written}");
    }
}

#[test]
fn a_missing_one_names_the_place_once() {
    let place = "f:2:47: policies.headers.request.set.x-a: ";
    for (written, message) in [
        ("\"${env:NONE}\"", "the environment variable `NONE` is not set and has no default (`:-`)"),
        ("\"${file:/nowhere}\"", "the file `/nowhere` cannot be read: no such file"),
        ("\"${env:PORT\"", "`${` without its `}`; `$${` stands for the text `${`"),
    ] {
        assert_eq!(header_set_to(written), Err(vec![format!("{place}{message}")]), "{written}");
    }
}

#[test]
fn numbers_names_and_durations_may_come_from_outside() {
    let text = "listeners: [{ name: web, address: \"127.0.0.1:${env:PORT}\", \
                limits: { headers: \"${env:N:-7}\" }, timeouts: { head: \"${env:T:-3s}\" } }]";
    let snapshot = loaded(text).unwrap();
    assert_eq!(*snapshot.listeners[0].ports.start(), 8080);
    assert_eq!(snapshot.listeners[0].limits.headers_max, 7);
    assert_eq!(snapshot.listeners[0].timeouts.head.as_secs(), 3);
}

#[test]
fn secrets_are_never_printed() {
    let text = "consumers:
  - { name: a, credentials: [{ api_key: \"${env:SECRET}\" }, { api_key: \"tell no one\" }] }
  - { name: b, credentials: [{ api_key: \"${env:SECRET}\" }, { basic: { username: u, password: \"p\\u0007w\" } }] }
admin: { address: \"${env:SECRET}\", token: \"sp ace\" }
keys: { file: \"\" }
routes: [{ name: \"${env:SECRET}\", service: \"${env:SECRET}\", timeout: \"${env:SECRET}\", match: [{ path: { regex: \"(${env:SECRET}\" } }, { path: { prefix: \"/%7e${env:SECRET}\" } }] }]
policies: { rate_limit: { rate: \"${env:SECRET}\" }, guardrail: { keywords: [\" ${env:SECRET}\"], patterns: [\"(${env:SECRET}\"] } }
providers:
  - { name: p, kind: \"${env:SECRET}\", base_url: \"https://u:${env:SECRET}@h\" }
  - { name: q, kind: openai_compatible, base_url: \"https://h/?key=tell no one\", credentials: [{ value: \"sp ace\" }, { name: \"${env:SECRET}\", value: a }, { name: \"${env:SECRET}\", value: b }] }
models: [{ name: m, deployments: [{ provider: \"${env:SECRET}\", model: x }], fallbacks: [\"${env:SECRET}\"] }]
services: [{ name: s, prompt: { model: \"${env:SECRET}\", template: \"{{${env:SECRET}}}\" } }, { name: t, prompt: { model: m, template: \"{{${env:SECRET}}}\", input: { a: { enum: [\"${env:SECRET}\"], default: b } } } }]";
    let errors = loaded(text).unwrap_err();
    assert!(errors.len() >= 20, "{errors:#?}");
    for error in &errors {
        for secret in ["s3cr3t", "tell no one", "p\u{7}w", "sp ace"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
    let good = "consumers: [{ name: a, credentials: [{ api_key: \"${env:SECRET}\" }] }]
providers: [{ name: p, kind: openai_compatible, base_url: \"http://h\", credentials: [{ value: \"${env:SECRET}\" }] }]";
    let snapshot = loaded(good).unwrap();
    assert!(!format!("{snapshot:?}").contains("s3cr3t"));
    assert_eq!(snapshot.secrets().filter(|secret| secret.matches(b"s3cr3t")).count(), 2);
    let ConsumerCredential::ApiKey(key) = &snapshot.consumers[0].credentials[0] else {
        panic!("an api key was written");
    };
    assert!(key.matches(b"s3cr3t"));
}

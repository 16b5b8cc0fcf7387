//! A file with the objects of a database under it: one whole, whose faults say where each is; and
//! the way from a file to objects and back.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::world::World;
use crate::object::{Object, ObjectKind, Secrets, canonical, export, objects_of, settings_of};
use crate::{NoSources, Snapshot, WholeFault, format, keys_of, load, load_whole};

const NOTHING: &str = "version: 1\n";

fn object(kind: ObjectKind, body: Value) -> Object {
    let name = body["name"].as_str().unwrap_or("default").to_owned();
    Object { kind, name, body }
}

fn upstream(name: &str) -> Object {
    let body = json!({ "name": name, "endpoints": [{ "address": "127.0.0.1:9001" }] });
    object(ObjectKind::Upstream, body)
}

fn service(name: &str, upstream: &str) -> Object {
    object(ObjectKind::Service, json!({ "name": name, "http": { "upstream": upstream } }))
}

fn whole(file: &str, objects: &[Object]) -> Result<Snapshot, Vec<WholeFault>> {
    load_whole(file, "gateway.yaml", objects, &NoSources)
}

/// The faults, each as an error and as one of an object.
fn told(file: &str, objects: &[Object]) -> Vec<(String, Option<String>)> {
    let faults = whole(file, objects).expect_err("something is wrong");
    let told = |fault: &WholeFault| {
        (fault.error.to_string(), fault.object.as_ref().map(ToString::to_string))
    };
    faults.iter().map(told).collect()
}

#[test]
fn objects_of_file_and_database_refer_to_each_other() {
    let file = "version: 1
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
services: [{ name: of-file, http: { upstream: of-database } }]
";
    let objects = [
        upstream("of-database"),
        service("second", "of-database"),
        object(
            ObjectKind::Route,
            json!({ "name": "r", "listeners": ["web"], "service": "of-file" }),
        ),
        object(ObjectKind::Policies, json!({ "body_limit": { "request": "1KiB" } })),
    ];
    let snapshot = whole(file, &objects).expect("it is valid");
    let names: Vec<_> = snapshot.services.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["of-file", "second"]);
    assert_eq!(snapshot.routes[0].services[0].service.get(), 0);
    assert!(snapshot.policies.body_limit.is_some());
}

#[test]
fn a_fault_of_the_database_names_object_and_pointer() {
    let route = json!({
        "name": "r",
        "match": [{ "path": { "prefix": "/" }, "methods": ["GET"] }, { "pth": { "exact": "/" } }],
        "timeout": 5,
        "service": "ap",
    });
    let objects = [upstream("app"), service("app", "app"), object(ObjectKind::Route, route)];
    let file = "version: 1\nlisteners: [{ name: web, address: \"127.0.0.1:0\" }]\n";
    assert_eq!(
        told(file, &objects),
        [
            (
                "database: routes[\"r\"].match[1]: unknown key `pth`, did you mean `path`?".into(),
                Some(
                    "route `r` at /match/1/pth: unknown key `pth`, did you mean `path`?".to_owned()
                ),
            ),
            (
                "database: routes[\"r\"].timeout: expected a duration such as `250ms`, `10s`, \
                 `5m` or `1h`, found `5`"
                    .into(),
                Some(
                    "route `r` at /timeout: expected a duration such as `250ms`, `10s`, `5m` or \
                     `1h`, found `5`"
                        .to_owned()
                ),
            ),
            (
                "database: routes[\"r\"].service: no service is named `ap`, did you mean `app`?"
                    .into(),
                Some(
                    "route `r` at /service: no service is named `ap`, did you mean `app`?"
                        .to_owned()
                ),
            ),
        ]
    );
}

#[test]
fn a_fault_of_the_file_that_the_database_causes_is_told_as_one_of_its_object() {
    let file = "version: 1
services:
  - { name: first, http: { upstream: app } }
  - name: second
    http: { upstream: gone }
";
    assert_eq!(
        told(file, &[upstream("app")]),
        [(
            "gateway.yaml:5:23: services[1].http.upstream: no upstream is named `gone`".into(),
            Some("service `second` at /http/upstream: no upstream is named `gone`".to_owned()),
        )]
    );
}

#[test]
fn a_name_in_both_is_told_once_with_the_line_of_the_file() {
    let file = "version: 1
upstreams:
  - { name: other, endpoints: [{ address: \"127.0.0.1:1\" }] }
  - { name: app, endpoints: [{ address: \"127.0.0.1:1\" }] }
policies: { body_limit: { request: 1KiB } }
";
    let policies = object(ObjectKind::Policies, json!({}));
    let told = told(file, &[upstream("app"), policies, service("app", "app")]);
    let errors: Vec<_> = told.iter().map(|(error, _)| error.as_str()).collect();
    assert_eq!(
        errors,
        [
            "gateway.yaml:4:13: upstreams[1].name: the database has an upstream `app` as well: a \
             name is either in the file or there",
            "gateway.yaml:5:1: the database has the policies `default` as well: a name is either in \
             the file or there",
        ]
    );
}

#[test]
fn substitution_is_not_for_the_database() {
    let mut app = upstream("app");
    app.body["endpoints"][0]["address"] = json!("${env:HOME}:1");
    let mut other = upstream("other");
    other.body["persistence"] = json!({ "header": "${file:/etc/passwd}" });
    let pointers: Vec<_> = whole(NOTHING, &[app, other])
        .expect_err("neither is taken")
        .into_iter()
        .map(|fault| {
            assert!(
                fault.error.message.starts_with("substitution works in files alone"),
                "{fault:?}"
            );
            fault.object.expect("it is one of an object").pointer
        })
        .collect();
    assert_eq!(pointers, ["/endpoints/0/address", "/persistence/header"]);
}

#[test]
fn the_name_is_the_one_it_is_known_by() {
    let mut nameless = upstream("app");
    nameless.body.as_object_mut().unwrap().remove("name");
    assert_eq!(whole(NOTHING, &[nameless]).unwrap().upstreams[0].name.as_str(), "app");
    let renamed = Object { name: "other".to_owned(), ..upstream("app") };
    let (_, told) = told(NOTHING, &[renamed]).remove(0);
    assert_eq!(
        told.as_deref(),
        Some("upstream `other` at /name: the name of this upstream is `other`")
    );
}

#[test]
fn a_listener_of_the_database_cannot_have_the_admin_address() {
    let file = "version: 1\nadmin: { address: \"127.0.0.1:9080\" }\n";
    let body = json!({ "name": "web", "address": "127.0.0.1:9080" });
    let (_, told) = told(file, &[object(ObjectKind::Listener, body)]).remove(0);
    assert_eq!(
        told.as_deref(),
        Some("listener `web` at /address: the admin listener already has this address")
    );
}

#[test]
fn what_is_no_object_is_refused_and_not_taken_for_one() {
    let mut deep = json!({});
    for _ in 0..100 {
        deep = json!([deep]);
    }
    for body in [json!(null), json!([]), json!("x"), json!({ "name": "app", "endpoints": deep })] {
        let object = Object { kind: ObjectKind::Upstream, name: "app".to_owned(), body };
        let faults = whole(NOTHING, &[object]).expect_err("it is none");
        assert!(faults.iter().all(|fault| fault.object.is_some()), "{faults:?}");
    }
}

/// Everything of a snapshot that comes from objects.
fn of_objects(snapshot: &Snapshot) -> String {
    let Snapshot { listeners, upstreams, services, routes, .. } = snapshot;
    let Snapshot { consumers, providers, models, policies, .. } = snapshot;
    format!(
        "{:#?}",
        (listeners, upstreams, services, routes, consumers, providers, models, policies)
    )
}

#[track_caller]
fn assert_same(one: &Snapshot, other: &Snapshot, file: &str) {
    // A number may be written in another way than JSON prints it.
    let (one, other) = (of_objects(one), of_objects(other).replace("-1.5e3", "-1500.0"));
    let differ = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    assert_eq!((differ, one.len()), (None, other.len()), "{file}");
}

/// Every valid file of the fixtures.
fn valid_files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/config");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let yaml = files.filter(|path| path.extension().is_some_and(|found| found == "yaml"));
    let texts = yaml.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap()));
    let valid: Vec<_> = texts.filter(|(file, text)| load(text, file, &World).is_ok()).collect();
    assert!(valid.len() >= 5, "{}", valid.len());
    valid
}

#[test]
fn objects_say_what_their_file_says() {
    for (file, text) in valid_files() {
        let snapshot = load(&text, &file, &World).unwrap();
        let objects = objects_of(&text, &file, Some(&World)).unwrap();
        let again = load_whole(NOTHING, "nothing", &objects, &World);
        match objects.iter().filter(|object| object.body.get("stdio").is_some()).count() {
            0 => assert_same(&again.unwrap(), &snapshot, &file),
            // Whoever may change an object of a database may not run programs.
            programs => {
                let faults = again.expect_err("a program is run only where a file says so");
                let only = "a program is run only where a gateway file says so";
                assert!(faults.iter().all(|fault| fault.error.message == only), "{faults:?}");
                assert_eq!(faults.len(), programs, "{file}");
            }
        }
        for object in &objects {
            assert_eq!(canonical(object), object.body, "{file}: {object:?}");
        }
    }
}

#[test]
fn an_exported_file_says_the_same_and_is_laid_out() {
    for (file, text) in valid_files() {
        let snapshot = load(&text, &file, &World).unwrap();
        let objects = objects_of(&text, &file, Some(&World)).unwrap();
        let exported = export(&objects, Secrets::Plain).text;
        assert_eq!(format(&exported, &file).as_ref(), Ok(&exported), "{file}");
        let again = load(&exported, &file, &World).unwrap_or_else(|e| panic!("{e:?}\n{exported}"));
        assert_same(&again, &snapshot, &file);
        assert_eq!(objects_of(&exported, &file, Some(&World)).unwrap(), objects, "{file}");
    }
}

#[test]
fn secrets_are_exported_as_variables_that_are_named() {
    let consumer = json!({ "name": "mobile", "credentials": [
        { "api_key": "k-1" }, { "api_key": "k-2" }, { "basic": { "username": "u", "password": "p" } },
    ] });
    let provider = json!({ "name": "lab", "kind": "openai_compatible", "base_url": "http://h",
        "credentials": [{ "name": "main", "value": "v" }] });
    let objects = [object(ObjectKind::Consumer, consumer), object(ObjectKind::Provider, provider)];
    let exported = export(&objects, Secrets::Variables);
    let names: Vec<_> = exported.variables.iter().map(|(name, _)| name.as_str()).collect();
    let wanted = [
        "CONSUMER_MOBILE_API_KEY",
        "CONSUMER_MOBILE_API_KEY_2",
        "CONSUMER_MOBILE_PASSWORD",
        "PROVIDER_LAB_MAIN_VALUE",
    ];
    assert_eq!(names, wanted);
    for name in wanted {
        assert!(exported.text.contains(&format!("\"${{env:{name}}}\"")), "{}", exported.text);
    }
    for secret in ["k-1", "k-2", "\"p\"", "\"v\""] {
        assert!(!exported.text.contains(secret), "{}", exported.text);
    }
}

#[test]
fn every_text_comes_back_from_an_exported_file() {
    for text in [
        "plain",
        "null",
        "true",
        "12",
        "1.50",
        "a: b",
        "- a",
        "# c",
        "'q'",
        "\"d\"",
        "a\\b",
        " lead",
        "trail ",
        "two\nlines",
        "two\nlines\n",
        "two\nlines\n\n",
        "\n",
        "a\n\n b\n",
        "a \nb",
        "a\tb",
        "tab\n\tb",
        "é ü 漢",
        "${literal}",
        "$${twice}",
        "a\r\nb",
        "\u{85}x\ny",
        "{{x}}",
        "*x",
        "&x",
        "!x",
        "%x",
        "@x",
        "`x`",
        "a #b",
        "a\n# b",
        "---",
        "a\n---\nb",
    ] {
        let body = json!({ "name": "s", "prompt": { "model": "p/echo", "template": text } });
        let provider = json!({ "name": "p", "kind": "mock" });
        let objects = [object(ObjectKind::Service, body), object(ObjectKind::Provider, provider)];
        let exported = export(&objects, Secrets::Plain).text;
        let back = objects_of(&exported, "f", Some(&NoSources));
        let back = back.unwrap_or_else(|error| panic!("{text:?}: {error:?}\n{exported}"));
        assert_eq!(back[0].body["prompt"]["template"], text, "{exported}");
        assert!(format(&exported, "f").is_ok_and(|laid_out| laid_out == exported), "{exported}");
    }
}

#[test]
fn settings_of_a_file_are_what_is_no_object() {
    let file = "version: 1\nroutes: []\nadmin: { address: \"127.0.0.1:1\" }\ntelemetry: {}\n";
    assert_eq!(settings_of(file, "f").unwrap(), ["admin", "telemetry"]);
}

#[test]
fn the_keys_of_a_file_are_read_by_themselves() {
    let text = "version: 1\nservices: [{ name: a, http: { upstream: of-the-database } }]\n";
    assert_eq!(keys_of(text, "f", &NoSources).unwrap().file, None);
    let named = format!("{text}keys: {{ file: root.key }}\n");
    assert_eq!(keys_of(&named, "f", &NoSources).unwrap().file.unwrap().as_os_str(), "root.key");
    let missing = format!("{text}keys: {{ file: \"${{env:NONE}}\" }}\n");
    assert_eq!(keys_of(&missing, "f", &NoSources).unwrap_err().len(), 1);
    assert!(keys_of("version: 1\nkeys: { fil: x }\n", "f", &NoSources).is_err());
}

#[test]
fn a_number_where_a_text_is_meant_is_the_text_as_it_is_written() {
    let file = "version: 1\nconsumers: [{ name: c, credentials: [{ api_key: 0012345 }, \
                { basic: { username: 7, password: 1e3 } }] }]\n";
    let snapshot = whole(file, &[]).expect("it is valid");
    let said: Vec<&str> = snapshot.secrets().map(architrave_core::Secret::expose).collect();
    assert_eq!(said, ["0012345", "1e3"]);
    let error =
        whole("version: 1\nconsumers: [{ name: c, credentials: [{ api_key: [1] }] }]\n", &[]);
    let said = error.expect_err("a list is no text")[0].error.to_string();
    assert!(said.contains("consumers[0].credentials[0].api_key: expected a secret text"), "{said}");
}

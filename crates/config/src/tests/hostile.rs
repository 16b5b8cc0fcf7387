//! Texts that nobody means well with: they end in errors, in bounded time and memory.

use std::fmt::Write;

use proptest::prelude::*;

use super::world::World;
use crate::{NoSources, format, load};

fn first_error(text: &str) -> String {
    load(text, "f", &NoSources).unwrap_err()[0].to_string()
}

#[test]
fn aliases_cannot_grow_without_bound() {
    let mut text =
        String::from("version: 1\na0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..12 {
        let before = level - 1;
        let list = vec![format!("*a{before}"); 9].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{list}]");
    }
    assert!(first_error(&text).contains("anchors and aliases copy too much"));
}

#[test]
fn a_long_text_cannot_be_copied_many_times() {
    let long = "x".repeat(1 << 20);
    let text = format!("version: 1\na: &a \"\\x41{long}\"\nb: [{}]\n", vec!["*a"; 1000].join(","));
    assert!(first_error(&text).contains("anchors and aliases copy too much"));
}

#[test]
fn an_alias_within_its_own_anchor_is_refused() {
    assert!(first_error("version: 1\nroutes: &a [*a]\n").contains("within its own anchor"));
}

#[test]
fn depth_is_bounded_in_both_styles() {
    let flow = format!("version: 1\nroutes: {}{}", "[".repeat(200), "]".repeat(200));
    assert!(first_error(&flow).contains("nested more than 64 deep"));
    let block = format!("version: 1\nroutes:\n  {}x\n", "- ".repeat(100_000));
    assert!(first_error(&block).contains("nested more than 64 deep"));
    let aliased = (0..40).fold(String::from("a0: &a0 [[[x]]]\n"), |mut text, level| {
        let _ = writeln!(text, "a{}: &a{} [[[*a{level}]]]", level + 1, level + 1);
        text
    });
    assert!(first_error(&aliased).contains("nested more than 64 deep"));
}

#[test]
fn size_is_bounded() {
    let text = "#".repeat((64 << 20) + 1);
    assert!(first_error(&text).contains("longer than 64 MiB"));
}

#[test]
fn thousands_of_faults_are_all_reported() {
    let mut text = String::from("version: 1\nroutes:\n");
    for at in 0..5_000 {
        let _ = writeln!(text, "  - {{ name: r{at}, service: nowhere, hots: [a] }}");
    }
    // No service, an unknown key and no listener in each.
    let errors = load(&text, "f", &NoSources).unwrap_err();
    assert_eq!(errors.len(), 15_000);
    assert_eq!(errors[14_998].path, "routes[4999].service");
}

#[test]
fn patterns_are_of_the_whole_value_and_cannot_break_out() {
    let route = |regex: &str| {
        let text = format!(
            "version: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n\
             routes: [{{ name: r, match: [{{ path: {{ regex: '{regex}' }} }}], \
             policies: {{ redirect: {{ path: /x }} }} }}]"
        );
        load(&text, "f", &NoSources)
    };
    for breaking in [
        "a)|(?:b",
        "(?x)a # ",
        "(",
        "a{1,99999}{1,99999}",
        "(((((((((((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))))))))))",
    ] {
        assert!(route(breaking).is_err(), "{breaking}");
    }
    let snapshot = route("/a|/b").unwrap();
    let crate::PathMatch::Regex(regex) = &snapshot.routes[0].matches[0].path else {
        panic!("a regular expression was written");
    };
    assert!(regex.is_match("/a") && regex.is_match("/b"));
    assert!(!regex.is_match("/ab") && !regex.is_match("x/a") && !regex.is_match("/a\n"));
}

#[test]
fn control_characters_are_refused_where_they_are() {
    for (text, place) in [
        (
            "version: 1\r\nroutes: []\rx: \u{e4}\u{c}\n",
            "f:3:5: not valid YAML: a control character, U+000C",
        ),
        ("\u{feff}\u{0}", "f:1:1: not valid YAML: a control character, U+0000"),
        ("version: 1 # \u{7f}", "f:1:14: not valid YAML: a control character, U+007F"),
    ] {
        assert!(first_error(text).starts_with(place), "{}", first_error(text));
    }
    let escaped = load("version: 1\nkeys: { file: \"a\\x1Fb\" }\n", "f", &NoSources);
    assert!(escaped.is_ok(), "escaped they are text like any other: {escaped:?}");
}

#[test]
fn keys_of_the_old_merge_syntax_are_unknown() {
    assert!(first_error("version: 1\n<<: { listeners: [] }\n").contains("unknown key `<<`"));
}

const BALANCER: &str = include_str!("../../../../fixtures/config/load-balancer.yaml");
const MODELS: &str = include_str!("../../../../fixtures/config/models.yaml");
const PROVIDERS: &str = include_str!("../../../../fixtures/config/providers.yaml");

/// A real file with a few bytes changed, taken out or doubled: nearly right is where readers trip.
fn mutated(original: &'static str) -> impl Strategy<Value = String> {
    let edit = (0..original.len(), 0..30usize, "[-:{}\\[\\],#&*!|>'\"%@` \n\ta-z0-9$]{0,4}");
    proptest::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut bytes = original.as_bytes().to_vec();
        for (at, taken, put) in edits {
            let at = at.min(bytes.len());
            let end = (at + taken).min(bytes.len());
            bytes.splice(at..end, put.into_bytes());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_loader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(load(&text, "f", &NoSources).is_err());
        let _ = format(&text, "f");
    }

    #[test]
    fn no_yaml_makes_the_loader_panic(text in "([-:{}\\[\\],#&*!|>'\"%@` \n\ta-c0-3$~?]|version|name|routes){0,120}") {
        let _ = load(&text, "f", &NoSources);
        let _ = format(&text, "f");
    }

    #[test]
    fn a_mutated_file_loads_or_is_refused_with_places(
        text in prop_oneof![mutated(BALANCER), mutated(MODELS), mutated(PROVIDERS)]
    ) {
        if let Err(errors) = load(&text, "f", &World) {
            prop_assert!(!errors.is_empty());
            let lines = u32::try_from(text.lines().count()).unwrap();
            for error in errors {
                prop_assert!((1..=lines + 1).contains(&error.line) && error.column >= 1, "{}", error);
            }
        }
        if let Ok(formatted) = format(&text, "f") {
            let twice = format(&formatted, "f");
            prop_assert_eq!(twice, Ok(formatted));
        }
    }
}

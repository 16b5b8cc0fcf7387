//! The canonical layout: what moves, what stays, and that nothing is lost.

use std::fs;
use std::path::Path;

use crate::format;

#[track_caller]
fn check(before: &str, after: &str) {
    assert_eq!(format(before, "f").as_deref(), Ok(after));
    assert_eq!(format(after, "f").as_deref(), Ok(after), "formatting twice changes nothing more");
}

#[test]
fn levels_are_two_spaces() {
    check("a:\n    b:\n        c: 1\n    d: 2\n", "a:\n  b:\n    c: 1\n  d: 2\n");
    check("a:\n b: 1\n", "a:\n  b: 1\n");
}

#[test]
fn lists_are_indented_within_maps() {
    check("a:\n- b: 1\n  c: 2\n- d: 3\ne: 4\n", "a:\n  - b: 1\n    c: 2\n  - d: 3\ne: 4\n");
    check("a:\n  -   b: 1\n      c:\n      - x\n", "a:\n  - b: 1\n    c:\n      - x\n");
    check("- - a\n  - b\n-\n  c: 1\n", "- - a\n  - b\n-\n  c: 1\n");
}

#[test]
fn blanks_at_the_end_and_doubled_blank_lines_go() {
    check("\n\na: 1   \n\n\n\nb: 2\t\r\n\n\n", "a: 1\n\nb: 2\n");
}

#[test]
fn comments_go_with_the_line_below_or_the_value_above() {
    check(
        "a:\n    # of b\n    b: 1      # beside\n              # and below it\n    - c\n"
            .replace("    - c\n", "    d: 2\n")
            .as_str(),
        "a:\n  # of b\n  b: 1      # beside\n            # and below it\n  d: 2\n",
    );
    check("# first\na:\n- b\n# last\n", "# first\na:\n  - b\n# last\n");
    check("a:\n- # why\n  b: 1\n", "a:\n  - # why\n    b: 1\n");
}

#[test]
fn values_over_several_lines_move_as_one() {
    check("a:\n    b: { c: 1, # why\n         d: 2 }\n", "a:\n  b: { c: 1, # why\n       d: 2 }\n");
    check(
        "a:\n    b: |\n        x  \n\n\n          y\n    c: 1\n",
        "a:\n  b: |\n      x  \n\n\n        y\n  c: 1\n",
    );
    check("a:\n    b: one\n      two\n", "a:\n  b: one\n    two\n");
}

#[test]
fn one_space_is_behind_a_key_and_brackets_are_even() {
    check("a:    1\nb:  2\n", "a: 1\nb: 2\n");
    check("a:   # why\n  b:    x  # beside\n", "a:   # why\n  b: x  # beside\n");
    check("a: {b: 1,c: [x,y , z],d: {}}\n", "a: { b: 1, c: [x, y, z], d: {} }\n");
    check("a:   [ x ]   # beside\n", "a: [x]       # beside\n");
    check("a: [x,y] # beside\n", "a: [x, y]  # beside\n");
    check("a: [x]      # beside\nb: 1        # too\n", "a: [x]      # beside\nb: 1        # too\n");
    check("a:\n  - {b: 1,\n     c: 2}\n", "a:\n  - { b: 1, c: 2 }\n");
    check("a: [\n  x,\n  y,\n]\n", "a: [x, y]\n");
    check("a: {\"b\":1,'c':\"x # y\"}\n", "a: { \"b\": 1, 'c': \"x # y\" }\n");
}

#[test]
fn what_is_too_long_for_a_line_becomes_a_block() {
    let long = "x".repeat(45);
    check(
        &format!("a:\n  - {{name: {long}, of: [{long}, y]}} # why\n  - b\n"),
        &format!("a:\n  # why\n  - name: {long}\n    of: [{long}, y]\n  - b\n"),
    );
    check(
        &format!("a: {{b: [{long}, {long}], c: 1}}\nd: 2\n"),
        &format!("a:\n  b: [{long}, {long}]\n  c: 1\nd: 2\n"),
    );
    check(
        &format!("a: [{long}, {long}, [z, {long}, {long}]]\n"),
        &format!("a:\n  - {long}\n  - {long}\n  - - z\n    - {long}\n    - {long}\n"),
    );
    check(
        &format!("a:\n  {{b: {long},\n   c: {long}}}\n"),
        &format!("a:\n  b: {long}\n  c: {long}\n"),
    );
}

#[test]
fn what_has_more_to_it_stays_as_it_is_written() {
    for text in [
        "a: {b: &x 1,c: *x}\n",
        "a: &x {b: 1,c: 2}\nd: *x\n",
        "a: !t {b: 1}\n",
        "a: {b,c: 1}\n",
        "a: [b: 1,c]\n",
        "a: [x, # why\n    y]\n",
        "a: {? b : 1}\n",
        "a: {b: one\n       two}\n",
        "? {a: 1}\n: b\n",
        "{\"a\":1,\n \"b\":[2]}\n",
        "a: \"b\"\n",
    ] {
        if let Ok(formatted) = format(text, "f") {
            assert_eq!(formatted, text);
        }
    }
}

proptest::proptest! {
    #[test]
    fn formatting_twice_is_formatting_once_and_changes_no_meaning(
        lines in proptest::collection::vec(any_line(), 1..14),
    ) {
        let text = lines.concat();
        let Ok(once) = format(&text, "f") else { return Ok(()) };
        let twice = format(&once, "f").expect("it was laid out before");
        proptest::prop_assert_eq!(&twice, &once);
        let read = |text: &str| {
            let mut faults = Vec::new();
            let tree = crate::tree::parse(text, "f", &mut faults).expect("it was read before");
            format!("{:?}", said(&tree.root))
        };
        proptest::prop_assert_eq!(read(&text), read(&once));
    }
}

/// A line as people write them, and as they do not.
fn any_line() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let word = prop_oneof![
        Just("a".to_owned()),
        Just("bb".to_owned()),
        Just("\"q # x\"".to_owned()),
        Just("'s'".to_owned()),
        Just("1".to_owned()),
        Just("ä".to_owned()),
        Just("k".repeat(60)),
        Just("[a,b]".to_owned()),
        Just("{ a: 1,b: [x] }".to_owned()),
        Just("{}".to_owned()),
        Just("|\n       text".to_owned()),
        Just("&n a".to_owned()),
        Just("*n".to_owned()),
        "\\[[a-c ,]{0,8}\\]",
        "\\{[a-c:, ]{0,10}\\}",
        Just(format!("{{ one: {0}, two: {{ three: [{0}, {0}] }} }}", "w".repeat(40))),
    ];
    let comment = prop_oneof![
        4 => Just(String::new()), 1 => Just(" # why".to_owned()), 1 => Just("   #so".to_owned())
    ];
    (0_usize..5, 0_usize..3, "[a-d]{1,2}", 0_usize..4, word, comment, 0_u8..10).prop_map(
        |(indent, dashes, key, gap, word, comment, sort)| {
            let (pad, dashes) = (" ".repeat(indent), "- ".repeat(dashes));
            let gap = " ".repeat(gap);
            match sort {
                0 => "\n".to_owned(),
                1 => format!("{pad}# {key}\n"),
                2 => format!("{pad}{dashes}{key}:{comment}\n"),
                3 => format!("{pad}{dashes}{word}{comment}\n"),
                _ => format!("{pad}{dashes}{key}:{gap}{word}{comment}\n"),
            }
        },
    )
}

/// What a value says, without where it says it.
fn said(node: &crate::tree::Node<'_>) -> serde_json::Value {
    use crate::tree::Content;
    match &node.content {
        Content::Nothing => serde_json::Value::Null,
        Content::Text(text) => text.as_ref().into(),
        Content::List(items) => items.iter().map(said).collect(),
        Content::Map(entries) => {
            entries.iter().map(|it| serde_json::json!([it.key(), said(&it.value)])).collect()
        }
    }
}

#[test]
fn what_is_no_yaml_is_refused() {
    assert!(format("a: [", "f").is_err());
}

#[test]
fn every_fixture_says_the_same_after_formatting() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in ["fixtures/config", "examples"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            if let Ok(formatted) = format(&text, "f") {
                assert_eq!(format(&formatted, "f"), Ok(formatted), "{}", path.display());
            }
        }
    }
}

#[test]
fn the_example_is_in_the_canonical_layout() {
    let example = include_str!("../../../../examples/quickstart.yaml");
    check(example, example);
}

#[test]
fn what_the_tree_leaves_out_is_not_moved() {
    let twice = "a:\n  - b\na:\n-   c }\n  - d\n";
    let error = format(twice, "f").unwrap_err();
    assert!(error.to_string().starts_with("f:3:1: "), "{error}");
}

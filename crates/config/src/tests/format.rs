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
    check("a:\n    b: { c: 1,\n         d: 2 }\n", "a:\n  b: { c: 1,\n       d: 2 }\n");
    check(
        "a:\n    b: |\n        x  \n\n\n          y\n    c: 1\n",
        "a:\n  b: |\n      x  \n\n\n        y\n  c: 1\n",
    );
    check("a:\n    b: one\n      two\n", "a:\n  b: one\n    two\n");
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

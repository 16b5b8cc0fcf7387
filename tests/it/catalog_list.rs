//! `architrave catalog list`: the kinds of providers and their models, for people and programs.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::architrave;

fn listed(arguments: &[&str]) -> String {
    let output = architrave(&[&["catalog", "list"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&listed(&[&["--json"], arguments].concat())).expect("JSON")
}

#[test]
fn kinds_are_told_with_all_that_a_file_needs() {
    let table = listed(&[]);
    let head = table.lines().next().expect("a head");
    for column in ["KIND", "DIALECTS", "CREDENTIAL", "NEEDS", "MODELS", "BASE URL"] {
        assert!(head.contains(column), "{head}");
    }
    assert!(table.lines().count() > 100, "{table}");
    let azure = listed(&["--provider", "azure"]);
    let row = azure.lines().nth(1).expect("a row");
    for word in ["openai_chat", "header:api-key", "resource", "api_version"] {
        assert!(row.contains(word), "{row}");
    }
    assert_eq!(azure.lines().count(), 2, "{azure}");

    let told = json(&["--provider", "anthropic"]);
    let one = &told["providers"][0];
    assert_eq!(one["kind"], "anthropic");
    assert_eq!(one["base_url"], "https://api.anthropic.com");
    assert_eq!(one["dialects"][0], "anthropic_messages");
    assert!(one["models"].as_u64().is_some_and(|count| count > 5), "{told}");
}

#[test]
fn models_are_those_of_the_catalogue_that_the_gateway_goes_by() {
    let told = listed(&["--models", "--provider", "openai"]);
    let row = told.lines().find(|line| line.starts_with("openai/gpt-4o-mini ")).expect("a row");
    assert!(row.contains("128000") && row.contains("0.15") && row.contains("0.6"), "{row}");

    let dir = TempDir::new().expect("there is room for a directory");
    let rows = "lab https://lab.example/v1 bearer openai_chat\nlab/big chat 9000 - - input=0.1\n";
    fs::write(dir.path().join("catalog.txt"), rows).expect("there is room for a file");
    let data = dir.path().display().to_string();
    let told = json(&["--models", "--provider", "lab", "--data", &data]);
    let model = &told["providers"][0]["models"][0];
    assert_eq!((&model["name"], &model["input_tokens_max"]), (&"big".into(), &9000.into()));
    assert_eq!(model["usd_per_million"]["input"], "0.1");
}

#[test]
fn what_is_not_there_is_a_clear_end() {
    let output = architrave(&["catalog", "list", "--provider", "antropic"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("did you mean `anthropic`?"), "{said}");
    let output = architrave(&["catalog", "list", "--catalog", "/nowhere/catalog.txt"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: /nowhere/catalog.txt"), "{said}");
}

//! `architrave catalog update`: rows and price lists taken over, or every fault of them told.

use std::fs;
use std::path::Path;
use std::process::Output;

use architrave_testkit::{Client, Config, Gateway, GatewayOptions, Origin, Reloaded};
use tempfile::TempDir;

use crate::cli::architrave;

const ROWS: &str = "# ours\nlab https://lab.example/v1 bearer openai_chat\nlab/big chat 8192 - tools input=1 output=2\n";

const LIST: &str = r#"{
  "gpt-4o": { "litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.25e-06 },
  "lab/small": { "litellm_provider": "lab", "mode": "chat", "output_cost_per_token": "0.0000001" },
  "x/y": { "litellm_provider": "nobody", "mode": "chat" }
}
"#;

fn update(dir: &Path, rest: &[&str]) -> Output {
    let output = dir.join("out/catalog.txt").display().to_string();
    let mut arguments = vec!["catalog", "update", "--output", &output];
    arguments.extend(rest);
    architrave(&arguments)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr })
        .into_owned()
}

#[test]
fn rows_and_prices_are_taken_over_and_counted() {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).expect("there is room for a file");
        path.display().to_string()
    };
    let (rows, list) = (file("rows.txt", ROWS), file("prices.json", LIST));
    let written = dir.path().join("out/catalog.txt");

    let dry = update(dir.path(), &["--dry-run", &rows]);
    assert!(dry.status.success() && said(&dry).contains("dry run: "), "{}", said(&dry));
    assert!(said(&dry).contains("providers: 1 new, 0 changed, 0 removed, "), "{}", said(&dry));
    assert!(!written.exists());

    let first = said(&update(dir.path(), &[&rows, &list]));
    assert!(first.contains("2 models; passed over, of other providers or kinds: 1"), "{first}");
    assert!(first.contains("models: 2 new, 1 changed, 0 removed, "), "{first}");
    let text = fs::read_to_string(&written).expect("it was written");
    for row in [
        "lab https://lab.example/v1 bearer openai_chat\n",
        "lab/big chat 8192 - tools input=1 output=2\n",
        "lab/small chat - - - output=0.1\n",
        "openai/gpt-4o chat - - - input=1.25\n",
    ] {
        assert!(text.contains(row), "{row}");
    }
    let names: Vec<_> = fs::read_dir(dir.path().join("out")).expect("it is there").collect();
    assert_eq!(names.len(), 1, "nothing else is left: {names:?}");

    // What a later update does not have any more goes, and what is built in comes back.
    let second = said(&update(dir.path(), &[&rows]));
    assert!(second.contains("models: 0 new, 1 changed, 1 removed, "), "{second}");
    // What was written is itself a file of rows.
    let again = said(&update(dir.path(), &[&written.display().to_string()]));
    assert!(again.contains("models: 0 new, 0 changed, 0 removed, "), "{again}");
}

#[test]
fn a_fault_is_told_with_its_line_and_nothing_is_written() {
    let dir = TempDir::new().expect("there is room for a directory");
    let path = dir.path().join("bad");
    let name = path.display().to_string();
    for (text, lines) in [
        (
            "openai/x chat - - - input=-1\nopenai/y talk - - -\n",
            &[
                "line 1: `input=-1`: a price cannot be below zero",
                "line 2: `talk` is no kind of model",
            ][..],
        ),
        (
            "{\n\"gpt-4o\": {\"litellm_provider\": \"openai\", \"mode\": \"chat\",\n\"input_cost_per_token\": true}}",
            &[
                "line 3: `input_cost_per_token: true`: a price must be a decimal number, as 0.15 or 1.5e-7",
            ],
        ),
        ("{\n\n", &["line 3: "]),
    ] {
        fs::write(&path, text).expect("there is room for a file");
        let output = update(dir.path(), &[&name]);
        assert_eq!(output.status.code(), Some(1));
        let said = said(&output);
        for line in lines {
            assert!(said.contains(&format!("{name}: {line}")), "{said}");
        }
        let plural = if lines.len() == 1 { "" } else { "s" };
        let count = format!("error: {name} is not valid: {} error{plural}\n", lines.len());
        assert!(said.ends_with(&count), "{said}");
    }
    let missing = update(dir.path(), &["/nowhere/prices.json"]);
    assert!(said(&missing).starts_with("error: /nowhere/prices.json: "), "{}", said(&missing));
    assert!(!dir.path().join("out").exists());
}

/// Asks the model of the provider `mine`, and gives target and headers of what the origin got.
fn ask(gateway: &Gateway, origin: &Origin) -> (String, Vec<(String, String)>) {
    let body = r#"{"model":"mine/m","messages":[{"role":"user","content":"ping"}]}"#;
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: ai\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = Client::connect(gateway.web()).ask(request);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let request = origin.last();
    (request.target, request.head.fields)
}

#[test]
fn a_gateway_goes_by_what_was_taken_over_and_by_what_comes_later() {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("catalog.txt");
    let write = |row: &str| fs::write(&file, row).expect("there is room for a file");
    let origin = Origin::start(|exchange| {
        let answer = r#"{"id":"c","object":"chat.completion","created":1,"model":"m",
            "choices":[{"index":0,"message":{"role":"assistant","content":"pong"},"finish_reason":"stop"}]}"#;
        exchange.reply(200, &[("content-type", "application/json")], answer);
    });
    let config = Config::new()
        .web()
        .service("ai", "llm: { models: [\"*\"] }")
        .route("ai", "service: ai")
        .and(&format!(
            "providers:\n  - {{ name: mine, kind: lab-9, base_url: \"http://{}/api\", \
             credentials: [{{ value: sk-lab-0123 }}] }}\n",
            origin.addr()
        ));
    let yaml = config.to_string();
    let path = dir.path().join("gateway.yaml");
    fs::write(&path, &yaml).expect("there is room for a file");
    let path = path.display().to_string();
    let unknown = architrave(&["validate", &path]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("lab-9"), "{unknown:?}");
    let missing = architrave(&["validate", &path, "--catalog", "/nowhere/catalog.txt"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nowhere/catalog.txt: "));

    write("lab-9 https://lab.example header:x-lab-key openai_chat=/v9\n");
    let catalog = file.display().to_string();
    let valid = architrave(&["validate", &path, "--catalog", &catalog]);
    assert!(valid.status.success(), "{valid:?}");
    let gateway = GatewayOptions::new().env("ARCHITRAVE_CATALOG", &catalog).start(&yaml);
    let (target, fields) = ask(&gateway, &origin);
    assert_eq!(target, "/api/v9/chat/completions");
    assert!(fields.contains(&("x-lab-key".into(), "sk-lab-0123".into())), "{fields:?}");

    write("lab-9 https://lab.example bearer openai_chat=/v10\n");
    assert_eq!(gateway.reload(&yaml), Reloaded::Taken);
    let (target, fields) = ask(&gateway, &origin);
    assert_eq!(target, "/api/v10/chat/completions");
    assert!(!fields.iter().any(|(name, _)| name == "x-lab-key"), "{fields:?}");

    // What is wrong is told, and everything goes on as it was.
    write("lab-9 https://lab.example magic openai_chat\n");
    let refused = gateway.reload(&yaml);
    let Reloaded::Refused(why) = refused else { panic!("{refused:?}") };
    assert!(why.contains("catalog.txt: line 1: `magic` is no way to send a credential"), "{why}");
    assert_eq!(ask(&gateway, &origin).0, "/api/v10/chat/completions");
}

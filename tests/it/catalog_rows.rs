//! Every row of the catalogue against an origin that writes down what it is asked: URL, credential,
//! headers, and the body in the provider's dialect.
//!
//! The expected values of the providers that most people use are written by hand from their
//! documentation, in [`documented`]; those of all are in `fixtures/llm/catalog_rows.txt`, a line for
//! each, to be read beside the documentation before they are committed.

mod body;
mod documented;
mod row;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use architrave_testkit::{Client, Config, Gateway, Origin, Request, aws};
use serde_json::Value;
use tempfile::TempDir;

use body::{Facts, KEYS, facts};
use row::{Row, VALUES, rows};

/// The text of the answer of every provider.
const ANSWER: &str = "pong";

/// What requests to AWS are signed with.
const AWS_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Headers that say nothing about the provider.
const ORDINARY: [&str; 7] =
    ["host", "content-length", "content-type", "accept", "user-agent", "connection", "via"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A gateway with a provider and a model for each row, both of its name, all of them here.
struct House {
    gateway: Gateway,
    origin: Origin,
    rows: Vec<Row>,
    _account: TempDir,
}

impl House {
    fn start() -> Self {
        let rows = rows();
        let origin = Origin::start(|exchange| {
            let target = exchange.request().target.clone();
            exchange.read_body();
            let (status, body) = body::answer(&target);
            exchange.reply(status, &[("content-type", "application/json")], body);
        });
        let account = TempDir::new().expect("there is room for a directory");
        let file = account.path().join("account.json");
        let fixture = repository().join("fixtures/llm/auth/service_account.json");
        let text = std::fs::read_to_string(fixture).expect("the account is there");
        let token_uri = format!("http://{}/token", origin.addr());
        let text = text.replace("https://oauth2.googleapis.com/token", &token_uri);
        std::fs::write(&file, text).expect("there is room for a file");

        let mut providers = String::from("providers:\n");
        let mut models = String::from("models:\n");
        for row in &rows {
            let base_url = format!("http://{}/{}{}", origin.addr(), row.name, row.base_path());
            providers.push_str(&format!(
                "  - {{ name: {0}, kind: {0}, base_url: \"{base_url}\"{1} }}\n",
                row.name,
                row.credential(&file, AWS_KEY)
            ));
            models.push_str(&format!(
                "  - {{ name: {0}, deployments: [{{ provider: {0}, model: \"{1}\" }}] }}\n",
                row.name,
                row.model()
            ));
        }
        let config = Config::new()
            .web()
            .service("ai", "llm: { models: [\"*\"] }")
            .route("ai", "service: ai")
            .and(&providers)
            .and(&models);
        Self { gateway: Gateway::start(config), origin, rows, _account: account }
    }

    /// Sends a chat to the model of a row, and gives what the row's provider was asked.
    fn ask(&self, row: &Row, dialect: &str, stream: bool) -> Request {
        let (path, body) = body::request(dialect, &row.name, stream);
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: ai\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        self.origin.forget();
        let response = Client::connect(self.gateway.web()).ask(text);
        let said = String::from_utf8_lossy(&response.body);
        if !stream {
            assert_eq!(response.status, 200, "{} by {dialect}: {said}", row.name);
            assert!(said.contains(ANSWER), "{} by {dialect}: {said}", row.name);
        }
        let own = format!("/{}/", row.name);
        let requests = self.origin.requests();
        let mut asked = requests.into_iter().filter(|request| request.target.starts_with(&own));
        let request = asked.next().unwrap_or_else(|| panic!("{} was not asked: {said}", row.name));
        assert!(asked.next().is_none(), "{} was asked twice", row.name);
        request
    }
}

/// The URL that was asked, as if the provider itself had been: its own host, and the path without
/// the one that tells the rows apart here.
fn url(row: &Row, request: &Request) -> String {
    let (_, path) = request.target.split_at(row.name.len() + 1);
    format!("{} {}{path}", request.method, row.origin())
}

/// The headers that are about the provider, with `KEY` for the key.
fn headers(row: &Row, request: &Request) -> String {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &request.head.fields {
        let name = name.to_ascii_lowercase();
        if !ORDINARY.contains(&name.as_str()) {
            headers.insert(name, value.replace(&row.key(), "KEY"));
        }
    }
    if let Some(authorization) = headers.get_mut("authorization").filter(|_| row.is_signed()) {
        let scope = aws::check_signature(request, AWS_KEY)
            .unwrap_or_else(|wrong| panic!("{}: {wrong}", row.name));
        let signed = authorization.split(", ").find(|part| part.starts_with("SignedHeaders="));
        *authorization = format!("SigV4 for {scope}, {}", signed.unwrap_or_default());
        headers.insert("x-amz-date".into(), "NOW".into());
    }
    let headers: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    headers.join(" | ")
}

#[test]
fn every_row_is_asked_as_its_provider_documents_it() {
    let house = House::start();
    let mut lines = String::new();
    for row in &house.rows {
        for dialect in row.clients() {
            let request = house.ask(row, dialect, false);
            let (url, headers) = (url(row, &request), headers(row, &request));
            let asked_in = row.asked_in(dialect);
            if let Some((own_url, own_headers)) = documented::of(&row.name, dialect) {
                assert_eq!(url, format!("POST {own_url}"), "{}", row.name);
                assert_eq!(headers, own_headers, "{}", row.name);
            }
            check_body(row, asked_in, &request);
            let headers = if headers.is_empty() { "-" } else { &headers };
            lines.push_str(&format!("{} {dialect}\n    {url}\n    {headers}\n", row.name));
        }
    }
    let golden = repository().join("fixtures/llm/catalog_rows.txt");
    if option_env!("ARCHITRAVE_GOLDEN") == Some("write") {
        std::fs::write(&golden, &lines).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    for (line, expected) in lines.lines().zip(expected.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(lines.lines().count(), expected.lines().count(), "of {}", golden.display());
    for (name, dialect, ..) in documented::all() {
        let is_asked = |row: &Row| row.name == name && row.clients().any(|own| own == dialect);
        assert!(house.rows.iter().any(is_asked), "{name} by {dialect}");
    }
}

/// The model renamed, the words where the dialect has them, the row's edits, and nothing else.
fn check_body(row: &Row, dialect: &str, request: &Request) {
    let body: Value = serde_json::from_slice(&request.body).expect("the body is JSON");
    let model = documented::names_model(&row.name, dialect).then(|| row.model().to_owned());
    assert_eq!(facts(dialect, &body), Facts::of_a_chat(model.clone()), "{}: {body}", row.name);
    let own = KEYS.iter().find(|(name, _)| *name == dialect).expect("it is a dialect").1;
    let mut keys = own.to_vec();
    keys.extend(model.is_some().then_some("model"));
    for (member, value) in documented::members(&row.name) {
        assert_eq!(body[member], *value, "{}: {body}", row.name);
        keys.push(member);
    }
    keys.sort_unstable();
    let mut had: Vec<&str> =
        body.as_object().expect("it is an object").keys().map(String::as_str).collect();
    had.sort_unstable();
    assert_eq!(had, keys, "{}: {body}", row.name);
}

#[test]
fn streams_are_asked_for_as_the_providers_document_it() {
    let house = House::start();
    for (name, expected_url, says_in_body) in documented::STREAMS {
        let row = house.rows.iter().find(|row| row.name == *name).expect("it is a row");
        let request = house.ask(row, "openai_chat", true);
        assert_eq!(url(row, &request), format!("POST {expected_url}"), "{name}");
        let body: Value = serde_json::from_slice(&request.body).expect("the body is JSON");
        let asks = |member: &str| (!body[member].is_null()).then(|| body[member].to_string());
        let said = [asks("stream"), asks("stream_options")];
        let said: Vec<&str> = said.iter().flatten().map(String::as_str).collect();
        assert_eq!(said, *says_in_body, "{name}: {body}");
        // A stream of AWS is signed like everything else.
        let _checked = headers(row, &request);
    }
}

/// A runtime on the same machine needs no key, and is shown one that there is.
#[test]
fn a_key_for_a_provider_that_needs_none_goes_as_a_bearer_token() {
    let origin = Origin::start(|exchange| {
        let target = exchange.request().target.clone();
        exchange.reply(200, &[("content-type", "application/json")], body::answer(&target).1);
    });
    let local = ["ollama", "vllm", "sglang", "llama-cpp", "tgi"];
    let providers: String = (local.iter())
        .map(|kind| {
            format!(
                "  - {{ name: {kind}, kind: {kind}, base_url: \"http://{}\", \
                 credentials: [{{ value: sk-local-0123 }}] }}\n",
                origin.addr()
            )
        })
        .collect();
    let config = Config::new()
        .web()
        .service("ai", "llm: { models: [\"*\"] }")
        .route("ai", "service: ai")
        .and(&format!("providers:\n{providers}"));
    let gateway = Gateway::start(config);
    for kind in local {
        let (path, body) = body::request("openai_chat", &format!("{kind}/llama2"), false);
        origin.forget();
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: ai\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(Client::connect(gateway.web()).ask(text).status, 200);
        let request = origin.only();
        assert_eq!(request.head.get("authorization"), Some("Bearer sk-local-0123"), "{kind}");
        let body: Value = serde_json::from_slice(&request.body).expect("the body is JSON");
        assert_eq!(body["model"], "llama2", "{kind}");
    }
    assert_eq!(VALUES.len(), 6, "every placeholder has a value here");
}

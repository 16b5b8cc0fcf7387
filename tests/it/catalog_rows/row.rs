//! The rows as this test sees them: their text, read for no more than what a gateway file needs.

use std::path::Path;

/// What stands for the placeholders.
pub(super) const VALUES: [(&str, &str); 6] = [
    ("{region}", "eu-west-3"),
    ("{resource}", "ours"),
    ("{project}", "p-1"),
    ("{location}", "europe-west4"),
    ("{account}", "acct"),
    ("{api_version}", "2024-10-21"),
];

const DIALECTS: [&str; 6] = [
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "gemini_generate_content",
    "bedrock_converse",
    "cohere_chat",
];

/// A row of the catalogue.
pub(super) struct Row {
    /// The provider's name.
    pub name: String,
    text: String,
    base_url: String,
    auth: String,
    dialects: Vec<String>,
}

/// All rows.
pub(super) fn rows() -> Vec<Row> {
    let text = include_str!("../../../crates/llm/catalog/providers.txt");
    let rows: Vec<Row> =
        text.lines().filter(|line| !line.starts_with('#')).map(Row::read).collect();
    assert!(rows.len() >= 100, "{}", rows.len());
    rows
}

fn filled(text: &str) -> String {
    VALUES.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

impl Row {
    fn read(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        let dialects = words[3..].iter().map(|word| word.split('=').next().unwrap_or_default());
        let dialects = dialects.filter(|word| DIALECTS.contains(word)).map(str::to_owned);
        Self {
            name: words[0].to_owned(),
            text: line.to_owned(),
            base_url: filled(words[1]),
            auth: words[2].to_owned(),
            dialects: dialects.collect(),
        }
    }

    /// Scheme and host of the base URL.
    pub(super) fn origin(&self) -> &str {
        &self.base_url[..self.base_url.len() - self.base_path().len()]
    }

    /// The path of the base URL; empty where it has none.
    pub(super) fn base_path(&self) -> &str {
        let (_, rest) = self.base_url.split_once("://").expect("a URL has a scheme");
        rest.find('/').map_or("", |at| &rest[at..])
    }

    /// The model's name at the provider.
    pub(super) fn model(&self) -> &'static str {
        match self.name.as_str() {
            // Their newest ones, which an unknown name is taken for, refuse some of what is said.
            "openai" => "gpt-4o",
            "anthropic" | "azure-anthropic" => "claude-sonnet-4-5",
            _ if self.dialects[0] == "bedrock_converse" => "vendor.model-v1:0",
            _ => "the-model",
        }
    }

    /// The key that is presented.
    pub(super) fn key(&self) -> String {
        match self.auth.as_str() {
            "google" => "ya29.token".to_owned(),
            _ => format!("key-of-{}", self.name),
        }
    }

    /// Whether requests are signed.
    pub(super) fn is_signed(&self) -> bool {
        self.auth.starts_with("sigv4:")
    }

    /// The credential as it is written in a gateway file, in the form that the row asks for.
    pub(super) fn credential(&self, account: &Path, aws_key: &str) -> String {
        let key = self.key();
        let one = match self.auth.as_str() {
            "none" => return String::new(),
            "google" => format!("gcp: {{ file: \"{}\" }}", account.display()),
            "header:api-key" if self.text.contains("{api_version}") => {
                format!("azure: {{ key: {key}, api_version: \"2024-10-21\" }}")
            }
            "header:api-key" => format!("azure: {{ key: {key} }}"),
            _ if self.is_signed() => format!(
                "aws: {{ access_key_id: AKIDEXAMPLE, secret_access_key: \"{aws_key}\", region: eu-west-3 }}"
            ),
            _ => format!("value: {key}"),
        };
        format!(", credentials: [{{ {one} }}]")
    }

    /// The dialects in which clients ask here: OpenAI Chat, and each that the provider speaks.
    pub(super) fn clients(&self) -> impl Iterator<Item = &str> {
        let others = self.dialects.iter().map(String::as_str);
        ["openai_chat"].into_iter().chain(others.filter(|dialect| *dialect != "openai_chat"))
    }

    /// The dialect in which the provider is asked when a client speaks this one: the same where it
    /// knows it, else the first of its own.
    pub(super) fn asked_in<'r>(&'r self, dialect: &'r str) -> &'r str {
        match self.dialects.iter().any(|own| own == dialect) {
            true => dialect,
            false => &self.dialects[0],
        }
    }
}

//! A running gateway, asked over its admin API: by TLS or, on this machine, without.

mod advice;
mod people;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use architrave_config::object::{Held, Object, ObjectKind, Objects, Origin};
use architrave_config::{UpstreamProtocol, UpstreamTls};
use architrave_core::Secret;
use architrave_net::Method;
use architrave_net::dns::Resolver;
use architrave_net::fetch::{self, Destination, Question, QuestionBody, WholeAnswer};
use architrave_net::tls::ClientTls;
use architrave_store::ObjectsMark;
use serde_json::Value;

use super::refusal::Refusal;
use super::{Server, tag};

/// How long one answer may take in all: a large configuration takes a while to be judged.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it may take until many things are written, as `apply` does.
const WRITE_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// The longest body of one request: a third of what a gateway takes, so that nobody else who wants to
/// change something waits for long.
pub(super) const PART_BYTES_MAX: usize = 8 << 20;

/// A page of objects is far below this.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Things per page.
const PAGE_SIZE: usize = 200;

/// The variable that the token may stand in, so that no list of processes shows it.
pub(super) const TOKEN: &str = "ARCHITRAVE_TOKEN";

/// A gateway that can be asked.
pub(super) struct Remote {
    /// Where it is, as it was written.
    url: String,
    authority: String,
    host: String,
    port: u16,
    tls: Option<ClientTls>,
    token: Option<Secret>,
    resolver: Resolver,
}

/// What a gateway has shown, or a database.
pub(super) struct Seen {
    pub(super) objects: Objects,
    /// The `ETag` of each that a gateway lets be changed.
    pub(super) tags: HashMap<(ObjectKind, String), String>,
    /// What tells a database that was written to since.
    pub(super) mark: Option<ObjectsMark>,
}

impl Remote {
    /// # Errors
    /// When the address is none, the token cannot be read, or the authorities cannot.
    pub(super) fn new(server: &Server) -> anyhow::Result<Self> {
        let Server { url, token_file, ca_file, token } = server;
        let (is_encrypted, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://"))
        {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => bail!("{}", no_address()),
        };
        let authority = rest.trim_end_matches('/');
        ensure!(
            !authority.is_empty() && !authority.contains(['/', '@', '?', '#']),
            "{}",
            no_address()
        );
        let host = architrave_net::message::host_of(authority);
        let port = match authority.get(host.len()..).and_then(|rest| rest.strip_prefix(':')) {
            Some(port) => port.parse().ok().with_context(no_address)?,
            None if is_encrypted => 443,
            None => 80,
        };
        ensure!(
            is_encrypted || ca_file.is_none(),
            "--ca-file is for https: {url} is asked without TLS"
        );
        let tls = is_encrypted.then(|| {
            let settings = UpstreamTls { ca_file: ca_file.clone(), ..UpstreamTls::default() };
            ClientTls::load(&settings, UpstreamProtocol::Http1)
        });
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let token = token.clone().map(Ok).or_else(|| token_file.as_deref().map(read_token));
        let resolver = Resolver::system();
        let (authority, url) = (authority.to_owned(), url.trim_end_matches('/').to_owned());
        let token = token.transpose()?;
        Ok(Self { url, authority, host, port, tls: tls.transpose()?, token, resolver })
    }

    /// Whether what is shown to it could be read on the way.
    pub(super) fn is_exposed(&self) -> bool {
        let is_near = self.host == "localhost"
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        self.tls.is_none() && self.token.is_some() && !is_near
    }

    /// All objects.
    ///
    /// # Errors
    /// When the gateway cannot be asked, or does not show them.
    pub(super) async fn objects(&self) -> anyhow::Result<Seen> {
        let (mut all, mut tags) = (Vec::new(), HashMap::new());
        for kind in ObjectKind::ALL {
            for shown in self.list(kind.plural(), kind.plural()).await? {
                let Some(name) = shown["name"].as_str() else { continue };
                let (id, revision) = (shown["id"].as_str(), shown["revision"].as_i64());
                if let (Some(id), Some(revision)) = (id, revision) {
                    tags.insert((kind, name.to_owned()), tag(id, revision));
                }
                let mut body = shown["config"].clone();
                if body.pointer("/api/text/has_value").is_some() {
                    let path = format!("/api/v1/{}/{}/api", kind.plural(), encoded(name));
                    body["api"]["text"] = self.text(&path).await?.into();
                }
                let object = Object { kind, name: name.to_owned(), body };
                let (object, origin) = match shown["origin"].as_str() {
                    Some("file") => (object, Origin::File("the gateway file".into())),
                    _ => (object.of_team(shown["team"].as_str()), Origin::Database),
                };
                all.push(Held { object, origin });
            }
        }
        Ok(Seen { objects: Objects::new(all), tags, mark: None })
    }

    /// The names of all teams.
    ///
    /// # Errors
    /// As of [`Self::objects`].
    pub(super) async fn teams(&self) -> anyhow::Result<Vec<String>> {
        let teams = self.list("teams", "teams").await?;
        Ok(teams.iter().filter_map(|team| team["name"].as_str().map(str::to_owned)).collect())
    }

    /// All pages of a list.
    async fn list(&self, path: &str, key: &str) -> anyhow::Result<Vec<Value>> {
        let (mut all, mut next) = (Vec::new(), String::new());
        let mark = if path.contains('?') { '&' } else { '?' };
        loop {
            let path = format!("/api/v1/{path}{mark}page_size={PAGE_SIZE}{next}");
            let mut body = self.ask(&path).await?;
            if let Value::Array(shown) = body[key].take() {
                all.extend(shown);
            }
            match body["next_page_token"].as_str() {
                Some(token) => next = format!("&page_token={}", encoded(token)),
                None => return Ok(all),
            }
        }
    }

    /// Posts JSON; what is answered, or why it was refused.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn post(
        &self,
        path: &str,
        body: &str,
    ) -> anyhow::Result<Result<Value, Refusal>> {
        let answer = self.exchange(&Method::Post, path, Some(body)).await?;
        Ok(Refusal::unless_fine(answer.status, read(&answer.body)))
    }

    /// A text, as it was sent.
    async fn text(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.exchange(&Method::Get, path, None).await?;
        ensure!(answer.status == 200, "GET {path}: {}", answer.status);
        Ok(String::from_utf8(answer.body)?)
    }

    /// Asks, and has an answer only where it was not refused.
    async fn ask(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.exchange(&Method::Get, path, None).await?;
        match Refusal::unless_fine(answer.status, read(&answer.body)) {
            Ok(body) => Ok(body),
            Err(refusal) => bail!("GET {path}: {}: {refusal}", refusal.status),
        }
    }

    async fn exchange(
        &self,
        method: &Method,
        path: &str,
        body: Option<&str>,
    ) -> anyhow::Result<WholeAnswer> {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {}", token.expose()));
        let question = Question {
            authority: &self.authority,
            host: &self.host,
            path,
            method: Some(method),
            authorization: bearer.as_deref(),
            body: body.map(|body| QuestionBody {
                content_type: "application/json",
                bytes: body.as_bytes(),
            }),
            answer_bytes_max: Some(ANSWER_BYTES_MAX),
            ..Question::default()
        };
        let destination = Destination { host: &self.host, port: self.port, permission: None };
        let asking = fetch::ask_host(&self.resolver, destination, self.tls.as_ref(), &question);
        let patience = if body.is_some() { WRITE_PATIENCE } else { PATIENCE };
        let answer = tokio::time::timeout(patience, asking).await;
        let answer = answer.map_err(|_| anyhow::anyhow!("no answer within {patience:?}"));
        answer
            .and_then(|answer| answer.map_err(|error| self.explained(error)))
            .with_context(|| self.url.clone())
    }
}

fn no_address() -> &'static str {
    "--server takes the address of an admin listener, such as http://127.0.0.1:9080 or \
     https://gateway.example:9443"
}

/// A token that a file holds.
fn read_token(file: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("token file {}", file.display()))?;
    token_of(&text).with_context(|| format!("token file {}", file.display()))
}

/// A token, with nothing around it.
fn token_of(text: &str) -> anyhow::Result<Secret> {
    let token = text.trim();
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    ensure!(is_token, "it holds no token");
    Ok(Secret::new(token))
}

/// The token that the environment holds, where no file is named.
///
/// # Errors
/// When it holds something else.
#[expect(clippy::disallowed_methods, reason = "server is the one that reads the environment")]
pub(crate) fn token_of_environment(file: Option<&PathBuf>) -> anyhow::Result<Option<Secret>> {
    match (file, std::env::var(TOKEN)) {
        (None, Ok(text)) => token_of(&text).with_context(|| format!("variable {TOKEN}")).map(Some),
        _ => Ok(None),
    }
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// A name as a part of a path or query.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let byte = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(url: &str) -> anyhow::Result<Remote> {
        let url = url.to_owned();
        Remote::new(&Server { url, token_file: None, ca_file: None, token: None })
    }

    #[test]
    fn only_an_admin_listener_can_be_asked() {
        for wrong in
            ["127.0.0.1:9080", "ftp://h", "http://", "http://u:p@h", "http://h/path", "http://h:x"]
        {
            assert!(remote(wrong).is_err(), "{wrong}");
        }
        let at = |url| remote(url).map(|remote| (remote.host, remote.port)).expect("an address");
        assert_eq!(at("http://h:9080/"), ("h".to_owned(), 9080));
        assert_eq!(at("http://[::1]:1"), ("::1".to_owned(), 1));
        assert_eq!(at("http://h"), ("h".to_owned(), 80));
    }

    #[test]
    fn what_is_told_of_a_token_on_an_open_way() {
        let exposed = |url: &str, token: Option<&str>| {
            let (url, token) = (url.to_owned(), token.map(Secret::new));
            let server = Server { url, token_file: None, ca_file: None, token };
            Remote::new(&server).expect("an address").is_exposed()
        };
        assert!(exposed("http://gateway.example:9080", Some("t")));
        assert!(!exposed("http://gateway.example:9080", None));
        for near in ["http://127.0.0.1:9080", "http://localhost", "http://[::1]:9080"] {
            assert!(!exposed(near, Some("t")), "{near}");
        }
    }

    #[test]
    fn a_token_stands_alone() {
        assert_eq!(token_of(" abc\n").expect("a token").expose(), "abc");
        for wrong in ["", " \n", "a b"] {
            assert!(token_of(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn names_of_models_fit_into_a_path() {
        assert_eq!(encoded("meta/llama@3:8b"), "meta%2Fllama%403%3A8b");
    }
}

//! A running gateway, asked over its admin API: HTTP/1.1 over a connection for each request, which
//! is all that a command needs.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use architrave_config::object::{Held, Object, ObjectKind, Objects, Origin, canonical};
use architrave_core::Secret;
use serde_json::Value;

use super::difference::{Difference, Fate};

/// The scheme of what the admin listener speaks.
const SCHEME: &str = "http://";

/// How long the gateway may take to connect, and for each part of an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A page of objects is far below this.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// Objects per page.
const PAGE_SIZE: usize = 200;

/// The order in which objects are made, so that what they refer to is there; they are removed in the
/// reverse of it.
const ORDER: [ObjectKind; 11] = [
    ObjectKind::Upstream,
    ObjectKind::Provider,
    ObjectKind::Model,
    ObjectKind::Service,
    ObjectKind::Listener,
    ObjectKind::Consumer,
    ObjectKind::Route,
    ObjectKind::IdentityProvider,
    ObjectKind::Product,
    ObjectKind::Plan,
    ObjectKind::Policies,
];

/// A gateway.
pub(super) struct Remote {
    authority: String,
    token: Option<Secret>,
}

/// The objects of a gateway, secrets hidden.
pub(super) struct Seen {
    pub(super) objects: Objects,
    /// What each must still be when it is changed.
    tags: HashMap<(ObjectKind, String), String>,
}

/// What it answered.
struct Answer {
    status: u16,
    body: Value,
}

impl Remote {
    /// A gateway at a URL such as `http://127.0.0.1:9080`, asked with the token in a file.
    ///
    /// # Errors
    /// When the URL is none that can be asked, or the file cannot be read.
    pub(super) fn new(server: &str, token_file: Option<&Path>) -> anyhow::Result<Self> {
        let rest = server.strip_prefix(SCHEME).map(|rest| rest.trim_end_matches('/'));
        let authority =
            rest.filter(|rest| !rest.is_empty() && !rest.contains(['/', '@', '?', '#']));
        let Some(authority) = authority else {
            bail!("--server takes the address of an admin listener, such as http://127.0.0.1:9080");
        };
        let has_port =
            authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let authority = if has_port { authority.to_owned() } else { format!("{authority}:80") };
        let token = token_file.map(|file| {
            let text = std::fs::read_to_string(file);
            let text = text.with_context(|| format!("token file {}", file.display()))?;
            let token = text.trim();
            let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
            ensure!(is_token, "token file {}: it holds no token", file.display());
            anyhow::Ok(Secret::new(token))
        });
        Ok(Self { authority, token: token.transpose()? })
    }

    /// All objects.
    ///
    /// # Errors
    /// When the gateway cannot be asked, or does not show them.
    pub(super) fn objects(&self) -> anyhow::Result<Seen> {
        let (mut all, mut tags) = (Vec::new(), HashMap::new());
        for kind in ObjectKind::ALL {
            let mut next = String::new();
            loop {
                let path = format!("/api/v1/{}?page_size={PAGE_SIZE}{next}", kind.plural());
                let Answer { body, .. } = self.ask("GET", &path, &[], None)?;
                for shown in body[kind.plural()].as_array().into_iter().flatten() {
                    let Some(name) = shown["name"].as_str() else { continue };
                    let (id, revision) = (shown["id"].as_str(), shown["revision"].as_i64());
                    if let (Some(id), Some(revision)) = (id, revision) {
                        tags.insert((kind, name.to_owned()), format!("\"{id}.{revision}\""));
                    }
                    let mut body = shown["config"].clone();
                    if body.pointer("/api/text/has_value").is_some() {
                        let path = format!("/api/v1/{}/{}/api", kind.plural(), encoded(name));
                        body["api"]["text"] = self.text(&path)?.into();
                    }
                    let object = Object { kind, name: name.to_owned(), body };
                    let origin = match shown["origin"].as_str() {
                        Some("file") => Origin::File("the gateway file".into()),
                        _ => Origin::Database,
                    };
                    all.push(Held { object, origin });
                }
                match body["next_page_token"].as_str() {
                    Some(token) => next = format!("&page_token={}", encoded(token)),
                    None => break,
                }
            }
        }
        Ok(Seen { objects: Objects::new(all), tags })
    }

    /// Makes each difference so, one after another.
    ///
    /// # Errors
    /// The first that was refused, and how many were made before.
    pub(super) fn put(&self, seen: &Seen, differences: &[Difference]) -> anyhow::Result<()> {
        let place = |one: &&Difference| {
            let place = ORDER.iter().position(|kind| *kind == one.object.kind).unwrap_or(0);
            match one.fate {
                Fate::Create | Fate::Update => (0, place),
                Fate::Remove => (1, ORDER.len() - place),
            }
        };
        let mut ordered: Vec<&Difference> = differences.iter().collect();
        ordered.sort_by_key(place);
        for (done, one) in ordered.iter().enumerate() {
            self.put_one(seen, one).with_context(|| {
                let Object { kind, name, .. } = &one.object;
                format!("{done} of {} changes were made; {kind} {name}", ordered.len())
            })?;
        }
        Ok(())
    }

    fn put_one(&self, seen: &Seen, one: &Difference) -> anyhow::Result<()> {
        let Object { kind, name, .. } = &one.object;
        let path = format!("/api/v1/{}/{}", kind.plural(), encoded(name));
        let tag = seen.tags.get(&(*kind, name.clone())).map_or("*", String::as_str);
        let body = canonical(&one.object).to_string();
        match one.fate {
            Fate::Create => self.ask("PUT", &path, &[("If-None-Match", "*")], Some(&body)),
            Fate::Update => self.ask("PUT", &path, &[("If-Match", tag)], Some(&body)),
            Fate::Remove => self.ask("DELETE", &path, &[("If-Match", tag)], None),
        }
        .map(drop)
    }

    /// A text, as it was sent.
    fn text(&self, path: &str) -> anyhow::Result<String> {
        let bytes = self.bytes("GET", path, &[], None);
        let bytes = bytes.with_context(|| format!("{SCHEME}{}", self.authority))?;
        let (status, body) =
            whole(&bytes).context("it does not answer as an admin listener does")?;
        ensure!(status == 200, "GET {path}: {status}");
        Ok(std::str::from_utf8(body)?.to_owned())
    }

    /// Asks, and has an answer only where it was not refused.
    fn ask(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let answer = self.exchange(method, path, fields, body);
        let answer = answer.with_context(|| format!("{SCHEME}{}", self.authority))?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let said = answer.body["detail"].as_str().or(answer.body["message"].as_str());
        let mut why = said.unwrap_or("the gateway gave no reason").to_owned();
        for error in answer.body["errors"].as_array().into_iter().flatten() {
            let (pointer, message) = (error["pointer"].as_str(), error["message"].as_str());
            why.push_str(&format!("\n{}: {}", pointer.unwrap_or(""), message.unwrap_or("")));
        }
        bail!("{method} {path}: {}: {why}", answer.status)
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let bytes = self.bytes(method, path, fields, body)?;
        parse(&bytes).context("it does not answer as an admin listener does")
    }

    fn bytes(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: Option<&str>,
    ) -> anyhow::Result<Vec<u8>> {
        let address =
            self.authority.to_socket_addrs()?.next().context("no address of that name")?;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: application/json\r\n\
             User-Agent: architrave/{}\r\n",
            self.authority,
            env!("CARGO_PKG_VERSION")
        );
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(token) = &self.token {
            head.push_str(&format!("Authorization: Bearer {}\r\n", token.expose()));
        }
        let body = body.unwrap_or_default();
        if method != "GET" {
            head.push_str(&format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            ));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let mut bytes = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// An answer that came whole: head, and a body of the length that it says.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let (status, body) = whole(bytes)?;
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).ok()? };
    Some(Answer { status, body })
}

/// Status and body of an answer that came whole.
fn whole(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    Some((status, body.get(..length.unwrap_or(0))?))
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

    #[test]
    fn only_an_admin_listener_can_be_asked() {
        for wrong in ["127.0.0.1:9080", "https://h", "http://", "http://u:p@h", "http://h/path"] {
            assert!(Remote::new(wrong, None).is_err(), "{wrong}");
        }
        assert_eq!(Remote::new("http://h:9080/", None).unwrap().authority, "h:9080");
        assert_eq!(Remote::new("http://[::1]:1", None).unwrap().authority, "[::1]:1");
        assert_eq!(Remote::new("http://h", None).unwrap().authority, "h:80");
    }

    #[test]
    fn an_answer_is_whole_or_none() {
        let answer = parse(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{\"a\":1}").unwrap();
        assert_eq!((answer.status, &answer.body["a"]), (200, &Value::from(1)));
        assert_eq!(parse(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().body, Value::Null);
        for cut in
            [&b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"a\":1}"[..], b"HTTP/1.1 200", b""]
        {
            assert!(parse(cut).is_none());
        }
    }

    #[test]
    fn names_of_models_fit_into_a_path() {
        assert_eq!(encoded("meta/llama@3:8b"), "meta%2Fllama%403%3A8b");
    }
}

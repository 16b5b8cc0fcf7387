//! One golden case: read from its file, played through a chain, written as it should read.

use std::fmt::Write;

use architrave_config::{ListenerIndex, RouteIndex, ServiceIndex, Snapshot};
use architrave_core::Moment;
use architrave_core::units::parse_duration;
use architrave_net::Framing;

use crate::exercise::{Exchange, lines};
use crate::{Chain, ChainBuilder, RateLimiters, Reply};

/// A piece of the gateway file, and requests.
pub(super) struct Case<'a> {
    pub(super) piece: &'a str,
    requests: Vec<Request<'a>>,
}

/// A title, and the lines of a request: the request line, fields, and what is no field after `@`:
/// `@client: <address>`, `@tls`, `@at: <duration>` and `@answer: <field of the service's answer>`.
struct Request<'a> {
    title: &'a str,
    lines: Vec<&'a str>,
}

impl<'a> Case<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let mut parts = text.split("\n=== ");
        let piece = parts.next().unwrap();
        let requests = parts.map(|part| {
            let mut lines = part.lines();
            let title = lines.next().unwrap();
            let is_asked = |line: &&str| !line.starts_with(['>', '<']) && !line.is_empty();
            Request { title, lines: lines.take_while(is_asked).collect() }
        });
        Self { piece, requests: requests.collect() }
    }

    /// Puts the requests through the chain, one after the other, and writes the whole case.
    pub(super) fn play(&self, snapshot: &Snapshot) -> String {
        let led = snapshot.routes.first().and_then(|route| route.services.first());
        let chain =
            ChainBuilder::new(snapshot, &RateLimiters::default(), &crate::exercise::nobody())
                .chain(
                    ListenerIndex(0),
                    (!snapshot.routes.is_empty()).then_some(RouteIndex(0)),
                    Some(led.map_or(ServiceIndex(0), |led| led.service)),
                );
        let mut text = self.piece.to_owned();
        for request in &self.requests {
            write!(text, "\n=== {}\n{}\n", request.title, request.lines.join("\n")).unwrap();
            request.play(&chain, &mut text);
        }
        text
    }
}

impl Request<'_> {
    fn play(&self, chain: &Chain, text: &mut String) {
        let (mut exchange, answer) = self.exchange();
        if let Some(reply) = exchange.admit(chain) {
            return write_reply(&reply, &exchange, chain, text);
        }
        let head = &exchange.head;
        let query = head.query().map_or(String::new(), |query| format!("?{query}"));
        writeln!(text, "> {} {}{query}", head.method.as_str(), exchange.path).unwrap();
        writeln!(text, "> host: {}", head.authority).unwrap();
        for line in exchange.forwarded() {
            writeln!(text, "> {line}").unwrap();
        }
        if let Some(bytes) = exchange.admission.body_bytes_max {
            writeln!(text, "> and a body of at most {bytes} bytes").unwrap();
        }
        writeln!(text, "< 200").unwrap();
        for line in exchange.respond(chain, &answer) {
            writeln!(text, "< {line}").unwrap();
        }
    }

    fn exchange(&self) -> (Exchange, Vec<(&str, &str)>) {
        let (method, target) = self.lines[0].split_once(' ').unwrap();
        let mut exchange = Exchange::new(method, target, &[]);
        let mut answer = Vec::new();
        for line in &self.lines[1..] {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            match name {
                "@client" => exchange.client = value.parse().unwrap(),
                "@tls" => exchange.is_tls = true,
                "@at" => {
                    exchange.now =
                        Moment::from_nanos(1_000_000_000) + parse_duration(value).unwrap();
                }
                "@answer" => answer.push(value.split_once(": ").unwrap()),
                "host" => exchange.head.authority = value.to_owned(),
                "content-length" => exchange.framing = Framing::Length(value.parse().unwrap()),
                "transfer-encoding" => exchange.framing = Framing::Chunked,
                _ => exchange.head.fields.append(name, value.as_bytes()),
            }
        }
        (exchange, answer)
    }
}

fn write_reply(reply: &Reply, exchange: &Exchange, chain: &Chain, text: &mut String) {
    let reason = reply.reason.map_or("", |reason| reason.as_str());
    writeln!(text, "{}", format!("< {} {reason}", reply.status).trim_end()).unwrap();
    if let Some(document) = &reply.document {
        writeln!(text, "< {}", String::from_utf8_lossy(document)).unwrap();
    }
    if !reply.detail.is_empty() {
        writeln!(text, "< {}", reply.detail).unwrap();
    }
    let fields = lines(&reply.fields);
    let fields: Vec<_> = fields.iter().map(|line| line.split_once(": ").unwrap()).collect();
    for line in exchange.respond(chain, &fields) {
        writeln!(text, "< {line}").unwrap();
    }
}

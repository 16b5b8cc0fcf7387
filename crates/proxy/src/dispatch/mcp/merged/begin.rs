//! The beginning: what several servers can do together.

use std::pin::pin;

use architrave_mcp::between::answers::{self, ServerFacts, capabilities_of_all};
use architrave_mcp::list::{Freshness, Scope};
use architrave_mcp::message::{Message, Part};
use architrave_mcp::revision::Revision;
use architrave_wire::json::Writer;

use super::Said;
use crate::dispatch::mcp::Missed;
use crate::dispatch::mcp::answer::McpAnswer;
use crate::dispatch::mcp::fan::ask_all;
use crate::dispatch::mcp::gathered::{Gathered, foreign};
use crate::dispatch::mcp::relay::session_head;
use crate::dispatch::mcp::session;
use crate::dispatch::mcp::straight::server_session;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::worker::Worker;

/// Makes a session with all servers that answer; the others are not in it.
///
/// # Errors
/// None has answered.
pub(super) async fn initialize<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    said: &Said<'_>,
    revision: Revision,
) -> Result<McpAnswer<'a>, Missed> {
    let asked = said.asked_of_all();
    let answers = pin!(ask_all(worker, exchange, said.service, asked, Some(said.id()))).await;
    let mut sessions = Vec::new();
    let mut facts = Vec::new();
    let mut last = None;
    for (place, answer) in answers {
        let server = &said.service.servers[place];
        match answer {
            Ok(gathered) => {
                let own = server_session(server.name(), &gathered, Some(said.id()));
                let known = known(&gathered, said.id());
                match own.map(|own| own.zip(known)) {
                    Ok(Some((own, known))) => {
                        sessions.push(own);
                        facts.push((server.name(), known));
                    }
                    Err(failure) => {
                        let (server, detail) = (server.name(), &*failure.detail);
                        tracing::warn!(server, detail, "an MCP server is left out");
                        last = Some(failure);
                    }
                    Ok(None) => {
                        last = last.or_else(|| Some(declined(server.name(), gathered.status)))
                    }
                }
            }
            Err(failure) => last = Some(failure),
        }
    }
    if facts.is_empty() {
        return Err(last.unwrap_or_else(|| foreign("no server has answered")).into());
    }
    let capabilities = capabilities_of_all(facts.iter().map(|(_, known)| &*known.capabilities));
    let (info, how) = (gateway_info(exchange), instructions(&facts));
    let about = (said.message, said.text);
    let lasts = said.service.config.session_max;
    let sealed = session::make(worker, exchange, about, (revision, lasts), sessions);
    let sealed = sealed.ok_or_else(|| foreign("too many servers for one session"))?;
    let body = answers::initialize(said.id(), revision, (&capabilities, &info), how.as_deref());
    let mut answer = McpAnswer::whole(200, body);
    session_head(&mut answer, &sealed);
    Ok(answer)
}

/// Says what all servers can do that answer.
///
/// # Errors
/// None has answered.
pub(super) async fn discover<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    said: &Said<'_>,
) -> Result<McpAnswer<'a>, Missed> {
    let asked = said.asked_of_all();
    let all = asked.len();
    let answers = pin!(ask_all(worker, exchange, said.service, asked, Some(said.id()))).await;
    let mut facts = Vec::new();
    let mut freshness: Option<Freshness> = None;
    let mut last = None;
    for (place, answer) in answers {
        let server = &said.service.servers[place];
        match answer {
            Ok(gathered) => match known(&gathered, said.id()) {
                Some(known) => {
                    let own = freshness_of(&gathered, said.id());
                    freshness = Some(freshness.map_or(own, |before| before.least(own)));
                    facts.push((server.name(), known));
                }
                None => last = last.or_else(|| Some(declined(server.name(), gathered.status))),
            },
            Err(failure) => last = Some(failure),
        }
    }
    if facts.is_empty() {
        return Err(last.unwrap_or_else(|| foreign("no server has answered")).into());
    }
    // What somebody who is missing can do is not to be forgotten for long.
    let freshness = freshness.filter(|_| facts.len() == all).unwrap_or(Freshness::UNSAID);
    let capabilities = capabilities_of_all(facts.iter().map(|(_, known)| &*known.capabilities));
    let (info, how) = (gateway_info(exchange), instructions(&facts));
    let body = answers::discover(said.id(), (&capabilities, &info), how.as_deref(), freshness);
    Ok(McpAnswer::whole(200, body))
}

fn known(gathered: &Gathered, id: &str) -> Option<ServerFacts> {
    ServerFacts::read(gathered.answer_to(id)?, &gathered.text)
}

fn freshness_of(gathered: &Gathered, id: &str) -> Freshness {
    let said = |message: &Message| {
        let ttl_ms = message.count(Part::TtlMs, &gathered.text)?;
        let scope = message.text(Part::CacheScope, &gathered.text);
        let scope = scope.map_or(Scope::Private, |scope| Scope::of(&scope));
        Some(Freshness { ttl_ms, scope })
    };
    gathered.answer_to(id).and_then(said).unwrap_or(Freshness::UNSAID)
}

/// A server that speaks, and not so.
fn declined(server: &str, status: u16) -> Failure {
    foreign(format!("the server {server} makes nothing of it ({status})"))
}

/// Who the gateway is to clients of several servers.
fn gateway_info(exchange: &Exchange<'_>) -> String {
    let name = exchange.matched.and_then(|matched| matched.service);
    let name = name.map_or("architrave", |service| service.name.as_str());
    let mut out = Vec::new();
    Writer::new(&mut out).object(|writer| {
        writer.key("name").text(name);
        writer.key("version").text(env!("CARGO_PKG_VERSION"));
    });
    String::from_utf8(out).unwrap_or_default()
}

/// How the servers are used, each under its name.
fn instructions(facts: &[(&str, ServerFacts)]) -> Option<String> {
    let each = facts.iter().filter_map(|(name, known)| {
        let text = known.instructions.as_deref().filter(|text| !text.trim().is_empty())?;
        Some(format!("# {name}\n\n{}", text.trim_end()))
    });
    let all: Vec<String> = each.collect();
    (!all.is_empty()).then(|| all.join("\n\n"))
}

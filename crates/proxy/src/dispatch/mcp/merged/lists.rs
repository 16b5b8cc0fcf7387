//! Lists of several servers as one, page by page.

mod walk;

use std::pin::pin;
use std::sync::Arc;

use architrave_mcp::list::{List, ListKind, Merge};
use architrave_mcp::marks::Marks;
use architrave_mcp::message::Part;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use architrave_wire::json::Writer;

use super::Said;
use crate::dispatch::mcp::Missed;
use crate::dispatch::mcp::access::viewer;
use crate::dispatch::mcp::answer::McpAnswer;
use crate::dispatch::mcp::fan::{Asked, ask_all};
use crate::dispatch::mcp::gathered::{Gathered, foreign};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mcp::{Known, Sought};
use crate::worker::Worker;

/// Answers with what all servers have that answer in time.
///
/// # Errors
/// The cursor is none of ours, or no server has answered.
pub(super) async fn list<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    said: &Said<'_>,
    kind: ListKind,
) -> Result<McpAnswer<'a>, Missed> {
    let cursor = said.message.text(Part::Cursor, said.text);
    let marks = match &cursor {
        Some(cursor) => Some(
            Marks::decode(cursor)
                .filter(|marks| {
                    !said.service.is_plain()
                        && marks.iter().all(|(server, _)| said.service.place(server).is_some())
                })
                .ok_or_else(|| Refusal::new(RefusalKind::WrongCursor, ""))?,
        ),
        None => None,
    };
    let page = pin!(fetch(worker, exchange, said, (kind, marks.as_ref()))).await?;
    if page.lists.is_empty()
        && let Some(failure) = page.failure
    {
        return Err(failure.into());
    }
    let viewer = viewer(exchange, said.service);
    let mut merge = Merge::new(kind);
    let mut next = Marks::new();
    for (place, known) in &page.lists {
        let name = said.service.servers[*place].name();
        let marked = said.service.has_marks().then_some(name);
        merge.add(*place, marked, (&known.list, &known.text), |entry| {
            let sought = Sought { place: *place, kind, name: &entry.key };
            if let (Some(access), Some(viewer)) = (&said.service.access, &viewer)
                && !access.shows(viewer, sought)
            {
                return None;
            }
            said.service.public(kind, *place, &entry.key)
        });
        // Where names stay as they are, all pages are here.
        if let Some(cursor) = known.list.next.as_ref().filter(|_| !said.service.is_plain()) {
            next.set(name, cursor);
        }
    }
    if page.failure.is_some() {
        merge.misses_server();
    }
    let next = match next.is_empty() {
        true => None,
        false => Some(next.encode().ok_or_else(|| foreign("the servers' cursors are too long"))?),
    };
    let mut body = Vec::with_capacity(4096);
    merge.write(&mut body, said.id(), said.era, next.as_deref());
    Ok(McpAnswer::whole(200, body))
}

/// What several servers have answered.
pub(super) struct Page {
    /// Each list, with the place of its server.
    pub lists: Vec<(usize, Known)>,
    /// The places of servers that have no such list at all.
    pub without: Vec<usize>,
    /// Why a server is missing.
    pub failure: Option<Failure>,
}

/// Asks the servers for a page of their lists; of those that may be kept, what is kept. Where names
/// stay as they are, for all pages: whose a name is depends on all that each of them has.
///
/// # Errors
/// A server has lost its part of the session.
pub(super) async fn fetch(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    said: &Said<'_>,
    (kind, marks): (ListKind, Option<&Marks>),
) -> Result<Page, Missed> {
    let mut page = pin!(fetch_page(worker, exchange, said, (kind, marks))).await?;
    if said.service.is_plain() {
        pin!(walk::follow(worker, exchange, said, (kind, &mut page))).await?;
        said.service.settle(kind);
    }
    Ok(page)
}

async fn fetch_page(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    said: &Said<'_>,
    (kind, marks): (ListKind, Option<&Marks>),
) -> Result<Page, Missed> {
    let now = worker.now();
    let mut page = Page { lists: Vec::new(), without: Vec::new(), failure: None };
    let changes: Vec<u64> =
        said.service.servers.iter().map(|server| server.list(kind).changes()).collect();
    let mut asked: Vec<Asked> = Vec::new();
    let is_own_request = said.message.method() == Some(kind.method());
    // An id is used once in a session, and that of the client is for what it has asked.
    let id = match is_own_request {
        true => said.id().to_owned(),
        false => worker.with_random(|random| format!("\"look-up-{}\"", random.u64(..))),
    };
    for place in said.places() {
        let server = &said.service.servers[place];
        let mark = marks.map(|marks| marks.of(server.name()));
        if mark == Some(None) {
            continue;
        }
        let kept =
            server.list(kind).fresh(now).filter(|_| mark.is_none() && said.era == Era::Modern);
        if let Some(known) = kept {
            page.lists.push((place, known));
            continue;
        }
        let mut rewrite = said.message.rewrite();
        match mark.flatten() {
            Some(mark) => rewrite.text(Part::Cursor, mark),
            None => rewrite.take_out(Part::Cursor),
        };
        if is_own_request {
            asked.push(said.asked(place, rewrite.apply(said.text)));
        } else {
            asked.push(in_its_place(said, place, (kind, &id, None)));
        }
    }
    let answers = pin!(ask_all(worker, exchange, said.service, asked, Some(&id))).await;
    for (place, answer) in answers {
        let server = &said.service.servers[place];
        if let Ok(gathered) = &answer {
            said.hold_session(place, gathered)?;
        }
        match answer.and_then(|gathered| read(kind, gathered, &id)) {
            Ok(Some(known)) => {
                if marks.is_none() {
                    server.list(kind).keep(&known, changes[place], now);
                }
                for wrong in &known.list.wrong {
                    let (index, why) = (wrong.index, wrong.why);
                    tracing::debug!(server = server.name(), index, why, "an entry is left out");
                }
                page.lists.push((place, known));
            }
            // It has no such list at all.
            Ok(None) => page.without.push(place),
            Err(failure) => page.failure = Some(failure),
        }
    }
    Ok(page)
}

/// The request for a list in the place of another request of a client, of which everything is said
/// beside. What comes behind a cursor is asked for in the place of a request for the list as well.
fn in_its_place(
    said: &Said<'_>,
    place: usize,
    (kind, id, cursor): (ListKind, &str, Option<&str>),
) -> Asked {
    let mut params = Vec::new();
    Writer::new(&mut params).object(|writer| {
        if let Some(cursor) = cursor {
            writer.key("cursor").text(cursor);
        }
    });
    let mut params = String::from_utf8(params).unwrap_or_default();
    if let Some(meta) = said.message.raw(Part::Meta, said.text) {
        let comma = if cursor.is_some() { "," } else { "" };
        params.insert_str(params.len() - 1, &format!(r#"{comma}"_meta":{meta}"#));
    }
    let method = kind.method().as_str();
    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#);
    let mut asked = said.asked(place, text.into_bytes());
    for (name, value) in &mut asked.beside {
        if *name == architrave_mcp::header::METHOD {
            method.clone_into(value);
        }
    }
    asked.beside.retain(|(name, _)| *name != architrave_mcp::header::NAME);
    asked.counted_as = method;
    asked.is_repeatable = true;
    asked
}

/// The list of an answer; nothing where the server says that it has no such method.
fn read(kind: ListKind, gathered: Gathered, id: &str) -> Result<Option<Known>, Failure> {
    let Some(message) = gathered.answer_to(id) else {
        return Err(foreign(format!("the server answered {}", gathered.status)));
    };
    if message.has(Part::Error) {
        let code = message.raw(Part::ErrorCode, &gathered.text);
        return match code {
            Some("-32601") => Ok(None),
            _ => Err(foreign("the server gave no list")),
        };
    }
    let list = List::read(kind, &gathered.text).map_err(|error| foreign(error.to_string()))?;
    Ok(Some(Known { text: gathered.text.into(), list: Arc::new(list) }))
}

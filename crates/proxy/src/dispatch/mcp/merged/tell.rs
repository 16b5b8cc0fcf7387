//! What is told: to all servers, or to the one that has asked.

use std::pin::pin;

use architrave_mcp::message::{MessageKind, Part};
use architrave_mcp::method::Method;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::tag;

use super::Said;
use crate::dispatch::ClientSide;
use crate::dispatch::mcp::Missed;
use crate::dispatch::mcp::answer::McpAnswer;
use crate::dispatch::mcp::fan::ask_all;
use crate::dispatch::mcp::gathered::{Gathered, foreign};
use crate::dispatch::mcp::relay::{Relaying, relay};
use crate::exchange::Exchange;
use crate::worker::Worker;

/// A result that says nothing.
pub(super) fn empty_result(id: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#).into_bytes()
}

/// Asks all servers the same, of which it is enough that one does it.
///
/// # Errors
/// None does.
pub(super) async fn request_to_all<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    said: &Said<'_>,
) -> Result<McpAnswer<'a>, Missed> {
    let asked = said.asked_of_all();
    let answers = pin!(ask_all(worker, exchange, said.service, asked, Some(said.id()))).await;
    let mut refused: Option<Gathered> = None;
    let mut failure = None;
    let mut is_done = false;
    for (place, answer) in answers {
        if let Ok(gathered) = &answer {
            said.hold_session(place, gathered)?;
        }
        match answer {
            Ok(gathered) => match gathered.answer_to(said.id()).map(|message| message.kind()) {
                Some(MessageKind::Response) => is_done = true,
                Some(_) => refused = Some(gathered),
                None => failure = Some(foreign(format!("the server answered {}", gathered.status))),
            },
            Err(error) => failure = Some(error),
        }
    }
    match (refused, failure) {
        _ if is_done => Ok(McpAnswer::whole(200, empty_result(said.id()))),
        (Some(gathered), _) => Ok(McpAnswer::whole(gathered.status, gathered.text.into_bytes())),
        (None, Some(failure)) => Err(failure.into()),
        (None, None) => Err(foreign("no server has answered").into()),
    }
}

/// Passes a notification on: how a server's own request gets on to that server, all else to all.
///
/// # Errors
/// Nobody has taken it.
pub(super) async fn notify<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    said: &Said<'_>,
) -> Result<McpAnswer<'a>, Missed> {
    let asked = match said.message.method() {
        Some(Method::Progress) => {
            let token = said.message.raw(Part::ProgressOf, said.text).unwrap_or_default();
            let Some((place, own)) = tagged(said, token) else {
                // Of a request that is over, or never was: nobody waits for it.
                return Ok(McpAnswer::whole(202, Vec::new()));
            };
            let mut rewrite = said.message.rewrite();
            rewrite.json(Part::ProgressOf, own);
            vec![said.asked(place, rewrite.apply(said.text))]
        }
        // A request that is not wanted any more is known to one of them; to the others it says
        // nothing.
        _ => said.asked_of_all(),
    };
    let answers = pin!(ask_all(worker, exchange, said.service, asked, None)).await;
    for (place, answer) in &answers {
        if let Ok(gathered) = answer {
            said.hold_session(*place, gathered)?;
        }
    }
    let is_taken = answers.iter().any(|(_, answer)| {
        answer.as_ref().is_ok_and(|gathered| (200..=299).contains(&gathered.status))
    });
    if is_taken {
        return Ok(McpAnswer::whole(202, Vec::new()));
    }
    let failure = answers.into_iter().find_map(|(_, answer)| answer.err());
    Err(failure.unwrap_or_else(|| foreign("no server has taken it")).into())
}

/// Passes the answer to a server's question on to that server.
///
/// # Errors
/// No server has asked it, or it is not there.
pub(super) async fn answer<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    said: &Said<'_>,
) -> Result<McpAnswer<'a>, Missed> {
    let found = said.message.id(said.text).and_then(|id| tagged(said, id));
    let Some((place, own)) = found else {
        return Err(Refusal::new(RefusalKind::Response, "nobody has asked that").into());
    };
    let mut rewrite = said.message.rewrite();
    rewrite.json(Part::Id, own);
    let relaying = Relaying {
        service: said.service,
        place,
        is_merged: true,
        era: said.era,
        id: None,
        token: None,
        is_batch: false,
        method: None,
        body: rewrite.apply(said.text),
        beside: said.beside(place, None),
        viewer: None,
        session: said.own(place),
    };
    pin!(relay(worker, exchange, client, relaying)).await
}

/// The server that has made an id or token, and what it is there.
fn tagged(said: &Said<'_>, raw: &str) -> Option<(usize, Vec<u8>)> {
    let (server, own) = tag::split(raw)?;
    let place = said.service.place(&server)?;
    (said.session.is_none() || said.own(place).is_some()).then_some((place, own))
}

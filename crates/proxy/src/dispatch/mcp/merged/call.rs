//! What is for one of several servers: the one that has the tool, the prompt or the resource.

use std::borrow::Cow;
use std::pin::pin;

use architrave_mcp::list::ListKind;
use architrave_mcp::message::Part;
use architrave_mcp::method::Method;

use super::{Said, lists};
use crate::dispatch::ClientSide;
use crate::dispatch::mcp::Missed;
use crate::dispatch::mcp::access::{asked_for, may_use, unknown};
use crate::dispatch::mcp::answer::McpAnswer;
use crate::dispatch::mcp::relay::{Relaying, relay};
use crate::exchange::Exchange;
use crate::mcp::Sought;
use crate::worker::Worker;

/// Passes a request on to the server that it is for.
///
/// # Errors
/// There is none, or no answer.
pub(super) async fn to_owner<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    said: &Said<'_>,
    method: Method,
) -> Result<McpAnswer<'a>, Missed> {
    let (part, kind) = asked_for((said.message, said.text), method)?;
    let public = said.message.text(part, said.text).unwrap_or_default();
    let (place, own) = pin!(owner(worker, exchange, said, (kind, &public))).await?;
    let sought = Sought { place, kind, name: &own };
    may_use(worker, exchange, said.service, sought, (said.message, said.text))?;
    let own_session = said.own(place);
    if said.session.is_some() && own_session.is_none() {
        // It did not answer when the session was made; the next session may have it.
        return Err(unknown(kind).into());
    }
    let mut rewrite = said.message.rewrite();
    if own != public {
        rewrite.text(part, &own);
    }
    let relaying = Relaying {
        service: said.service,
        place,
        is_merged: true,
        era: said.era,
        id: said.message.id(said.text),
        token: said.message.raw(Part::ProgressToken, said.text),
        is_batch: false,
        method: Some(method),
        body: rewrite.apply(said.text),
        beside: said.beside(place, Some(&own)),
        viewer: None,
        session: own_session,
    };
    pin!(relay(worker, exchange, client, relaying)).await
}

/// Who has it, and what it is called there. Where names stay as they are, servers are asked what they
/// have before it is said that nobody has it, or that it is somebody's in front of whom stands one of
/// whom nothing is known yet: it may be that one's.
async fn owner<'k>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    said: &Said<'_>,
    (kind, public): (ListKind, &'k str),
) -> Result<(usize, Cow<'k, str>), Missed> {
    let kinds = match kind {
        ListKind::Resources => &[ListKind::Resources, ListKind::ResourceTemplates][..],
        ListKind::ResourceTemplates => &[ListKind::ResourceTemplates],
        ListKind::Tools => &[ListKind::Tools],
        ListKind::Prompts => &[ListKind::Prompts],
    };
    let is_known = |place: usize| {
        let server = &said.service.servers[place];
        kinds.iter().all(|kind| server.list(*kind).is_known())
    };
    let is_sure = |place: usize| {
        !said.service.is_plain() || said.places().take_while(|one| *one < place).all(is_known)
    };
    let sure = || said.service.owner(kind, public).filter(|(place, _)| is_sure(*place));
    if let Some(owner) = sure() {
        return Ok(owner);
    }
    if !said.service.is_plain() {
        return Err(unknown(kind).into());
    }
    let mut failure = None;
    for kind in kinds {
        let page = pin!(lists::fetch(worker, exchange, said, (*kind, None))).await?;
        failure = failure.or(page.failure);
    }
    match (sure(), failure) {
        (Some(owner), _) => Ok(owner),
        // It may be that server's.
        (None, Some(failure)) => Err(failure.into()),
        (None, None) => Err(unknown(kind).into()),
    }
}

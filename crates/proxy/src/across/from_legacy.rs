//! A legacy client in front of a modern server: its session is here, and its requests say all of
//! what the server wants to know.

use std::rc::Rc;
use std::time::Duration;

use architrave_core::task;
use architrave_mcp::arrival::heads_of;
use architrave_mcp::between::answers::{self, ServerFacts};
use architrave_mcp::between::changes::{self, Filter, RESOURCES_MAX};
use architrave_mcp::header;
use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::method::Method;
use architrave_mcp::probe;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::{Era, Revision};
use architrave_net::Method as Verb;
use architrave_net::whole::WholeResponse;
use tokio::time::sleep;

use super::client_session::{ClientSession, ClientSessions};
use super::far_session::{OWN_INFO, answer_to};
use super::from_modern::lost;
use super::outlet::{Outlet, answered, json, outlet, refused, status, streamed};
use super::reach::{Asked, Missed};
use super::rounds::Call;
use super::{Across, Said};

/// A stream that ended is opened again after this, and longer each time that it does not last.
const REOPEN: Duration = Duration::from_millis(500);
const REOPEN_MAX: Duration = Duration::from_secs(30);

/// Answers what has no body: the stream of a session, and its end.
pub(super) async fn without_body(
    across: &Rc<Across>,
    verb: &Verb,
    session: Option<&str>,
) -> WholeResponse {
    let no = |kind: RefusalKind| refused(&Refusal::new(kind, ""), None, Era::Legacy);
    let Some(id) = session else { return no(RefusalKind::SessionMissing) };
    match verb {
        Verb::Get => match across.clients.get(id) {
            Some(session) => events(across, session).await,
            None => no(RefusalKind::SessionUnknown),
        },
        Verb::Delete if across.clients.remove(id) => status(200),
        Verb::Delete => no(RefusalKind::SessionUnknown),
        _ => no(RefusalKind::WrongVerb),
    }
}

/// Answers a message of a legacy client.
pub(super) async fn post(across: &Rc<Across>, session: Option<&str>, said: Said) -> WholeResponse {
    if said.message.method() == Some(Method::Initialize) {
        return begin(across, &said).await;
    }
    let session = match session {
        Some(id) => match across.clients.get(id) {
            Some(session) => session,
            None => {
                let refusal = Refusal::new(RefusalKind::SessionUnknown, "make another");
                return refused(&refusal, said.message.id(&said.text), Era::Legacy);
            }
        },
        // Nothing is known of it, so it is asked nothing.
        None => Rc::new(ClientSession::of(&said.caller, None)),
    };
    match said.message.kind() {
        MessageKind::Request => request(across, session, said).await,
        MessageKind::Notification => {
            if said.message.method() == Some(Method::Cancelled) {
                let id = said.message.raw(Part::RequestId, &said.text).unwrap_or_default();
                let open = session.open.borrow().get(id).cloned();
                open.inspect(|open| open.notify_one());
            }
            status(202)
        }
        MessageKind::Response | MessageKind::Failure => {
            let result = said.message.raw(Part::Result, &said.text);
            match session.answered(said.id(), result) {
                true => status(202),
                false => {
                    let refusal = Refusal::new(RefusalKind::Response, "nobody has asked that");
                    refused(&refusal, None, Era::Legacy)
                }
            }
        }
    }
}

async fn request(across: &Rc<Across>, session: Rc<ClientSession>, said: Said) -> WholeResponse {
    let id = said.id().to_owned();
    let done = || json(200, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#).into_bytes());
    let wrong = |about: &'static str| {
        refused(&Refusal::new(RefusalKind::WrongParams, about), Some(&id), Era::Legacy)
    };
    match said.message.method() {
        Some(Method::Ping) => done(),
        Some(Method::LoggingSetLevel) => {
            let level = said.message.text(Part::LogLevel, &said.text);
            let known =
                level.filter(|level| architrave_mcp::arrival::LOG_LEVELS.contains(&&**level));
            let Some(level) = known else { return wrong("`params.level` is no level of the log") };
            *session.level.borrow_mut() = Some(level.into_owned());
            done()
        }
        Some(method @ (Method::ResourcesSubscribe | Method::ResourcesUnsubscribe)) => {
            let uri = said.message.text(Part::Uri, &said.text).unwrap_or_default().into_owned();
            let is_on = method == Method::ResourcesSubscribe;
            let is_new = {
                let mut resources = session.resources.borrow_mut();
                if is_on && resources.len() >= RESOURCES_MAX {
                    return wrong("too many resources are listened for");
                }
                if is_on { resources.insert(uri) } else { resources.remove(&uri) }
            };
            if is_new {
                session.listens_anew.notify_one();
            }
            done()
        }
        _ => {
            let (out, pieces) = outlet();
            let call = Call { across: Rc::clone(across), session, said, out };
            drop(task::spawn_local(call.run()));
            answered(pieces, &id, Era::Legacy).await
        }
    }
}

/// Makes a session, of what the server says that it can do.
async fn begin(across: &Rc<Across>, said: &Said) -> WholeResponse {
    let refuse = |refusal: &Refusal| refused(refusal, Some(said.id()), Era::Legacy);
    let facts = match discover(across, said).await {
        Ok(facts) => facts,
        Err(missed) => return refuse(&lost(across, &missed)),
    };
    let asked = said.message.text(Part::Version, &said.text).unwrap_or_default();
    let known = (&*facts.capabilities, facts.info.as_deref().unwrap_or(OWN_INFO));
    let body = answers::initialize(
        said.id(),
        Revision::negotiated(&asked),
        known,
        facts.instructions.as_deref(),
    );
    let session = ClientSession::of(&said.caller, Some((&*said.message, &*said.text)));
    match ClientSessions::keep(across, session) {
        Some(id) => {
            let mut answer = json(200, body);
            answer.fields.append(header::SESSION, id.as_bytes());
            answer
        }
        None => refuse(&Refusal::new(RefusalKind::ServerFailed, "no session can be made")),
    }
}

async fn discover(across: &Across, said: &Said) -> Result<ServerFacts, Missed> {
    let id = across.next_id().to_string();
    let info = said.message.raw(Part::ClientInfo, &said.text).unwrap_or(OWN_INFO);
    let body = probe::question(&id, info);
    let text = String::from_utf8_lossy(&body);
    let question = Message::read(&text, &MessageLimits::default());
    let question = question.map_err(|_| Missed::Foreign("who asks is not told".to_owned()))?;
    let beside = heads_of(&question, &text);
    let (verb, along) = (Verb::Post, &*said.along);
    let asked = Asked { verb, body: &body, beside: &beside, along, pinned: None };
    let mut hearing = across.reach.ask(asked).await?;
    let (message, text) = answer_to(&mut hearing, &id).await?;
    let facts = ServerFacts::read(&message, &text);
    facts.ok_or_else(|| Missed::Foreign("it does not say what it can do".to_owned()))
}

/// The stream of what the server tells by itself.
async fn events(across: &Rc<Across>, session: Rc<ClientSession>) -> WholeResponse {
    let (out, pieces) = outlet();
    drop(task::spawn_local(hear(Rc::clone(across), session, out)));
    streamed(pieces)
}

/// Listens for a client: to all lists, and to the resources that it has named.
async fn hear(across: Rc<Across>, session: Rc<ClientSession>, out: Outlet) {
    let mut pause = REOPEN;
    loop {
        let heard = tokio::select! {
            heard = hear_once(&across, &session, &out) => heard,
            () = session.listens_anew.notified() => continue,
            () = out.closed() => return,
            () = session.ended() => return,
        };
        pause = if heard { REOPEN } else { (pause * 2).min(REOPEN_MAX) };
        tokio::select! {
            () = sleep(pause) => {}
            () = session.listens_anew.notified() => {}
            () = out.closed() => return,
            () = session.ended() => return,
        }
    }
}

/// Listens until the server ends it; whether it has begun.
async fn hear_once(across: &Across, session: &ClientSession, out: &Outlet) -> bool {
    let id = across.next_id().to_string();
    let uris = session.resources.borrow().iter().cloned().collect();
    let filter = Filter { tools: true, prompts: true, resources: true, uris };
    let body = filter.listen(&id, &session.meta());
    let text = String::from_utf8_lossy(&body);
    let Ok(message) = Message::read(&text, &MessageLimits::default()) else { return false };
    let beside = heads_of(&message, &text);
    let (verb, along) = (Verb::Post, &[][..]);
    let asked = Asked { verb, body: &body, beside: &beside, along, pinned: None };
    let Ok(mut hearing) = across.reach.ask(asked).await else { return false };
    let has_begun = hearing.status() == 200 && hearing.is_stream();
    while let Ok(Some((message, text))) = hearing.next().await {
        if message.kind() == MessageKind::Notification
            && message.method() != Some(Method::SubscriptionsAcknowledged)
        {
            out.say(changes::to_legacy(&message).apply(&text)).await;
        }
    }
    has_begun
}

//! What a client says, held to the rules of who may do what; and lists without what nobody shows it.

use std::sync::Arc;

use architrave_mcp::between::changes::Filter;
use architrave_mcp::list::{List, ListKind};
use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::method::Method;
use architrave_mcp::refusal::{Refusal, RefusalKind};

use super::Missed;
use super::gathered::{Gathered, foreign};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mcp::{Access, LiveMcpService, Sought, Use, Verdict, Viewer};
use crate::worker::Worker;

/// Who calls, where that makes a difference.
pub(super) fn viewer(exchange: &Exchange<'_>, service: &LiveMcpService) -> Option<Viewer> {
    service.access.as_ref()?;
    Some(Viewer {
        consumer: exchange.consumer().map(|consumer| consumer.name.as_str().into()),
        application: exchange.admission.application.as_ref().map(|it| Arc::clone(&it.name)),
    })
}

/// The member that says what a request is for, and what that is.
pub(super) fn asked_for(
    (message, text): (&Message, &str),
    method: Method,
) -> Result<(Part, ListKind), Refusal> {
    match method {
        Method::ToolsCall => Ok((Part::Name, ListKind::Tools)),
        Method::PromptsGet => Ok((Part::Name, ListKind::Prompts)),
        Method::ResourcesRead | Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => {
            Ok((Part::Uri, ListKind::Resources))
        }
        Method::CompletionComplete => match message.text(Part::RefType, text).as_deref() {
            Some("ref/prompt") if message.has(Part::RefName) => {
                Ok((Part::RefName, ListKind::Prompts))
            }
            Some("ref/resource") if message.has(Part::RefUri) => {
                Ok((Part::RefUri, ListKind::ResourceTemplates))
            }
            _ => {
                let about = "`params.ref` names no prompt or resource";
                Err(Refusal::new(RefusalKind::WrongParams, about))
            }
        },
        // Tasks: whose they are is not in their ids.
        method => Err(Refusal::unknown_method(method.as_str())),
    }
}

/// That nobody has it, as far as who asks can tell.
pub(super) fn unknown(kind: ListKind) -> Refusal {
    let kind = match kind {
        ListKind::Tools | ListKind::Prompts => RefusalKind::UnknownName,
        ListKind::Resources | ListKind::ResourceTemplates => RefusalKind::UnknownResource,
    };
    Refusal::new(kind, "")
}

/// Judges whether the client may use what a message asks of one server.
///
/// # Errors
/// It may not.
pub(super) fn may_use(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    service: &LiveMcpService,
    sought: Sought<'_>,
    (message, text): (&Message, &str),
) -> Result<(), Missed> {
    let (Some(access), Some(viewer)) = (&service.access, viewer(exchange, service)) else {
        return Ok(());
    };
    let server = service.servers[sought.place].name();
    let used = Use {
        arguments: message.raw(Part::Arguments, text),
        has_case_twins: message.has_case_twins(),
        server,
        caller: (&exchange.admission, exchange.client.ip()),
        now: worker.now(),
    };
    let verdict = access.judge(&viewer, sought, &used);
    let refusal = match verdict {
        Verdict::Allowed => return Ok(()),
        Verdict::Hidden => unknown(sought.kind),
        Verdict::WrongArguments => Refusal::new(RefusalKind::ArgumentsDenied, ""),
        Verdict::Limited(seconds) => {
            let about = format!("try again in {seconds} s");
            Refusal::new(RefusalKind::Limited, about)
        }
    };
    if let Some(facts) = &mut exchange.mcp {
        server.clone_into(&mut facts.server);
        facts.is_denied = verdict == Verdict::Hidden;
        facts.retry_after_s = match verdict {
            Verdict::Limited(seconds) => Some(seconds),
            _ => None,
        };
    }
    Err(refusal.into())
}

/// Judges a message that goes to one server as it came.
///
/// # Errors
/// The client may not say it.
pub(super) fn may_say(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    (service, place): (&LiveMcpService, usize),
    (message, text): (Option<&Message>, &str),
) -> Result<(), Missed> {
    let Some(access) = &service.access else { return Ok(()) };
    let Some(message) = message else {
        let about = "who may do what is judged message by message: send one at a time";
        return Err(Refusal::new(RefusalKind::Batch, about).into());
    };
    if message.kind() != MessageKind::Request {
        return Ok(());
    }
    let Some(method) = message.method() else {
        let method = message.method_text(text).unwrap_or_default();
        return Err(Refusal::unknown_method(&method).into());
    };
    match method {
        Method::Initialize | Method::ServerDiscover | Method::Ping | Method::LoggingSetLevel => {
            Ok(())
        }
        Method::SubscriptionsListen => {
            let viewer = viewer(exchange, service).unwrap_or_default();
            let kind = ListKind::Resources;
            let shows = |name: &String| access.shows(&viewer, Sought { place, kind, name });
            match Filter::read(message, text)?.uris.iter().all(shows) {
                true => Ok(()),
                false => Err(unknown(kind).into()),
            }
        }
        method if ListKind::of(method).is_some() => Ok(()),
        method => {
            let (part, kind) = asked_for((message, text), method)?;
            let name = message.text(part, text).unwrap_or_default();
            let sought = Sought { place, kind, name: &name };
            may_use(worker, exchange, service, sought, (message, text))
        }
    }
}

/// A list without what somebody is not shown; whatever else was answered as it is.
///
/// # Errors
/// It is no list that can be read: then nobody can tell what is in it.
pub(super) fn narrowed(
    access: &Access,
    viewer: &Viewer,
    (place, kind): (usize, ListKind),
    gathered: Gathered,
) -> Result<Gathered, Failure> {
    let Gathered { text, message: Some(message), .. } = &gathered else { return Ok(gathered) };
    if message.kind() != MessageKind::Response {
        return Ok(gathered);
    }
    let list = List::read(kind, text).map_err(|error| foreign(error.to_string()))?;
    let all = list.entries.len() + list.wrong.len();
    let shown = list.entries.iter().filter(|entry| {
        let name = entry.key.as_str();
        access.shows(viewer, Sought { place, kind, name })
    });
    let shown: Vec<&str> = shown.map(|entry| entry.raw(text)).collect();
    if shown.len() == all {
        return Ok(gathered);
    }
    let mut rewrite = message.rewrite();
    rewrite.json(kind.part(), format!("[{}]", shown.join(",")));
    // Somebody else sees more.
    if message.has(Part::CacheScope) {
        rewrite.text(Part::CacheScope, "private");
    }
    let text = String::from_utf8(rewrite.apply(text))
        .map_err(|_| foreign("the server's list is no text"))?;
    let message = Message::read(&text, &MessageLimits::default()).ok();
    Ok(Gathered { text, message, ..gathered })
}

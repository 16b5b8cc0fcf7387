//! A modern client in front of a legacy server: its requests in a session of ours, and the server's
//! questions as results that ask for input.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use architrave_core::task;
use architrave_mcp::between::questions::{self, Question};
use architrave_mcp::between::{answers, changes, requests};
use architrave_mcp::list::Freshness;
use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::method::Method;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use architrave_net::whole::WholeResponse;

use super::far_session::{self, FarSession, OWN_INFO};
use super::hearing::Hearing;
use super::outlet::{Outlet, answered, json, outlet, refused, status};
use super::parked::{Parked, Parking};
use super::reach::Missed;
use super::{Across, Said, listening};

/// How often a stream is come back to that its server closes before it has answered.
const COMEBACKS_MAX: u32 = 32;

/// How long to wait before that, where the server does not say.
const COMEBACK: Duration = Duration::from_millis(500);

/// No server of the legacy era is waited for longer before its stream is come back to.
const COMEBACK_MAX: Duration = Duration::from_secs(30);

/// A call of a client.
#[derive(Debug)]
struct Call {
    across: Rc<Across>,
    said: Said,
    out: Outlet,
    /// What it is asked by, and in which session, as soon as it is.
    asked: RefCell<Option<(Rc<FarSession>, String)>>,
}

/// Answers a message of a modern client.
pub(super) async fn post(across: &Rc<Across>, said: Said) -> WholeResponse {
    if said.message.kind() != MessageKind::Request {
        // What a client tells by itself is that it cancels, which over HTTP it does by going away.
        return status(202);
    }
    match said.message.method() {
        Some(Method::ServerDiscover) => discover(across, &said).await,
        Some(Method::SubscriptionsListen) => Box::pin(listening::listen(across, said)).await,
        _ => {
            let (out, pieces) = outlet();
            let id = said.id().to_owned();
            let asked = RefCell::default();
            let call = Call { across: Rc::clone(across), said, out, asked };
            drop(task::spawn_local(call.run()));
            answered(pieces, &id, Era::Modern).await
        }
    }
}

async fn discover(across: &Rc<Across>, said: &Said) -> WholeResponse {
    match Box::pin(far_session::of(across, said)).await {
        Ok(session) => {
            let facts = &session.facts;
            let known = (&*facts.capabilities, facts.info.as_deref().unwrap_or(OWN_INFO));
            let instructions = facts.instructions.as_deref();
            json(200, answers::discover(said.id(), known, instructions, Freshness::UNSAID))
        }
        Err(missed) => refused(&lost(across, &missed), Some(said.id()), Era::Modern),
    }
}

/// What a client is told of a server that does not answer; the log has the rest.
pub(super) fn lost(across: &Across, missed: &Missed) -> Refusal {
    tracing::warn!(server = &*across.reach.name, "an MCP server of the other era: {missed}");
    let about = match missed {
        Missed::Unreached(_) => "it cannot be reached",
        Missed::Moved => "its session is over",
        Missed::Foreign(_) => "it answered in no words of the protocol",
    };
    Refusal::new(RefusalKind::ServerFailed, about)
}

/// Tells a server that nobody waits for an answer any more.
pub(super) fn call_off(across: &Rc<Across>, session: &Rc<FarSession>, own: &str) {
    let (across, session, body) = (Rc::clone(across), Rc::clone(session), changes::cancelled(own));
    drop(task::spawn_local(async move {
        let _whatever = session.tell(&across, &body).await;
    }));
}

impl Call {
    async fn run(self) {
        let (message, text) = (&self.said.message, &*self.said.text);
        let state = message.text(Part::RequestState, text);
        let goes_on = match state {
            Some(state) => Box::pin(self.go_on(&state)).await,
            // A server may say nothing at all before it answers.
            None => tokio::select! {
                begun = Box::pin(self.begin()) => begun,
                () = self.out.closed() => {
                    if let Some((session, own)) = self.asked.take() {
                        call_off(&self.across, &session, &own);
                    }
                    return;
                }
            },
        };
        match goes_on {
            Ok(Some((session, hearing, own))) => {
                Box::pin(self.follow(session, hearing, own)).await;
            }
            Ok(None) => {}
            Err(refusal) => self.refuse(&refusal).await,
        }
    }

    async fn refuse(&self, refusal: &Refusal) {
        self.out.refuse(refusal, self.said.id(), Era::Modern).await;
    }

    /// Makes the request in the session of its client.
    async fn begin(&self) -> Result<Option<(Rc<FarSession>, Hearing, String)>, Refusal> {
        let across = &self.across;
        let (message, text) = (&self.said.message, &*self.said.text);
        let own = across.next_id().to_string();
        let mut rewrite = requests::to_legacy(message, &own)?;
        if message.has(Part::ProgressToken) {
            rewrite.json(Part::ProgressToken, own.as_bytes());
        }
        let body = rewrite.apply(text);
        let failed = |missed: Missed| lost(across, &missed);
        // A session that the server has forgotten is made again, once.
        for is_last in [false, true] {
            let session = Box::pin(far_session::of(across, &self.said)).await.map_err(failed)?;
            if let Some(level) = message.text(Part::MetaLogLevel, text) {
                session.set_level(across, &level).await.map_err(failed)?;
            }
            self.asked.replace(Some((Rc::clone(&session), own.clone())));
            match session.ask(across, &self.said.along, &body).await {
                Ok(hearing) if hearing.status() == 404 && session.is_named() && !is_last => {
                    across.far.forget(&session);
                }
                Err(Missed::Moved) if !is_last => across.far.forget(&session),
                Ok(hearing) => return Ok(Some((session, hearing, own))),
                Err(missed) => return Err(failed(missed)),
            }
        }
        Err(failed(Missed::Moved))
    }

    /// Goes on with a call that has waited for what the client answers now.
    async fn go_on(
        &self,
        state: &str,
    ) -> Result<Option<(Rc<FarSession>, Hearing, String)>, Refusal> {
        let (message, text) = (&self.said.message, &*self.said.text);
        let said = questions::responses(message, text)?;
        let wrong = "`params.requestState` is of no request of this kind that waits";
        let parked = self.across.parking.take(state, &self.said);
        let parked = parked.ok_or_else(|| Refusal::new(RefusalKind::WrongParams, wrong))?;
        let answer = said.into_iter().find(|(key, _)| *key == parked.question.key);
        let Some((_, result)) = answer else {
            // Whoever does not answer is asked again.
            let asked = [parked.question.clone()];
            self.across.parking.put_back(state, parked);
            let again = questions::input_required(self.said.id(), &asked, Some(state));
            self.out.answer(again).await;
            return Ok(None);
        };
        let Parked { session, hearing, own, asked_as, .. } = parked;
        let told = session.tell(&self.across, &questions::response(&asked_as, &result)).await;
        told.map_err(|missed| lost(&self.across, &missed))?;
        Ok(Some((session, hearing, own)))
    }

    /// Passes on what a server says up to its answer, or to a question.
    async fn follow(&self, session: Rc<FarSession>, mut hearing: Hearing, own: String) {
        let mut comebacks = 0;
        loop {
            let next = tokio::select! {
                next = hearing.next() => next,
                text = session.ears.question() => match self.asked_aside(&session, &text).await {
                    Heard::Asked(asked_as, question) => {
                        let call = (session, hearing, own);
                        return self.park(call, (asked_as, question)).await;
                    }
                    _ => continue,
                },
                () = self.out.closed() => return call_off(&self.across, &session, &own),
            };
            let missed = match next {
                Ok(Some((message, text))) => {
                    match self.hear(&session, (&message, &text), &own).await {
                        Heard::On => continue,
                        Heard::Answered => return,
                        Heard::Asked(asked_as, question) => {
                            let call = (session, hearing, own);
                            return self.park(call, (asked_as, question)).await;
                        }
                    }
                }
                Ok(None) if !hearing.is_stream() => {
                    Missed::Foreign(format!("it answered {} and no message", hearing.status()))
                }
                Ok(None) => Missed::Foreign("its answer broke off".to_owned()),
                Err(missed) => missed,
            };
            let mark = hearing.last_event.clone();
            let Some(mark) = mark.filter(|_| comebacks < COMEBACKS_MAX && hearing.is_stream())
            else {
                return self.refuse(&lost(&self.across, &missed)).await;
            };
            comebacks += 1;
            tokio::time::sleep(hearing.retry.unwrap_or(COMEBACK).min(COMEBACK_MAX)).await;
            match session.hear(&self.across, Some(&mark)).await {
                Ok(again) if again.status() == 200 && again.is_stream() => {
                    let retry = hearing.retry;
                    hearing = again;
                    hearing.retry = retry;
                    hearing.last_event = Some(mark);
                }
                _ => return self.refuse(&lost(&self.across, &missed)).await,
            }
        }
    }

    async fn hear(
        &self,
        session: &Rc<FarSession>,
        (message, text): (&Message, &str),
        own: &str,
    ) -> Heard {
        let id = self.said.id();
        match message.kind() {
            MessageKind::Response | MessageKind::Failure => {
                // Who could not read the id answers without one.
                if message.id(text).is_some_and(|said| said != own && said != "null") {
                    return Heard::On;
                }
                let method = self.said.message.method();
                let answer = match questions::urls_first(message, text) {
                    Some(urls) => questions::input_required(id, &urls, None),
                    None => answers::to_modern(message, text, id, method).apply(text),
                };
                self.out.answer(answer).await;
                Heard::Answered
            }
            MessageKind::Notification => {
                if let Some(message) = self.told((message, text), own) {
                    self.out.say(message).await;
                } else if listening::is_change(message.method()) {
                    session.ears.tell(text);
                }
                Heard::On
            }
            MessageKind::Request => self.asked(session, (message, text)).await,
        }
    }

    /// What a server tells on the way to an answer; nothing where it is not for the client.
    fn told(&self, (message, text): (&Message, &str), own: &str) -> Option<Vec<u8>> {
        match message.method() {
            Some(Method::Progress) => {
                let token = self.said.message.raw(Part::ProgressToken, &self.said.text)?;
                (message.raw(Part::ProgressOf, text) == Some(own)).then(|| {
                    let mut rewrite = message.rewrite();
                    rewrite.json(Part::ProgressOf, token);
                    rewrite.apply(text)
                })
            }
            Some(Method::LogMessage) => {
                self.said.message.has(Part::MetaLogLevel).then(|| text.as_bytes().to_vec())
            }
            // What no revision knows may be what both sides know.
            None => Some(text.as_bytes().to_vec()),
            Some(_) => None,
        }
    }

    /// What a server asks that does not say for which call.
    async fn asked_aside(&self, session: &Rc<FarSession>, text: &str) -> Heard {
        match Message::read(text, &MessageLimits::default()) {
            Ok(message) => self.asked(session, (&message, text)).await,
            Err(_refused) => Heard::On,
        }
    }

    async fn asked(&self, session: &Rc<FarSession>, (message, text): (&Message, &str)) -> Heard {
        let asked_as = message.id(text).unwrap_or("null").to_owned();
        let question = match message.method() {
            Some(Method::Ping) => {
                let _whatever =
                    session.tell(&self.across, &questions::response(&asked_as, "{}")).await;
                return Heard::On;
            }
            _ => Question::of_request("answer", message, text),
        };
        let allowed = question.and_then(|question| {
            question.allowed(session.abilities)?;
            Ok(question)
        });
        match allowed {
            Ok(question) => Heard::Asked(asked_as, question),
            Err(refusal) => {
                let mut body = Vec::new();
                refusal.write(&mut body, Some(&asked_as), Era::Legacy);
                let _whatever = session.tell(&self.across, &body).await;
                Heard::On
            }
        }
    }

    async fn park(
        &self,
        call: (Rc<FarSession>, Hearing, String),
        (asked_as, question): (String, Question),
    ) {
        let asked = [question.clone()];
        let parked = Parked::new(&self.said, call, (asked_as, question));
        match Parking::park(&self.across, parked) {
            Ok(state) => {
                let asks = questions::input_required(self.said.id(), &asked, Some(&state));
                self.out.answer(asks).await;
            }
            Err(parked) => {
                call_off(&self.across, &parked.session, &parked.own);
                let about = "too many calls to it wait for answers";
                self.refuse(&Refusal::new(RefusalKind::ServerFailed, about)).await;
            }
        }
    }
}

/// What came of a message.
#[derive(Debug)]
enum Heard {
    /// There is more to come.
    On,
    /// It was the answer.
    Answered,
    /// The client is asked something first: the JSON of the question's id, and the question.
    Asked(String, Question),
}

//! One request of a legacy client at a modern server, as often as the server wants to hear it: each
//! time with the answers to what it has asked.

use std::rc::Rc;
use std::time::Duration;

use architrave_mcp::arrival::heads_of;
use architrave_mcp::between::answers::{self, Outcome};
use architrave_mcp::between::questions::{self, Question};
use architrave_mcp::between::{changes, requests};
use architrave_mcp::list::{List, ListKind};
use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::method::Method;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use architrave_net::Method as Verb;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::client_session::ClientSession;
use super::from_modern::lost;
use super::hearing::Hearing;
use super::outlet::Outlet;
use super::reach::{Asked, Missed};
use super::{Across, Said};

/// A server that has not enough after so many rounds has lost its way.
const ROUNDS_MAX: usize = 32;

/// How long an answer is waited for: somebody may have to be asked who is not at the desk.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Pages of a list of tools that are read to find out what headers say.
const PAGES_MAX: usize = 32;

const HEADER_MISMATCH: &str = "-32020";

/// A request of a client.
#[derive(Debug)]
pub(super) struct Call {
    pub across: Rc<Across>,
    pub session: Rc<ClientSession>,
    pub said: Said,
    pub out: Outlet,
}

/// Why a call ends without an answer of the server's.
enum Ended {
    Refused(Refusal),
    /// Nobody wants one.
    Silent,
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Call {
    /// Makes it, and answers.
    pub(super) async fn run(self) {
        let id = self.said.id().to_owned();
        let cancelled = Rc::new(Notify::new());
        self.session.open.borrow_mut().insert(id.clone(), Rc::clone(&cancelled));
        // What is dropped here closes the stream of the server, which tells it.
        let ended = tokio::select! {
            ended = Box::pin(self.rounds()) => ended,
            () = cancelled.notified() => Err(Ended::Silent),
            () = self.session.ended() => Err(Ended::Silent),
        };
        self.session.open.borrow_mut().remove(&id);
        match ended {
            Ok(answer) => self.out.answer(answer).await,
            Err(Ended::Refused(refusal)) => self.out.refuse(&refusal, &id, Era::Legacy).await,
            Err(Ended::Silent) => {}
        }
    }

    async fn rounds(&self) -> Result<Vec<u8>, Ended> {
        let across = &self.across;
        let mut own = across.next_id().to_string();
        let first = self.session.with_teller(|teller| {
            requests::to_modern(&self.said.message, &own, teller)
                .map(|rewrite| rewrite.apply(&self.said.text))
        })?;
        let failed = |about: &'static str| Refusal::new(RefusalKind::ServerFailed, about);
        let first = String::from_utf8(first).map_err(|_| failed("it cannot be asked that"))?;
        let asked = Message::read(&first, &MessageLimits::default());
        let asked = asked.map_err(|unread| unread.refusal)?;
        let mut body = first.clone().into_bytes();
        let mut has_learned = false;
        for _round in 0..ROUNDS_MAX {
            let (message, text) = self.ask(&asked, &first, (&own, &body)).await?;
            if message.kind() == MessageKind::Failure {
                let code = message.raw(Part::ErrorCode, &text);
                let is_call = asked.method() == Some(Method::ToolsCall);
                if code == Some(HEADER_MISMATCH) && is_call && !has_learned {
                    has_learned = true;
                    learn_tools(across, &self.session, &self.said).await;
                    continue;
                }
                return Ok(answers::to_legacy(&message, self.said.id()).apply(&text));
            }
            match answers::outcome(&message, &text)? {
                Outcome::Complete => {
                    if asked.method() == Some(Method::ToolsList) {
                        note_tools(across, &text);
                    }
                    return Ok(answers::to_legacy(&message, self.said.id()).apply(&text));
                }
                Outcome::InputRequired => {
                    let said = self.answers(Question::of_result(&message, &text)?).await?;
                    let state = message.raw(Part::ResultState, &text);
                    own = across.next_id().to_string();
                    body = questions::again(&asked, &first, &own, (&said, state));
                }
            }
        }
        Err(failed("it asks without end").into())
    }

    /// Says it to the server, and passes on what that says up to its answer.
    async fn ask(
        &self,
        asked: &Message,
        first: &str,
        (own, body): (&str, &[u8]),
    ) -> Result<(Message, String), Ended> {
        let across = &self.across;
        let mut beside: Vec<(&str, String)> = heads_of(asked, first);
        let mirrored = self.mirrored(asked, first);
        beside.extend(mirrored.iter().map(|(name, value)| (&**name, value.clone())));
        let (verb, along) = (Verb::Post, &*self.said.along);
        let asked = Asked { verb, body, beside: &beside, along, pinned: None };
        let hearing = across.reach.ask(asked).await;
        let heard = match hearing {
            Ok(hearing) => self.follow(hearing, own).await,
            Err(missed) => Err(missed),
        };
        heard.map_err(|missed| lost(across, &missed).into())
    }

    async fn follow(&self, mut hearing: Hearing, own: &str) -> Result<(Message, String), Missed> {
        while let Some((message, text)) = hearing.next().await? {
            match message.kind() {
                MessageKind::Response | MessageKind::Failure => {
                    if message.id(&text).is_none_or(|id| id == own || id == "null") {
                        return Ok((message, text));
                    }
                }
                MessageKind::Notification => {
                    self.out.say(changes::to_legacy(&message).apply(&text)).await;
                }
                // Modern servers ask in their answers.
                MessageKind::Request => {}
            }
        }
        Err(match hearing.is_stream() {
            true => Missed::Foreign("its answer broke off".to_owned()),
            false => Missed::Foreign(format!("it answered {} and no message", hearing.status())),
        })
    }

    /// Headers that say arguments of the tool again.
    fn mirrored(&self, asked: &Message, text: &str) -> Vec<(String, String)> {
        if asked.method() != Some(Method::ToolsCall) {
            return Vec::new();
        }
        let name = asked.text(Part::Name, text).unwrap_or_default();
        let known = self.across.mirrored.borrow();
        let Some(mirrored) = known.get(&*name) else { return Vec::new() };
        let arguments = asked.raw(Part::Arguments, text);
        let value = |one: &architrave_mcp::mirrored::Mirrored| {
            Some((one.header.clone(), one.value(arguments)?))
        };
        mirrored.iter().filter_map(value).collect()
    }

    /// Asks the client, one question after the other.
    async fn answers(&self, asked: Vec<Question>) -> Result<Vec<(String, String)>, Ended> {
        let mut said = Vec::with_capacity(asked.len());
        for question in asked {
            question.allowed(self.session.abilities)?;
            if self.out.is_closed() {
                return Err(Ended::Silent);
            }
            let id = format!("\"architrave-{}\"", self.across.next_id());
            let answer = self.session.wait_for(&id);
            self.out.say(with_elicitation_id(&question).request(&id)).await;
            let answer = timeout(PATIENCE, answer).await;
            self.session.forget(&id);
            match answer {
                Ok(Ok(Some(result))) => said.push((question.key, result)),
                _ => {
                    let about = "the client has not answered what it asked";
                    return Err(Refusal::new(RefusalKind::ServerFailed, about).into());
                }
            }
        }
        Ok(said)
    }
}

/// Who is sent to a URL is told by which id the end of it would be told; the modern era has none.
fn with_elicitation_id(question: &Question) -> Question {
    let is_url = question.method == Method::ElicitationCreate
        && question.needs() == architrave_mcp::session::Abilities::URL;
    match question.params.strip_prefix('{') {
        Some(rest) if is_url => {
            let id = format!("architrave-{:016x}", fastrand::u64(..));
            let params = format!(r#"{{"elicitationId":"{id}",{rest}"#);
            Question { params, ..question.clone() }
        }
        _ => question.clone(),
    }
}

/// Notes which arguments of tools are said again in headers.
fn note_tools(across: &Across, text: &str) -> Option<String> {
    let list = List::read(ListKind::Tools, text).ok()?;
    let mut known = across.mirrored.borrow_mut();
    for entry in list.entries {
        match entry.mirrored.is_empty() {
            true => drop(known.remove(&entry.key)),
            false => drop(known.insert(entry.key, entry.mirrored)),
        }
    }
    list.next
}

/// Asks the server for its tools, for what it wants in headers.
async fn learn_tools(across: &Across, session: &ClientSession, said: &Said) {
    let mut cursor: Option<String> = None;
    for _page in 0..PAGES_MAX {
        let id = across.next_id().to_string();
        let at = cursor.as_deref().map(|cursor| {
            let mut out = Vec::new();
            architrave_wire::json::Writer::new(&mut out).text(cursor);
            format!(r#","cursor":{}"#, String::from_utf8_lossy(&out))
        });
        let (meta, at) = (session.meta(), at.unwrap_or_default());
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list","params":{{"_meta":{meta}{at}}}}}"#
        );
        let Ok(message) = Message::read(&text, &MessageLimits::default()) else { return };
        let beside = heads_of(&message, &text);
        let (verb, body, along) = (Verb::Post, text.as_bytes(), &*said.along);
        let asked = Asked { verb, body, beside: &beside, along, pinned: None };
        let Ok(mut hearing) = across.reach.ask(asked).await else { return };
        let answer = super::far_session::answer_to(&mut hearing, &id).await;
        cursor = answer.ok().and_then(|(_, text)| note_tools(across, &text));
        if cursor.is_none() {
            return;
        }
    }
}

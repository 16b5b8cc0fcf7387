//! The request of an operation that goes through: read up to where the model is named, and written
//! for a lane.

use std::sync::Arc;

use architrave_config::LlmService;
use architrave_core::Reason;
use architrave_llm::beside::{self, Destination, Prepared, PreparedBody};
use architrave_llm::chat::{ChatError, ErrorKind, Text};
use architrave_llm::dialect::{Address, Dialect};
use architrave_llm::estimate;
use architrave_llm::frame::Framing as StreamFraming;
use architrave_llm::scan::{Scanned, Splice, Watched};
use architrave_llm::surface::{self, Asked, BodyForm, Kept, KeptId, Operation, Surface};
use architrave_net::{Method, Reader, Version};
use architrave_policy::guardrail::Guards;
use architrave_policy::ledger::OUTPUT_TOKENS_DEFAULT;

use super::form::{self, Form};
use super::{form_sight, links};
use crate::dispatch::llm::outgoing::{Caller, Outgoing};
use crate::dispatch::llm::payload::{Payload, Rest};
use crate::dispatch::llm::reserve::Wanted;
use crate::dispatch::llm::run::Missed;
use crate::dispatch::llm::{kept, read_body, refusal, seen};
use crate::exchange::Exchange;
use crate::models::{LiveLane, LiveModel};
use crate::serve::RequestFacts;
use crate::worker::Worker;

/// What stands for a model where none was asked for.
pub(super) const NO_MODEL: &str = "-";

/// A request that was read as far as is needed.
#[derive(Debug)]
pub(super) struct Passing {
    body: Body,
    bytes_max: u64,
    model: Option<String>,
    others: Vec<(String, Arc<LiveModel>)>,
    stream: bool,
    content_type: Option<Vec<u8>>,
    accept: Option<Vec<u8>>,
    guards: Guards,
    upgrade: Option<String>,
    named: Vec<KeptId>,
    is_home_known: bool,
}

#[derive(Debug)]
enum Body {
    None,
    Json(Arc<Vec<u8>>, Box<Scanned>),
    Form(Box<Form>),
    Opaque(Rest),
}

/// A request as it goes out, and how the answer comes back.
pub(super) struct Written {
    /// The request; several where the provider takes one thing at a time.
    pub outgoings: Vec<Outgoing>,
    /// The dialect of failures.
    pub dialect: Dialect,
    /// How the answer is made ready for the client; `None` where it goes on as it comes.
    pub prepared: Option<Prepared>,
}

impl Passing {
    /// Reads the body as far as is needed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn read(
        worker: &Worker,
        exchange: &mut Exchange<'_>,
        reader: &mut Reader,
        facts: &RequestFacts,
        asked: &Asked<'_>,
        service: &LlmService,
    ) -> Result<Self, Missed> {
        let bytes_max = exchange.admission.body_bytes_max.unwrap_or(u64::MAX);
        let bytes_max = bytes_max.min(service.body_bytes_max);
        let own = |name: &str| exchange.head.fields.get(name).map(<[u8]>::to_vec);
        let (content_type, accept) = (own("content-type"), own("accept"));
        let is_form = content_type.as_deref().is_some_and(is_form);
        let body = match asked.surface.body() {
            BodyForm::None => Body::None,
            BodyForm::Multipart if is_form => {
                let said = content_type.as_deref().unwrap_or_default();
                Body::Form(Box::new(form::read(reader, facts, asked, said, bytes_max).await?))
            }
            BodyForm::Json | BodyForm::Multipart => {
                let read =
                    read_body::read_json(reader, facts, bytes_max, asked.surface.watch()).await;
                let read = read.map_err(|unread| refusal::unread(&unread, bytes_max))?;
                exchange.is_body_read = true;
                exchange.request_bytes = read.bytes.len() as u64;
                Body::Json(Arc::new(read.bytes), Box::new(read.scanned))
            }
            BodyForm::Opaque => Body::Opaque(form::rest(facts, 0, bytes_max)?),
        };
        exchange.timings.read_at = exchange.timings.read_at.or(Some(worker.now()));
        let model = match &asked.address.model {
            // Whatever the path calls it by: a file is no model's.
            _ if asked.operation().kept() == Some(Kept::File) => None,
            Some(model) => Some(model.clone().into_owned()),
            None => body.model(asked)?,
        };
        let stream = asked.address.stream.unwrap_or_else(|| body.is_stream());
        let in_path = asked.kept().map(|(kept, id)| (kept, id.to_owned()));
        let in_query = links::named(asked.surface, asked.query);
        let mut named: Vec<KeptId> = in_path.into_iter().chain(in_query).collect();
        if let Body::Json(bytes, scanned) = &body {
            named.extend(kept::named(worker, asked.surface, (bytes, scanned)).await?);
        }
        Ok(Self {
            body,
            bytes_max,
            model,
            others: Vec::new(),
            stream,
            content_type,
            accept,
            guards: Guards::default(),
            upgrade: facts.upgrade.clone(),
            named,
            is_home_known: false,
        })
    }

    /// Shows it to guardrails, which may mask what it says; they see through the answer, too.
    ///
    /// # Errors
    /// That one of them refuses it.
    pub(super) async fn see_through(
        &mut self,
        asked: &Asked<'_>,
        guards: Guards,
        reader: &mut Reader,
    ) -> Result<(), Missed> {
        match &mut self.body {
            Body::Json(bytes, scanned) => {
                if let Some(masked) = seen::see_request(&guards, bytes, asked.surface.watch())? {
                    (*bytes, **scanned) = (Arc::new(masked.0), masked.1);
                }
            }
            // What is uploaded is kept for whoever asks for it, and said to nobody.
            Body::Form(form)
                if (guards.looks_at_requests() || guards.looks_at_replies())
                    && asked.operation().is_inference() =>
            {
                let said = self.content_type.as_deref().unwrap_or_default();
                form_sight::read_on(form, reader, self.bytes_max).await?;
                form_sight::see(form, &guards, (said, asked.surface.watch()))?;
                // It may be said behind the model.
                self.stream |= form.look.is_true(Watched::Stream);
            }
            Body::None | Body::Form(..) | Body::Opaque(_) => {}
        }
        self.guards = guards;
        Ok(())
    }

    /// The protocol that is to be spoken behind the answer.
    pub(super) fn upgrade(&self) -> Option<&str> {
        self.upgrade.as_deref()
    }

    /// What sees through the answer.
    pub(super) const fn guards(&self) -> &Guards {
        &self.guards
    }

    /// Whether the answer is to come piece by piece.
    pub(super) const fn is_stream(&self) -> bool {
        self.stream
    }

    /// The model asked for, where one is named.
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The models that are named beside the first, where each is to be asked: those of a batch.
    ///
    /// # Errors
    /// That they cannot be read.
    pub(super) fn other_models(&self, asked: &Asked<'_>) -> Result<Vec<String>, Missed> {
        match &self.body {
            Body::Json(bytes, _) if asked.surface == Surface::AnthropicBatchCreate => {
                Ok(named_models(asked, bytes)?.into_iter().skip(1).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Notes what stands behind the names of those models.
    pub(super) fn note_others(&mut self, others: Vec<(String, Arc<LiveModel>)>) {
        self.others = others;
    }

    /// Whether a lane leads to all that is asked for.
    pub(super) fn is_all_at(&self, lane: &LiveLane) -> bool {
        self.others.iter().all(|(_, model)| model.beside(lane).is_some())
    }

    /// Whether several models are asked for at once.
    pub(super) const fn has_others(&self) -> bool {
        !self.others.is_empty()
    }

    /// The form, where it is one.
    pub(super) fn form(&self) -> Option<&Form> {
        match &self.body {
            Body::Form(form) => Some(form),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn form_mut(&mut self) -> Option<&mut Form> {
        match &mut self.body {
            Body::Form(form) => Some(form),
            _ => None,
        }
    }

    /// What the path and the body name that lives at a provider.
    pub(super) fn named(&self) -> &[KeptId] {
        &self.named
    }

    /// Notes whether it is known where that lives.
    pub(super) const fn note_home(&mut self, is_known: bool) {
        self.is_home_known = is_known;
    }

    /// Whether something is named of which it is known that it is the consumer's own.
    pub(super) const fn is_home_known(&self) -> bool {
        self.is_home_known
    }

    /// The tokens that it will be, by an estimate.
    pub(super) fn prompt_tokens(&self) -> u64 {
        match &self.body {
            Body::Json(_, scanned) => estimate::prompt_tokens(&scanned.sizes),
            Body::None | Body::Form(..) | Body::Opaque(_) => 0,
        }
    }

    /// How large it is, and how large its answer may be.
    pub(super) fn wanted(&self, operation: Operation) -> Wanted {
        let json = self.json();
        let writes = matches!(operation, Operation::Completion | Operation::Invoke);
        let output_max = match writes {
            true => json.and_then(|(bytes, scanned)| scanned.output_tokens_max(bytes)),
            false => Some(0),
        };
        Wanted {
            prompt_tokens: self.prompt_tokens(),
            output_max,
            choices: json.map_or(1, |(bytes, scanned)| scanned.choices(bytes)),
            has_media: !writes && !matches!(operation, Operation::Embedding | Operation::Rerank),
            ..Wanted::default()
        }
    }

    /// Makes the body ask for no more output than that, where its form says how.
    ///
    /// # Errors
    /// That so little is left that what the body does not say would be too much.
    pub(super) fn limit_output(&mut self, asked: &Asked<'_>, limit: u64) -> Result<(), Missed> {
        let Body::Json(bytes, scanned) = &mut self.body else {
            return Err(refusal::too_little_left(limit));
        };
        // What a bare call would call it, its model alone knows.
        if asked.operation() != Operation::Completion && !scanned.states_output_max() {
            return match limit < OUTPUT_TOKENS_DEFAULT {
                true => Err(refusal::too_little_left(limit)),
                false => Ok(()),
            };
        }
        let watch = asked.surface.watch();
        let mut splice = Splice::new();
        splice.limit_output((scanned, bytes), watch, limit, Watched::OutputTokensMax);
        let limited = splice.apply(bytes);
        let anew = Scanned::whole(&limited, watch).map_err(|error| {
            refusal::invalid(ChatError::new(ErrorKind::InvalidRequest, error.to_string()))
        })?;
        (*bytes, **scanned) = (Arc::new(limited), anew);
        Ok(())
    }

    /// Whether all of it is here, so that another attempt can send it.
    pub(super) fn can_be_sent_again(&self) -> bool {
        match &self.body {
            Body::None | Body::Json(..) => true,
            Body::Form(form) => form.rest == Rest::None,
            Body::Opaque(rest) => *rest == Rest::None,
        }
    }

    /// The body, where it is JSON, with what the scan found in it.
    pub(super) fn json(&self) -> Option<(&Arc<Vec<u8>>, &Scanned)> {
        match &self.body {
            Body::Json(bytes, scanned) => Some((bytes, scanned)),
            Body::None | Body::Form(..) | Body::Opaque(_) => None,
        }
    }

    /// A body that goes through, the model renamed.
    fn payload(&self, lane: &LiveLane) -> Payload {
        match &self.body {
            Body::None | Body::Json(..) => Payload::default(),
            Body::Opaque(rest) => Payload::default().with_rest(*rest),
            Body::Form(form) => {
                let model = self.model.as_deref().filter(|model| *model != &*lane.model);
                form.payload(model.map(|_| &*lane.model))
            }
        }
    }
}

impl Body {
    fn model(&self, asked: &Asked<'_>) -> Result<Option<String>, Missed> {
        Ok(match self {
            Self::None | Self::Opaque(_) => None,
            Self::Form(form) => form.look.text(Watched::Model).map(str::to_owned),
            Self::Json(bytes, scanned) => match scanned.text(Watched::Model, bytes) {
                Some(named) => Some(named.into_owned()),
                None => named_models(asked, bytes)?.into_iter().next(),
            },
        })
    }

    fn is_stream(&self) -> bool {
        match self {
            Self::Json(bytes, scanned) => scanned.is_true(Watched::Stream, bytes),
            Self::Form(form) => form.look.is_true(Watched::Stream),
            Self::None | Self::Opaque(_) => false,
        }
    }
}

/// Whether a content type is one of forms, however it is written.
fn is_form(content_type: &[u8]) -> bool {
    const FORM: &[u8] = b"multipart/";
    content_type.get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM))
}

/// The models that a body names elsewhere than at its top, each once.
fn named_models(asked: &Asked<'_>, body: &[u8]) -> Result<Vec<String>, Missed> {
    let named = asked.surface.named_models(text_of(body)?);
    let named = named.map_err(|error| refusal::invalid(error.into()))?;
    let mut names: Vec<String> = Vec::new();
    for model in named {
        if !names.iter().any(|known| *known == *model.name) {
            names.push(model.name.into_owned());
        }
    }
    Ok(names)
}

fn text_of(body: &[u8]) -> Result<&str, Missed> {
    std::str::from_utf8(body).map_err(|_not_text| {
        refusal::invalid(ChatError::new(ErrorKind::InvalidRequest, "the body is not UTF-8"))
    })
}

/// Whether a lane's provider takes what is asked: as it is asked, or in its own words where there
/// are others for the same.
pub(super) fn reaches(lane: &LiveLane, asked: &Asked<'_>) -> bool {
    let has_other_words = matches!(
        asked.operation(),
        Operation::Embedding | Operation::Rerank | Operation::Completion | Operation::TokenCount
    );
    surface_there(lane, asked).is_some_and(|there| has_other_words || there == asked.surface)
}

/// Whether a lane's provider takes what is asked as it is asked.
pub(super) fn takes_as_asked(lane: &LiveLane, asked: &Asked<'_>) -> bool {
    surface_there(lane, asked) == Some(asked.surface)
}

fn surface_there(lane: &LiveLane, asked: &Asked<'_>) -> Option<Surface> {
    if asked.operation() == Operation::TokenCount && lane.is_uncounted() {
        return None;
    }
    let address = address(lane, asked, false);
    surface::reach(&lane.side.row.routes, asked, &address).map(|reach| reach.surface)
}

fn address<'a>(lane: &'a LiveLane, asked: &Asked<'_>, stream: bool) -> Address<'a> {
    Address {
        // Where none was asked for, none is named.
        model: (*lane.model != *NO_MODEL).then_some(Text::Borrowed(&lane.model)),
        stream: Some(asked.address.stream.unwrap_or(stream)),
        framing: asked.address.framing,
    }
}

/// Makes the body ready for a lane's provider, where it is JSON.
///
/// # Errors
/// What of it the provider's words cannot say.
pub(super) fn prepare(
    lane: &LiveLane,
    asked: &Asked<'_>,
    passing: &Passing,
) -> Result<Option<Prepared>, Missed> {
    let Some((bytes, scanned)) = passing.json() else { return Ok(None) };
    let text = text_of(bytes)?;
    let address = address(lane, asked, passing.stream);
    let to = Destination { routes: &lane.side.row.routes, quirks: &lane.quirks, address: &address };
    let prepared = beside::prepare(asked, (text, scanned), to);
    let mut prepared = prepared.map_err(refusal::invalid)?;
    if let Some(prepared) = prepared.as_mut().filter(|_| passing.has_others()) {
        prepared.body = PreparedBody::AsCame(renamed_each(lane, asked, passing, text)?);
    }
    Ok(prepared)
}

/// The edits by which each of several models is called as the lane's provider calls it.
fn renamed_each(
    lane: &LiveLane,
    asked: &Asked<'_>,
    passing: &Passing,
    body: &str,
) -> Result<Splice, Missed> {
    let there = |name: &str| match passing.others.iter().find(|(other, _)| other == name) {
        Some((_, model)) => model.beside(lane).map(|lane| &*lane.model),
        None => Some(&*lane.model),
    };
    let renamed = asked.surface.rename_each(body, there);
    renamed.map_err(|error| refusal::invalid(error.into()))
}

/// Writes the request for a lane.
///
/// # Errors
/// That the provider does not take it.
pub(super) fn write(
    worker: &Worker,
    lane: &LiveLane,
    asked: &Asked<'_>,
    passing: &Passing,
    caller: Caller<'_>,
) -> Result<Written, Missed> {
    let prepared = prepare(lane, asked, passing)?;
    let found = match &prepared {
        Some(prepared) => Some(prepared.reach.clone()),
        None => {
            let address = address(lane, asked, passing.stream);
            surface::reach(&lane.side.row.routes, asked, &address)
        }
    };
    let found = found.ok_or_else(not_there)?;
    let payloads = match prepared.as_ref().map(|prepared| &prepared.body) {
        Some(PreparedBody::AsCame(splice)) => {
            passing.json().map(|(bytes, _)| Payload::spliced(bytes, splice)).into_iter().collect()
        }
        Some(PreparedBody::Written(bodies)) => bodies.iter().cloned().map(Payload::own).collect(),
        None => vec![passing.payload(lane)],
    };
    let is_same = found.surface == asked.surface;
    let outgoings = payloads.into_iter().map(|payload| {
        outgoing((worker, lane, caller), (asked, passing), &found, payload, is_same)
    });
    let outgoings = outgoings.collect::<Result<_, _>>()?;
    Ok(Written { outgoings, dialect: found.surface.dialect(), prepared })
}

fn not_there() -> Missed {
    let message = "the provider takes nothing of the kind";
    let error = ChatError { status: 501, ..ChatError::new(ErrorKind::InvalidRequest, message) };
    Missed::refused(error, Reason::NotImplemented)
}

fn outgoing(
    (worker, lane, caller): (&Worker, &LiveLane, Caller<'_>),
    (asked, passing): (&Asked<'_>, &Passing),
    found: &surface::Reach,
    payload: Payload,
    is_same: bool,
) -> Result<Outgoing, Missed> {
    let reach = lane.side.reach.as_ref().ok_or_else(not_there)?;
    let base_path = if found.is_from_root { "" } else { &reach.base_path };
    let mut head = worker.spares().request_heads.take();
    head.method = Method::from_token(found.surface.method());
    head.version = Version::Http11;
    head.authority.push_str(&reach.authority);
    let fields = &mut head.fields;
    // What was read as JSON is sent as that: by another word for it, it could be read otherwise.
    match (&passing.body, &passing.content_type) {
        (Body::Json(..), _) => fields.append("Content-Type", b"application/json"),
        (_, Some(said)) => fields.append("Content-Type", said),
        (_, None) => {}
    }
    if let Some(accept) = &passing.accept {
        fields.append("Accept", accept);
    }
    super::super::outgoing::introduce(fields, caller, lane, (found.surface.dialect(), is_same));
    links::ask(found.surface, caller.fields, fields);
    if passing.upgrade.is_some() {
        super::super::outgoing::shake_hands(fields, caller.fields);
    }
    Ok(Outgoing {
        head,
        target: format!("{base_path}{}", found.path),
        payload,
        dialect: asked.dialect(),
        framing: StreamFraming::Sse,
        losses: architrave_llm::field::Losses::default(),
        hides_usage: false,
    })
}

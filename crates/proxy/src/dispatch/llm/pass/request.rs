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
use architrave_llm::multipart::{Multipart, MultipartLimits};
use architrave_llm::scan::{Scanned, Splice, Watched};
use architrave_llm::surface::{self, Asked, BodyForm, KeptId, Operation};
use architrave_net::{Framing, Method, Reader, Version};
use architrave_policy::guardrail::Guards;
use architrave_policy::ledger::OUTPUT_TOKENS_DEFAULT;

use super::form::{self, FormRead};
use crate::dispatch::llm::outgoing::{Caller, Outgoing};
use crate::dispatch::llm::payload::{Payload, Rest};
use crate::dispatch::llm::reserve::Wanted;
use crate::dispatch::llm::run::Missed;
use crate::dispatch::llm::{kept, read_body, refusal, seen};
use crate::exchange::Exchange;
use crate::models::LiveLane;
use crate::serve::RequestFacts;
use crate::worker::Worker;

/// What stands for a model where none was asked for.
pub(super) const NO_MODEL: &str = "-";

/// How much of a form is read in search of the model: whole files may stand before it.
pub(super) const FORM_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A request that was read as far as is needed.
#[derive(Debug)]
pub(super) struct Passing {
    body: Body,
    bytes_max: u64,
    model: Option<String>,
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
    Form(Arc<Vec<u8>>, Box<Multipart>, Rest),
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
        let is_form = content_type.as_deref().is_some_and(|it| it.starts_with(b"multipart/"));
        let body = match asked.surface.body() {
            BodyForm::None => Body::None,
            BodyForm::Multipart if is_form => {
                let said = content_type.as_deref().unwrap_or_default();
                read_form(reader, facts, asked, said, bytes_max).await?
            }
            BodyForm::Json | BodyForm::Multipart => {
                let read =
                    read_body::read_json(reader, facts, bytes_max, asked.surface.watch()).await;
                let read = read.map_err(|unread| refusal::unread(&unread, bytes_max))?;
                exchange.is_body_read = true;
                exchange.request_bytes = read.bytes.len() as u64;
                Body::Json(Arc::new(read.bytes), Box::new(read.scanned))
            }
            BodyForm::Opaque => Body::Opaque(rest(facts, 0, bytes_max)?),
        };
        exchange.timings.read_at = exchange.timings.read_at.or(Some(worker.now()));
        let model = asked.address.model.as_deref().map(str::to_owned).or_else(|| body.model(asked));
        let stream = asked.address.stream.unwrap_or_else(|| body.is_stream());
        let in_path = asked.kept().map(|(kept, id)| (kept, id.to_owned()));
        let mut named: Vec<KeptId> = in_path.into_iter().collect();
        if let Body::Json(bytes, scanned) = &body {
            named.extend(kept::named(worker, asked.surface, (bytes, scanned)).await?);
        }
        Ok(Self {
            body,
            bytes_max,
            model,
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
            Body::Form(bytes, form, rest)
                if (guards.looks_at_requests() || guards.looks_at_replies())
                    && asked.operation().is_inference() =>
            {
                let said = self.content_type.as_deref().unwrap_or_default();
                let read = FormRead { bytes: Arc::make_mut(bytes), form, rest };
                form::read_on(reader, read, self.bytes_max).await?;
                form::see(&guards, (bytes, form), (said, asked.surface.watch()))?;
                // It may be said behind the model.
                self.stream |= form.is_true(Watched::Stream);
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
            Body::Form(_, _, rest) | Body::Opaque(rest) => *rest == Rest::None,
        }
    }

    /// The body, where it is JSON, with what the scan found in it.
    pub(super) fn json(&self) -> Option<(&Arc<Vec<u8>>, &Scanned)> {
        match &self.body {
            Body::Json(bytes, scanned) => Some((bytes, scanned)),
            Body::None | Body::Form(..) | Body::Opaque(_) => None,
        }
    }

    /// The body, where it is a form: what of it is here, what was found in it, and what is not here.
    pub(super) fn form(&self) -> Option<(&[u8], &Multipart, Rest)> {
        match &self.body {
            Body::Form(bytes, form, rest) => Some((bytes, form, *rest)),
            Body::None | Body::Json(..) | Body::Opaque(_) => None,
        }
    }

    /// A body that goes through, the model renamed.
    fn payload(&self, lane: &LiveLane) -> Payload {
        match &self.body {
            Body::None | Body::Json(..) => Payload::default(),
            Body::Opaque(rest) => Payload::default().with_rest(*rest),
            Body::Form(bytes, form, rest) => {
                let mut splice = Splice::new();
                if self.model.as_deref().is_some_and(|model| *model != *lane.model) {
                    form.set_text(&mut splice, Watched::Model, &lane.model);
                }
                Payload::spliced(bytes, &splice).with_rest(*rest)
            }
        }
    }
}

impl Body {
    fn model(&self, asked: &Asked<'_>) -> Option<String> {
        match self {
            Self::None | Self::Opaque(_) => None,
            Self::Form(_, form, _) => form.text(Watched::Model).map(str::to_owned),
            Self::Json(bytes, scanned) => {
                let named = scanned.text(Watched::Model, bytes).map(Text::into_owned);
                named.or_else(|| {
                    let text = std::str::from_utf8(bytes).ok()?;
                    let named = asked.surface.named_models(text).ok()?;
                    named.first().map(|named| named.name.clone().into_owned())
                })
            }
        }
    }

    fn is_stream(&self) -> bool {
        match self {
            Self::Json(bytes, scanned) => scanned.is_true(Watched::Stream, bytes),
            Self::Form(_, form, _) => form.is_true(Watched::Stream),
            Self::None | Self::Opaque(_) => false,
        }
    }
}

/// What is left of a body of which `read` bytes are here.
fn rest(facts: &RequestFacts, read: usize, bytes_max: u64) -> Result<Rest, Missed> {
    match facts.framing {
        Framing::Empty => Ok(Rest::None),
        Framing::Length(length) if length > bytes_max => {
            Err(refusal::unread(&read_body::Unread::TooLarge, bytes_max))
        }
        Framing::Length(length) => Ok(match length.saturating_sub(read as u64) {
            0 => Rest::None,
            rest => Rest::Length(rest),
        }),
        Framing::Chunked | Framing::UntilClose => Ok(Rest::Unknown),
    }
}

/// Reads a form up to where the model is named; the rest stays with the client.
async fn read_form(
    reader: &mut Reader,
    facts: &RequestFacts,
    asked: &Asked<'_>,
    content_type: &[u8],
    bytes_max: u64,
) -> Result<Body, Missed> {
    let content_type = std::str::from_utf8(content_type).unwrap_or_default();
    let wrong = form::wrong;
    let limits = MultipartLimits::default();
    let mut form = Multipart::new(content_type, asked.surface.watch(), limits).map_err(wrong)?;
    let wants_model = asked.surface.watch().member(Watched::Model).is_some();
    let mut bytes = Vec::new();
    loop {
        let is_found = !wants_model || form.text(Watched::Model).is_some();
        // The parts behind the model are not needed; whether a stream is wanted shows in the answer.
        if is_found && form.part_count() > 0 || bytes.len() >= FORM_BYTES_MAX {
            break;
        }
        let filled = reader.fill().await;
        let has_more = filled
            .map_err(|error| refusal::unread(&read_body::Unread::Broken(error), bytes_max))?;
        if !has_more {
            form.finish().map_err(wrong)?;
            break;
        }
        let count = reader.data().len();
        if (bytes.len() + count) as u64 > bytes_max {
            return Err(refusal::unread(&read_body::Unread::TooLarge, bytes_max));
        }
        form.push(reader.data()).map_err(wrong)?;
        bytes.extend_from_slice(reader.data());
        reader.consume(count);
    }
    let rest = if reader.is_ended() { Rest::None } else { rest(facts, bytes.len(), bytes_max)? };
    Ok(Body::Form(Arc::new(bytes), Box::new(form), rest))
}

/// Whether a lane's provider takes what is asked: as it is asked, or in its own words where there
/// are others for the same.
pub(super) fn reaches(lane: &LiveLane, asked: &Asked<'_>) -> bool {
    let has_other_words = matches!(
        asked.operation(),
        Operation::Embedding | Operation::Rerank | Operation::Completion
    );
    let address = address(lane, asked, false);
    surface::reach(&lane.side.row.routes, asked, &address)
        .is_some_and(|reach| has_other_words || reach.surface == asked.surface)
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
    let text = std::str::from_utf8(bytes).map_err(|_not_text| {
        refusal::invalid(ChatError::new(ErrorKind::InvalidRequest, "the body is not UTF-8"))
    })?;
    let address = address(lane, asked, passing.stream);
    let to = Destination { routes: &lane.side.row.routes, quirks: &lane.quirks, address: &address };
    beside::prepare(asked, (text, scanned), to).map_err(refusal::invalid)
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
    for (name, value) in [("Content-Type", &passing.content_type), ("Accept", &passing.accept)] {
        if let Some(value) = value {
            fields.append(name, value);
        }
    }
    super::super::outgoing::introduce(fields, caller, lane, (found.surface.dialect(), is_same));
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

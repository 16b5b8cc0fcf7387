//! The request of an operation that goes through: read up to where the model is named, with what
//! is to be known of it before a lane is chosen.

use std::cell::Cell;
use std::sync::Arc;

use architrave_config::LlmService;
use architrave_llm::batch::{self, LineForm};
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::scan::{Scanned, Splice, Watched};
use architrave_llm::surface::{Asked, Kept, KeptId, Operation, OwnLink, Surface};
use architrave_net::{Fields, Reader};
use architrave_policy::guardrail::Guards;
use architrave_policy::ledger::OUTPUT_TOKENS_DEFAULT;

use super::body::{self, Body, Deep};
use super::form::Form;
use super::lines::{Lines, Requests};
use super::{form_sight, links};
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::payload::Payload;
use crate::dispatch::llm::reserve::Wanted;
use crate::dispatch::llm::{kept, outgoing, refusal, seen};
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
    deep: Deep,
    bytes_max: u64,
    model: Option<String>,
    others: Vec<(String, Arc<LiveModel>)>,
    stream: bool,
    content_type: Option<Vec<u8>>,
    accept: Option<Vec<u8>>,
    guards: Guards,
    upgrade: Option<String>,
    named: Vec<KeptId>,
    fetched: Vec<OwnLink>,
    is_home_known: bool,
    has_taken_rest: Cell<bool>,
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
        let said = (content_type.as_deref(), bytes_max);
        let body = Body::read(worker, exchange, reader, (facts, asked), said).await?;
        exchange.timings.read_at = exchange.timings.read_at.or(Some(worker.now()));
        let deep = body.deep(worker, asked).await?;
        let model = match &asked.address.model {
            // Whatever the path calls it by: a file is no model's.
            _ if asked.operation().kept() == Some(Kept::File) => None,
            Some(model) => Some(model.clone().into_owned()),
            None => body.model(&deep),
        };
        let names_model = asked.address.model.is_some();
        let stream = asked.address.stream.unwrap_or_else(|| body.is_stream());
        let in_path = asked.kept().map(|(kept, id)| (kept, id.to_owned()));
        let in_query = links::named(asked.surface, asked.query);
        let mut named: Vec<KeptId> = in_path.into_iter().chain(in_query).collect();
        let mut fetched = Vec::new();
        if let Body::Json(bytes, scanned) = &body {
            let in_body = kept::named(worker, asked.surface, (bytes, scanned)).await?;
            named.extend(in_body.kept);
            fetched = in_body.links;
        }
        if !names_model {
            body.hold_to_model((asked, &deep), model.as_deref(), !named.is_empty())?;
        }
        Ok(Self {
            body,
            deep,
            bytes_max,
            model,
            others: Vec::new(),
            stream,
            content_type,
            accept,
            guards: Guards::default(),
            upgrade: facts.upgrade.clone().filter(|_| asked.operation() == Operation::Realtime),
            named,
            fetched,
            is_home_known: false,
            has_taken_rest: Cell::new(false),
        })
    }

    /// What a bare call of a model asks for, where its body tells that.
    ///
    /// # Errors
    /// That it cannot be read, or that too much waits.
    pub(super) async fn called_for(
        &self,
        worker: &Worker,
        asked: &Asked<'_>,
    ) -> Result<Option<Operation>, Missed> {
        let is_call = asked.operation() == Operation::Invoke;
        let Some((bytes, _)) = self.json().filter(|_| is_call) else { return Ok(None) };
        let (surface, bytes) = (asked.surface, Arc::clone(bytes));
        let seen = outgoing::offloaded(worker, bytes.len(), move || {
            Ok(body::text_of(&bytes).map(|text| surface.called_for(text)))
        });
        seen.await.map_err(refusal::invalid)?
    }

    /// Shows it to guardrails, which may mask what it says; they see through the answer, too.
    ///
    /// # Errors
    /// That one of them refuses it.
    pub(super) async fn see_through(
        &mut self,
        worker: &Worker,
        asked: &Asked<'_>,
        guards: Guards,
        reader: &mut Reader,
    ) -> Result<(), Missed> {
        match &mut self.body {
            Body::Json(bytes, scanned) => {
                if let Some(masked) =
                    seen::see_request(worker, &guards, bytes, asked.surface.watch()).await?
                {
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
                form_sight::see(worker, form, &guards, (said, asked.surface.watch())).await?;
                // It may be said behind the model.
                self.stream |= form.look.is_true(Watched::Stream);
            }
            Body::None | Body::Form(..) | Body::Lines(_) | Body::Opaque(_) => {}
        }
        self.guards = guards;
        Ok(())
    }

    /// Adds the fields that say in which form the body is, and in which the answer may be.
    pub(super) fn tell_forms(&self, fields: &mut Fields) {
        // What was read as JSON is sent as that: by another word for it, it could be read otherwise.
        match (&self.body, &self.content_type) {
            (Body::Json(..), _) => fields.append("Content-Type", b"application/json"),
            (_, Some(said)) => fields.append("Content-Type", said),
            (_, None) => {}
        }
        if let Some(accept) = &self.accept {
            fields.append("Accept", accept);
        }
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
    pub(super) fn other_models(&self, asked: &Asked<'_>) -> &[String] {
        match asked.surface {
            Surface::AnthropicBatchCreate => self.deep.models.get(1..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The files of requests that a batch is to be made of.
    pub(super) fn batch_input(&self) -> &[KeptId] {
        &self.deep.batch_input
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

    /// Those models behind their names.
    pub(super) fn others(&self) -> &[(String, Arc<LiveModel>)] {
        &self.others
    }

    /// The form, where it is one.
    pub(super) fn form(&self) -> Option<&Form> {
        match &self.body {
            Body::Form(form) => Some(form),
            _ => None,
        }
    }

    /// The requests of a batch that it brings, with where they lie and what is to stand in the
    /// place of some of their strings.
    pub(super) fn requests_mut(&mut self) -> Option<Requests<'_>> {
        match &mut self.body {
            Body::Form(form) if form.is_batch() => Some(Requests {
                form: LineForm::Openai,
                files: form.files(),
                before: 0,
                bytes: &form.bytes,
                edits: &mut form.edits,
            }),
            Body::Lines(lines) => Some(Requests {
                form: LineForm::Gemini,
                files: std::iter::once(lines.whole()).collect(),
                before: lines.before(),
                bytes: &lines.bytes,
                edits: &mut lines.edits,
            }),
            _ => None,
        }
    }

    /// Puts together what goes on of a file that comes in pieces.
    ///
    /// # Errors
    /// That too much waits.
    pub(super) async fn put_together(&mut self, worker: &Worker) -> Result<(), Missed> {
        let Body::Lines(lines) = &mut self.body else { return Ok(()) };
        let (length, mut taken) = (lines.bytes.len(), std::mem::take(lines));
        let done = outgoing::offloaded(worker, length, move || {
            taken.put_together();
            Ok(taken)
        });
        *lines = done.await.map_err(refusal::invalid)?;
        Ok(())
    }

    /// A piece of the file of a batch, or all of it.
    pub(super) fn lines(&self) -> Option<&Lines> {
        match &self.body {
            Body::Lines(lines) => Some(lines),
            _ => None,
        }
    }

    /// Whether a file is announced that is to be the requests of a batch.
    pub(super) fn is_for_batch(&self) -> bool {
        let purpose =
            self.json().and_then(|(bytes, scanned)| scanned.text(Watched::Purpose, bytes));
        purpose.is_some_and(|purpose| batch::is_purpose(&purpose))
    }

    /// Whether it brings the requests of a batch, all of which were gone through.
    pub(super) fn has_seen_requests(&self, worker: &Worker, exchange: &Exchange<'_>) -> bool {
        match &self.body {
            Body::Form(form) => form.is_batch(),
            Body::Lines(lines) => lines.are_all_seen(worker, exchange),
            _ => false,
        }
    }

    /// What the path and the body name that lives at a provider.
    pub(super) fn named(&self) -> &[KeptId] {
        &self.named
    }

    /// What the body has the provider fetch that is open to the operator's account.
    pub(super) fn fetched(&self) -> &[OwnLink] {
        &self.fetched
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
        self.body.prompt_tokens()
    }

    /// How many bytes may be said at once.
    pub(super) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// How large it is, and how large its answer may be.
    pub(super) fn wanted(&self, operation: Operation) -> Wanted {
        let json = self.json();
        let writes =
            matches!(operation, Operation::Completion | Operation::Invoke | Operation::Chat);
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

    /// Notes whether something was sent of what was still with the client.
    pub(super) fn note_sent(&self, has_taken_rest: bool) {
        self.has_taken_rest.set(self.has_taken_rest.get() | has_taken_rest);
    }

    /// Whether all of it is here still or with the client, so that another attempt can send it.
    pub(super) fn can_be_sent_again(&self) -> bool {
        !self.has_taken_rest.get()
    }

    /// The body, where it is JSON, with what the scan found in it.
    pub(super) fn json(&self) -> Option<(&Arc<Vec<u8>>, &Scanned)> {
        match &self.body {
            Body::Json(bytes, scanned) => Some((bytes, scanned)),
            Body::None | Body::Form(..) | Body::Lines(_) | Body::Opaque(_) => None,
        }
    }

    /// The body as it goes out where it is no JSON, the model renamed; `has_model`: the address that
    /// it goes to names it, and a form need not.
    pub(super) fn payload(&self, lane: &LiveLane, has_model: bool) -> Payload {
        match &self.body {
            Body::None | Body::Json(..) => Payload::default(),
            Body::Opaque(rest) => Payload::default().with_rest(*rest),
            Body::Lines(lines) => lines.payload(),
            Body::Form(form) => {
                let is_as_it_is = |model: &&str| match form.names_model() {
                    true => *model == &*lane.model,
                    false => has_model,
                };
                let model = self.model.as_deref().filter(|model| !is_as_it_is(model));
                form.payload(model.map(|_| &*lane.model))
            }
        }
    }
}

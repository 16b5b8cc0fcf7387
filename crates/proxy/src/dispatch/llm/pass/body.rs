//! The body of an operation that goes through, read as far as is needed: JSON whole, a form up to
//! where it names the model, anything else not at all.

use std::sync::Arc;

use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::estimate;
use architrave_llm::json::JsonError;
use architrave_llm::scan::{Scanned, Watched};
use architrave_llm::surface::{Asked, BodyForm, KeptId, Surface};
use architrave_net::Reader;

use super::form::{self, Form};
use super::lines::{self, Lines};
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::payload::Rest;
use crate::dispatch::llm::{outgoing, read_body, refusal};
use crate::exchange::Exchange;
use crate::serve::RequestFacts;
use crate::worker::Worker;

/// A body as far as it was read.
#[derive(Debug)]
pub(super) enum Body {
    /// There is none.
    None,
    /// JSON, with what the scan found in it.
    Json(Arc<Vec<u8>>, Box<Scanned>),
    /// A form of many parts.
    Form(Box<Form>),
    /// The requests of a batch, a line each.
    Lines(Box<Lines>),
    /// Whatever it is, it is with the client still.
    Opaque(Rest),
}

impl Body {
    /// Reads what is needed of a request's body.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) async fn read(
        worker: &Worker,
        exchange: &mut Exchange<'_>,
        reader: &mut Reader,
        (facts, asked): (&RequestFacts, &Asked<'_>),
        (content_type, bytes_max): (Option<&[u8]>, u64),
    ) -> Result<Self, Missed> {
        match asked.surface.body() {
            BodyForm::None => Ok(Self::None),
            BodyForm::Multipart if content_type.is_some_and(is_form) => {
                let said = content_type.unwrap_or_default();
                let form = form::read(reader, facts, asked, said, bytes_max).await?;
                Ok(Self::Form(Box::new(form)))
            }
            BodyForm::Json | BodyForm::Multipart => {
                let watch = asked.surface.watch();
                let read = read_body::read_json(reader, facts, bytes_max, watch).await;
                let read = read.map_err(|unread| refusal::unread(&unread, bytes_max))?;
                exchange.is_body_read = true;
                exchange.note_request_body(&read.bytes);
                Ok(Self::Json(Arc::new(read.bytes), Box::new(read.scanned)))
            }
            BodyForm::Opaque => {
                match lines::read(worker, exchange, reader, (facts, asked), bytes_max).await? {
                    Some(lines) => {
                        exchange.is_body_read = true;
                        exchange.note_request_body(&lines.bytes);
                        Ok(Self::Lines(Box::new(lines)))
                    }
                    None => Ok(Self::Opaque(form::rest(facts, 0, bytes_max)?)),
                }
            }
        }
    }

    /// What it says deeper than the scan looks.
    ///
    /// # Errors
    /// That it cannot be read, or that too much waits.
    pub(super) async fn deep(&self, worker: &Worker, asked: &Asked<'_>) -> Result<Deep, Missed> {
        let surface = asked.surface;
        match self {
            Self::Json(bytes, _) if surface.is_deep() => {
                let bytes = Arc::clone(bytes);
                let deep = outgoing::offloaded(worker, bytes.len(), move || {
                    Ok(Deep::read(surface, &bytes))
                });
                deep.await.map_err(refusal::invalid)?
            }
            _ => Ok(Deep::default()),
        }
    }

    /// The model that it names first.
    pub(super) fn model(&self, deep: &Deep) -> Option<String> {
        match self {
            Self::None | Self::Lines(_) | Self::Opaque(_) => None,
            Self::Form(form) => form.look.text(Watched::Model).map(str::to_owned),
            Self::Json(bytes, scanned) => match scanned.text(Watched::Model, bytes) {
                Some(named) => Some(named.into_owned()),
                None => deep.models.first().cloned(),
            },
        }
    }

    /// Holds it to naming a model where one is to be named, and to naming it by a word.
    ///
    /// # Errors
    /// That it names none, or something that is none.
    pub(super) fn hold_to_model(
        &self,
        (asked, deep): (&Asked<'_>, &Deep),
        model: Option<&str>,
        goes_on: bool,
    ) -> Result<(), Missed> {
        let is_said = match self {
            Self::Json(bytes, scanned) => scanned.says(Watched::Model, bytes),
            Self::Form(form) => form.look.text(Watched::Model).is_some(),
            Self::None | Self::Lines(_) | Self::Opaque(_) => return Ok(()),
        };
        let is_named = model.is_some_and(|model| !model.is_empty());
        if !is_named && (is_said || asked.surface.needs_model(goes_on)) {
            return Err(refusal::invalid(refusal::no_model(is_said)));
        }
        deep.each_names_a_model()
    }

    /// Whether it asks for a stream.
    pub(super) fn is_stream(&self) -> bool {
        match self {
            Self::Json(bytes, scanned) => scanned.is_true(Watched::Stream, bytes),
            Self::Form(form) => form.look.is_true(Watched::Stream),
            Self::None | Self::Lines(_) | Self::Opaque(_) => false,
        }
    }

    /// The tokens that it will be, by an estimate.
    pub(super) fn prompt_tokens(&self) -> u64 {
        match self {
            Self::Json(_, scanned) => estimate::prompt_tokens(&scanned.sizes),
            Self::None | Self::Form(..) | Self::Lines(_) | Self::Opaque(_) => 0,
        }
    }
}

/// Whether a content type is one of forms, however it is written.
fn is_form(content_type: &[u8]) -> bool {
    const FORM: &[u8] = b"multipart/";
    content_type.get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM))
}

/// What a body says deeper than the scan looks.
#[derive(Debug, Default)]
pub(super) struct Deep {
    /// The models that it names elsewhere than at its top, each once.
    pub models: Vec<String>,
    /// The files of requests that a batch is to be made of.
    pub batch_input: Vec<KeptId>,
    /// The first of the requests of a batch that names no model, by its place.
    nameless: Option<usize>,
}

impl Deep {
    fn read(surface: Surface, body: &[u8]) -> Result<Self, Missed> {
        let text = text_of(body)?;
        let wrong = |error: JsonError| refusal::invalid(error.into());
        Ok(Self {
            models: surface.model_names(text).map_err(wrong)?,
            batch_input: surface.batch_input(text).map_err(wrong)?,
            nameless: surface.nameless_request(text).map_err(wrong)?,
        })
    }

    /// Holds each request of a batch to naming a model.
    fn each_names_a_model(&self) -> Result<(), Missed> {
        let Some(place) = self.nameless else { return Ok(()) };
        let field = format!("requests.{place}.params.model");
        let message = format!("`{field}` must be a string with the name of a model");
        Err(refusal::invalid(ChatError::invalid(field, message)))
    }
}

/// A body as text.
///
/// # Errors
/// That it is not UTF-8.
pub(super) fn text_of(body: &[u8]) -> Result<&str, Missed> {
    std::str::from_utf8(body).map_err(|_not_text| {
        refusal::invalid(ChatError::new(ErrorKind::InvalidRequest, "the body is not UTF-8"))
    })
}

//! What a client asks of a model: its dialect, the model, whether the answer is to be streamed, and
//! the body it says that in.

use std::sync::Arc;

use architrave_balance::hash_key;
use architrave_llm::chat::{ChatError, ErrorKind, ServiceClass, Text};
use architrave_llm::dialect::{Address, Context, Dialect};
use architrave_llm::estimate;
use architrave_llm::frame::Framing;
use architrave_llm::scan::{Scanned, Watched};
use architrave_llm::surface::OwnLink;

use super::refusal;

/// A request for chat whose body was read and scanned.
#[derive(Debug)]
pub(super) struct Ask {
    /// The client's dialect.
    pub dialect: Dialect,
    /// The model asked for.
    pub model: String,
    /// Other models that may answer, in order, as the body names them.
    pub others: Vec<String>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// How a stream is to be framed.
    pub framing: Framing,
    /// Whether the client asked to be told at the end of its stream what was used.
    pub stream_usage: bool,
    /// The body as it came.
    pub body: Arc<Vec<u8>>,
    /// What the scan found in it.
    pub scanned: Scanned,
    /// The tokens that the prompt will be, by an estimate on the high side.
    pub prompt_tokens: u64,
    /// Those that it may be beyond that by what only its provider sees: links, files, and what is
    /// kept there. Reserved, and else not reckoned with.
    pub unseen_tokens: u64,
    /// The most tokens that the answer may have, where the client says it.
    pub output_max: Option<u64>,
    /// How many answers are wanted.
    pub choices: u64,
    /// The class of service asked for, where its prices may be its own.
    pub service: Option<ServiceClass>,
    /// Links to what is open to the operator's account at the provider.
    pub links: Vec<OwnLink>,
}

impl Ask {
    /// Whether the answer is to be made while nobody waits for it.
    pub(super) fn is_background(&self) -> bool {
        let said = self.scanned.raw(Watched::Background, &self.body);
        said.is_some_and(|said| !matches!(said, "false" | "null"))
    }

    /// Whether the answer is to be stored at the provider, which only OpenAI's chat does on demand.
    pub(super) fn is_stored(&self) -> bool {
        self.scanned.is_true(Watched::Store, &self.body)
    }

    /// Whether the model is offered a search of the web that its provider runs, or asked for one.
    pub(super) fn offers_search(&self) -> bool {
        self.scanned.offers_search || self.asks_search()
    }

    /// Whether a search of the web is asked for, and not only offered: who is asked so does not tell
    /// of it.
    pub(super) fn asks_search(&self) -> bool {
        self.scanned.says(Watched::SearchOptions, &self.body)
    }

    /// What a request asks, by its address and its body.
    ///
    /// # Errors
    /// That no model is named.
    pub(super) fn of(
        dialect: Dialect,
        address: &Address<'_>,
        (bytes, scanned): (Vec<u8>, Scanned),
    ) -> Result<Self, ChatError> {
        let model = match &address.model {
            Some(model) => model.clone(),
            None => scanned.text(Watched::Model, &bytes).unwrap_or_default(),
        };
        let others = scanned.raw(Watched::Models, &bytes).map(names_in).unwrap_or_default();
        // Who names several need not name one of them twice.
        let model = match others.first() {
            Some(first) if model.is_empty() => Text::Owned(first.clone()),
            _ => model,
        };
        if model.is_empty() {
            let is_said = address.model.is_none() && scanned.says(Watched::Model, &bytes);
            return Err(refusal::no_model(is_said));
        }
        if dialect == Dialect::OpenaiChat {
            scanned.no_twins()?;
        }
        let model = model.into_owned();
        Ok(Self {
            dialect,
            others: others.into_iter().filter(|other| *other != model).collect(),
            model,
            stream: address.stream.unwrap_or_else(|| scanned.is_true(Watched::Stream, &bytes)),
            framing: address.framing.unwrap_or_else(|| dialect.framing()),
            stream_usage: scanned.is_true(Watched::StreamUsage, &bytes),
            prompt_tokens: estimate::prompt_tokens(&scanned.sizes),
            unseen_tokens: estimate::linked_tokens(&scanned.sizes),
            output_max: scanned.output_tokens_max(&bytes),
            choices: scanned.choices(&bytes),
            service: scanned.raw(Watched::ServiceClass, &bytes).and_then(ServiceClass::asked),
            body: Arc::new(bytes),
            scanned,
            links: Vec::new(),
        })
    }

    /// What a reply needs to know of the exchange; `id` is of letters and digits.
    pub(super) fn context(&self, id: String, created_s: u64) -> Context {
        Context {
            id,
            model: self.model.clone(),
            created_s,
            stream_usage: self.stream_usage || self.dialect != Dialect::OpenaiChat,
        }
    }

    /// Equal for requests that are to go to the same deployment, so that the provider's cache of
    /// prompts is of use: those of one cache key, or of one conversation, whose beginning is the same.
    pub(super) fn affinity(&self) -> Option<u64> {
        let key = self.scanned.raw(Watched::CacheKey, &self.body);
        // A short prompt is not worth a detour.
        const PROMPT_TOKENS_MIN: u64 = 1_024;
        const BEGINNING: usize = 2_048;
        if key.is_none() && self.prompt_tokens < PROMPT_TOKENS_MIN {
            return None;
        }
        let bytes = key.map_or(&self.body[..self.body.len().min(BEGINNING)], str::as_bytes);
        Some(hash_key(bytes))
    }

    /// The same request, for a provider's address.
    pub(super) fn address_for<'a>(&self, model: &'a str, framing: Framing) -> Address<'a> {
        Address {
            model: Some(Text::Borrowed(model)),
            stream: Some(self.stream),
            framing: Some(framing),
        }
    }

    /// That the model is not to be had; the same words whether it is unknown or not allowed, so
    /// that nobody learns by asking which models there are.
    pub(super) fn unknown_model(&self, near: Option<&str>) -> ChatError {
        let mut message = format!("there is no model `{}` here", shown(&self.model));
        if let Some(near) = near {
            message = format!("{message}; did you mean `{near}`?");
        }
        let mut error = ChatError::new(ErrorKind::NotFound, message);
        error.code = Some("model_not_found".to_owned());
        error.param = Some("model".to_owned());
        error
    }
}

/// Names that are shown back are cut; a whole body could be meant as one.
fn shown(name: &str) -> &str {
    const SHOWN_MAX: usize = 128;
    let end = (0..=SHOWN_MAX.min(name.len())).rev().find(|at| name.is_char_boundary(*at));
    &name[..end.unwrap_or(0)]
}

/// The most models that one request may name to fall back on.
const OTHERS_MAX: usize = 8;

/// The strings of a JSON array; nothing where it is something else.
fn names_in(raw: &str) -> Vec<String> {
    let mut cursor = architrave_llm::json::Cursor::new(raw);
    let mut names = Vec::new();
    let read = cursor.array(|cursor| {
        let name = cursor.text()?;
        if names.len() < OTHERS_MAX {
            names.push(name.into_owned());
        }
        Ok(())
    });
    if read.is_ok() { names } else { Vec::new() }
}

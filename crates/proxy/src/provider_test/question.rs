//! What a provider is asked, in its own dialect.

use std::fmt;
use std::time::SystemTime;

use architrave_config::CredentialSecret;
use architrave_core::Secret;
use architrave_llm::auth::{
    self, Applied, AuthError, AwsSecret, ProviderSecret, SignedBody, SignedParts,
};
use architrave_llm::catalog::{self, Catalog, ModelKind};
use architrave_llm::chat::{ChatError, ChatRequest, ErrorKind, Message, Output, Part, Role};
use architrave_llm::dialect::{Address, Context, Dialect};
use architrave_llm::field::Losses;
use architrave_llm::model_list::{ListPlace, NamedModels, read_names};
use architrave_llm::translate;
use architrave_net::dns::Resolver;
use architrave_net::fetch::{FetchError, Question, QuestionBody, WholeAnswer};

use super::{Place, Side};
use crate::dispatch::llm::rewritten;
use crate::models::Known;

/// Lists of models of those who resell everybody's are some MiB long.
const LIST_BYTES_MAX: usize = 8 << 20;

/// What a model is told. It is to answer with as little as can be.
const WORDS: &str = "ping";

/// OpenAI's Responses takes no lower limit.
const RESPONSES_TOKENS_MIN: u64 = 16;

/// One question to a provider.
pub(super) struct ProviderQuestion {
    /// The dialect that it is asked in.
    pub(super) dialect: Dialect,
    method: &'static str,
    /// Where it goes, where that is not where the provider is.
    elsewhere: Option<Place>,
    scheme: &'static str,
    authority: String,
    target: String,
    fields: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// A request for one token of a model.
pub(super) fn one_token(dialect: Dialect, model: &str) -> ChatRequest<'_> {
    let tokens_max = match dialect {
        Dialect::OpenaiResponses => RESPONSES_TOKENS_MIN,
        _ => 1,
    };
    let message = Message { role: Role::User, name: None, parts: vec![Part::text(WORDS)] };
    ChatRequest {
        model: model.into(),
        messages: vec![message],
        output: Output { tokens_max: Some(tokens_max), ..Output::default() },
        ..ChatRequest::default()
    }
}

impl ProviderQuestion {
    /// Which models there are; `None` where the provider lists them nowhere that is known.
    pub(super) fn list(row: &catalog::Provider, place: &Place) -> Option<Self> {
        let list = ListPlace::of(row)?;
        let host = list.host(place.host());
        let elsewhere = (*host != *place.host()).then(|| place.at_host(&host)).flatten();
        let ListPlace { dialect, path } = list;
        Some(Self::new("GET", (row, dialect), (place, elsewhere), &path))
    }

    /// One token of a model.
    pub(super) fn chat(
        row: &catalog::Provider,
        place: &Place,
        model: &str,
        catalog: &Catalog,
    ) -> Result<Self, ChatError> {
        // Some models are to be had by OpenAI Responses alone.
        let liked = match Known::of(catalog, &row.name, model).kind {
            Some(ModelKind::Responses) => row.route(Dialect::OpenaiResponses),
            _ => None,
        };
        let route = liked.or_else(|| row.routes.first());
        let no_dialect = || ChatError::new(ErrorKind::Internal, "it speaks no dialect of chat");
        let route = route.ok_or_else(no_dialect)?;
        let (dialect, quirks) = (route.dialect, row.quirks(model));
        let request = one_token(dialect, model);
        let written = translate::write_request((dialect, &quirks), &request, &Losses::default())?;
        let body = match row.edits.is_empty() {
            true => written.body,
            false => rewritten(&written.body, &row.edits)?,
        };
        let address = Address {
            model: Some(model.into()),
            stream: Some(false),
            framing: Some(dialect.framing()),
        };
        let path = route.path(&address);
        let question = Self::new("POST", (row, dialect), (place, None), &path);
        Ok(Self { body: Some(body), ..question })
    }

    /// Nothing but whether anybody answers.
    pub(super) fn knock(row: &catalog::Provider, place: &Place) -> Self {
        let dialect = row.routes.first().map_or(Dialect::OpenaiChat, |route| route.dialect);
        Self { fields: Vec::new(), ..Self::new("GET", (row, dialect), (place, None), "/") }
    }

    fn new(
        method: &'static str,
        (row, dialect): (&catalog::Provider, Dialect),
        (place, elsewhere): (&Place, Option<Place>),
        path: &str,
    ) -> Self {
        let at = elsewhere.as_ref().unwrap_or(place);
        let (authority, target) = (at.authority.clone(), format!("{}{path}", at.base_path));
        let fields = row.headers_of(dialect);
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let scheme = at.scheme;
        Self { dialect, method, elsewhere, scheme, authority, target, fields, body: None }
    }

    /// What shows the credential of a side with this question.
    pub(super) fn shown(&self, side: &Side<'_>, now: SystemTime) -> Result<Applied, AuthError> {
        let secret = match side.credential.map(|credential| &credential.secret) {
            // A provider that wants a credential and has none says itself what is wrong.
            None => return Ok(Applied::default()),
            Some(CredentialSecret::Value(key) | CredentialSecret::Azure { key, .. }) => {
                ProviderSecret::Key(key)
            }
            Some(CredentialSecret::Gcp { .. }) => match &side.token {
                Some(token) => ProviderSecret::Key(token),
                None => ProviderSecret::None,
            },
            Some(CredentialSecret::Aws {
                access_key_id, secret_access_key, session_token, ..
            }) => ProviderSecret::Aws(AwsSecret {
                access_key_id,
                secret_access_key,
                session_token: session_token.as_ref(),
                region: side.region,
            }),
        };
        let body = self.body.as_deref().unwrap_or_default();
        let content_type = [("content-type", JSON)];
        let parts = SignedParts {
            method: self.method,
            host: &self.authority,
            path_and_query: &self.target,
            headers: if self.body.is_some() { &content_type } else { &[] },
            body: SignedBody::Pieces(&[body]),
        };
        auth::apply(&side.row.auth, &secret, &parts, now)
    }

    /// Asks, showing the credential.
    pub(super) async fn ask(
        &self,
        place: &Place,
        resolver: &Resolver,
        shown: &Applied,
    ) -> Result<WholeAnswer, FetchError> {
        let own = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let applied = shown.headers.iter().map(|(name, value)| (&**name, value.expose()));
        let fields: Vec<(&str, &str)> = own.chain(applied).collect();
        let mut target = self.target.clone();
        if let Some(pair) = shown.query.as_ref().map(Secret::expose) {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(pair);
        }
        let at = self.elsewhere.as_ref().unwrap_or(place);
        let question = Question {
            authority: &self.authority,
            host: at.host(),
            path: &target,
            fields: &fields,
            body: self.body.as_deref().map(|bytes| QuestionBody { content_type: JSON, bytes }),
            answer_bytes_max: Some(LIST_BYTES_MAX),
            ..Question::default()
        };
        at.ask(resolver, &question).await
    }

    /// The models that an answer lists.
    pub(super) fn models_of(&self, answer: &WholeAnswer) -> Option<NamedModels> {
        let text = std::str::from_utf8(&answer.body).ok()?;
        read_names(text).ok()
    }

    /// Whether an answer is a reply of the dialect.
    pub(super) fn is_reply(&self, answer: &WholeAnswer) -> bool {
        let text = std::str::from_utf8(&answer.body);
        text.is_ok_and(|text| self.dialect.read_reply(text, &Context::default()).is_ok())
    }
}

impl fmt::Display for ProviderQuestion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, scheme, authority, target, .. } = self;
        write!(formatter, "{method} {scheme}://{authority}{target}")
    }
}

const JSON: &str = "application/json";

//! Links that providers give to themselves: the client is told one that leads here, and from here to
//! the same provider and account.
//!
//! To an upload in several requests clients show no key behind the first: the link alone says whose
//! it is.

use std::fmt::Write as _;
use std::sync::Arc;

use architrave_core::Secret;
use architrave_llm::json::Writer;
use architrave_llm::scan::Splice;
use architrave_llm::surface::{Kept, KeptId, Operation, ResultsLink, Surface, Upload};
use architrave_llm::talk::{Minted, may_begin_until};
use architrave_net::{Fields, Method, ResponseHead, is_value};
use architrave_policy::Caller;
use ring::rand::{SecureRandom, SystemRandom};

use super::along::Along;
use super::lines;
use crate::assembly::LiveKind;
use crate::dispatch::llm::kept::Home;
use crate::dispatch::llm::talk::keys::{self, TalkKey};
use crate::exchange::Exchange;
use crate::worker::Worker;

/// What clients say of a step of an upload.
const ASKED_FIELDS: [&str; 6] = [
    "x-goog-upload-protocol",
    "x-goog-upload-command",
    OFFSET_FIELD,
    "x-goog-upload-file-name",
    LENGTH_FIELD,
    "x-goog-upload-header-content-type",
];
/// How large a file is to be, as clients say it before it comes.
const LENGTH_FIELD: &str = "x-goog-upload-header-content-length";
/// Where in the file a step begins.
const OFFSET_FIELD: &str = "x-goog-upload-offset";
/// What providers say of it, the links apart.
const TOLD_FIELDS: [&str; 3] =
    ["x-goog-upload-status", SIZE_FIELD, "x-goog-upload-chunk-granularity"];
/// How much of a file has come.
const SIZE_FIELD: &str = "x-goog-upload-size-received";
/// Where Anthropic's batches are.
const BATCHES: &str = "/messages/batches";
/// The link to where the next steps go.
const LINK_FIELD: &str = "x-goog-upload-url";

/// What of a request's head goes along; `offset` is where in the file what is sent begins, where
/// that is not where the client says.
pub(super) fn ask(surface: Surface, client: &Fields, offset: Option<u64>, fields: &mut Fields) {
    if surface != Surface::GeminiFileUpload {
        return;
    }
    // Models of a batch's file are renamed: how long it will be then nobody knows yet.
    let are_lines = lines::are_begun(surface, client);
    for name in ASKED_FIELDS.into_iter().filter(|name| !are_lines || *name != LENGTH_FIELD) {
        match (client.get(name), offset) {
            (Some(_), Some(offset)) if name == OFFSET_FIELD => {
                fields.append(name, itoa::Buffer::new().format(offset).as_bytes());
            }
            (Some(value), _) => fields.append(name, value),
            (None, _) => {}
        }
    }
}

/// The upload that a request goes on with.
pub(super) fn named(surface: Surface, query: &str) -> Option<KeptId> {
    let is_upload = surface == Surface::GeminiFileUpload;
    Some((Kept::Upload, Upload::named_in(query).filter(|_| is_upload)?))
}

/// Notes who calls where the request goes on with an upload that a consumer has begun.
pub(crate) fn vouch(worker: &Worker, exchange: &mut Exchange<'_>) {
    // Nearly all requests go past here, and none of them is looked at for longer than this.
    let path = &*exchange.path;
    if exchange.head.method != Method::Post
        || !path.ends_with("/files")
        || !path.contains("/upload/")
    {
        return;
    }
    let is_of_models = exchange
        .matched
        .and_then(|matched| matched.service)
        .is_some_and(|service| matches!(service.kind, LiveKind::Llm(_)));
    let Some(id) = exchange.head.query().filter(|_| is_of_models).and_then(Upload::named_in) else {
        return;
    };
    let Some(maker) = worker.gateway().kept.maker(&(Kept::Upload, id)) else { return };
    let consumer = exchange.assembly.snapshot.consumer(&maker).map(Caller::Consumer);
    let application = || worker.gateway().directory.by_name(&maker).map(Caller::Application);
    exchange.admission.vouched = consumer.or_else(application);
}

impl Along<'_, '_> {
    /// What of an answer about an upload goes on, with a link that leads here.
    pub(super) fn tell_upload(
        &self,
        exchange: &Exchange<'_>,
        from: &ResponseHead,
        to: &mut ResponseHead,
    ) {
        if self.asked.surface != Surface::GeminiFileUpload {
            return;
        }
        // Of what comes in pieces the provider has other bytes than the client has sent.
        let is_piece = self.passing.lines().is_some_and(|lines| lines.offset().is_some());
        for name in TOLD_FIELDS.into_iter().filter(|name| !is_piece || *name != SIZE_FIELD) {
            if let Some(value) = from.fields.get(name) {
                to.fields.append(name, value);
            }
        }
        let link = from.fields.get(LINK_FIELD).and_then(|link| std::str::from_utf8(link).ok());
        let upload = link.zip(ticket()).and_then(|(link, ticket)| Upload::of_link(link, &ticket));
        let Some(upload) = upload else { return };
        let link = here(exchange, &format!("{}?{}", exchange.head.path(), upload.query));
        if is_value(link.as_bytes()) {
            to.fields.append(LINK_FIELD, link.as_bytes());
            let home: Arc<Home> = Home::of(exchange, self.lane, false);
            let upload = (Kept::Upload, upload.id);
            let lines = lines::are_begun(self.asked.surface, &exchange.head.fields)
                .then(|| lines::as_lines(upload.clone()));
            let made: Vec<KeptId> = [upload].into_iter().chain(lines).collect();
            self.worker.gateway().kept.remember_here(&made, &home);
        }
    }
}

impl Along<'_, '_> {
    /// An answer with a key for a talk, which is good here. Whoever is held to a budget gets one that is
    /// good nowhere else, as nobody would see what is used there.
    fn minted(&self, exchange: &Exchange<'_>, answer: Vec<u8>) -> Vec<u8> {
        let text = std::str::from_utf8(&answer).unwrap_or_default();
        let service = exchange.matched.and_then(|matched| matched.service);
        let held = exchange.account().is_some();
        let is_geminis = self.asked.surface == Surface::GeminiLiveToken;
        let own = if held { keys::own(is_geminis) } else { None };
        let (Some(minted), Some(service)) = (Minted::find(text), service) else {
            // What cannot be put in its place is not handed on.
            return if held { Vec::new() } else { answer };
        };
        let (shown, answer) = match (own, held) {
            (Some(own), _) => {
                // Where some of it would be left, nothing is handed on either.
                let Some(answer) = minted.with_value(text, &own) else { return Vec::new() };
                (own, answer)
            }
            (None, true) => return Vec::new(),
            (None, false) => (minted.value.clone(), answer),
        };
        let names =
            (self.passing.model().unwrap_or_default().to_owned(), service.name.as_str().to_owned());
        let home = Home::of(exchange, self.lane, true);
        let now = self.worker.wall();
        let asked = self.passing.json().filter(|_| is_geminis);
        let asked = asked.and_then(|(bytes, _)| std::str::from_utf8(bytes).ok());
        let ends_at = minted.expires_at.or_else(|| may_begin_until(asked?));
        let secret = (Secret::new(minted.value), ends_at);
        let key = TalkKey::new(secret, home, names, now);
        self.worker.gateway().talk_keys.remember(&shown, key, now);
        answer
    }

    /// An answer about batches, whose results are to be had here.
    pub(super) fn relinked(&self, exchange: &Exchange<'_>, answer: Vec<u8>) -> Vec<u8> {
        if self.asked.operation() == Operation::RealtimeKey {
            return self.minted(exchange, answer);
        }
        let text = std::str::from_utf8(&answer).unwrap_or_default();
        let links = self.asked.surface.results_links(text);
        let path = exchange.head.path();
        let Some(end) = path.find(BATCHES).map(|at| at + BATCHES.len()) else { return answer };
        if links.is_empty() {
            return answer;
        }
        let mut splice = Splice::new();
        for ResultsLink { span, id } in links {
            let link = here(exchange, &format!("{}/{id}/results", &path[..end]));
            let mut value = Vec::with_capacity(link.len() + 2);
            Writer::new(&mut value).text(&link);
            splice.edit(span, value);
        }
        splice.apply(&answer)
    }
}

/// The link to a path here, by the name that the client called the gateway by.
fn here(exchange: &Exchange<'_>, path: &str) -> String {
    let scheme = if exchange.is_secure { "https" } else { "http" };
    format!("{scheme}://{}{path}", exchange.head.authority)
}

/// A name that nobody can guess.
fn ticket() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    let mut text = String::with_capacity(2 * bytes.len());
    bytes.iter().try_for_each(|byte| write!(text, "{byte:02x}")).ok()?;
    Some(text)
}

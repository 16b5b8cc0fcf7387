//! A request as a provider gets it: its head, the path, the credential, and the body in the
//! provider's dialect. Nothing of the client's head goes along but what is named here.

use std::sync::Arc;

use architrave_llm::catalog::BodyEdit;
use architrave_llm::chat::{ChatError, ErrorKind, Text};
use architrave_llm::dialect::{Address, Dialect, Quirks};
use architrave_llm::field::Losses;
use architrave_llm::frame::Framing;
use architrave_llm::hush::Hush;
use architrave_llm::scan::{Edit, MemberEdit, Splice, Watched, rewrite};
use architrave_llm::translate::{self, TranslatedRequest};
use architrave_net::{Fields, Method, RequestHead, Version};
use ring::digest;
use smallvec::SmallVec;

use super::ask::Ask;
use super::payload::Payload;
use crate::exchange::Exchange;
use crate::models::LiveLane;
use crate::worker::Worker;

/// A request to a provider.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Its head.
    pub head: RequestHead,
    /// Path and query.
    pub target: String,
    /// Its body.
    pub payload: Payload,
    /// The dialect that the provider is asked in.
    pub dialect: Dialect,
    /// How the provider's stream will be framed.
    pub framing: Framing,
    /// What the dialect could not say.
    pub losses: Losses,
    /// Whether the stream ends with a chunk of usage that the client did not ask for.
    pub hides_usage: bool,
    /// What hides the credential that it shows in what the provider says.
    pub hush: Arc<Hush>,
}

/// The client's fields that a provider of the same dialect gets, too: they change what the dialect
/// means. None of them can hold a credential.
const SAME_DIALECT_FIELDS: [&str; 3] = ["anthropic-version", "anthropic-beta", "openai-beta"];
/// By which a client says that it asks the same once more.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// How the gateway introduces itself to providers.
const USER_AGENT: &str = concat!("architrave/", env!("CARGO_PKG_VERSION"));

/// Writes the request of `ask` for `lane`. `granted` is the limit of the output that is left of a
/// budget, where it is lower than what was asked for.
///
/// # Errors
/// What of the request the provider's dialect cannot say, for the client.
pub(super) async fn write(
    worker: &Worker,
    ask: &Ask,
    lane: &LiveLane,
    caller: Caller<'_>,
    granted: Option<u64>,
) -> Result<Box<Outgoing>, ChatError> {
    let side = &lane.side;
    let route = side.route(lane.dialect_for(ask.dialect)).ok_or_else(no_dialect)?;
    let is_same = route.dialect == ask.dialect;
    let mut hides_usage = false;
    let (payload, losses, dialect) = if is_same {
        let call_ids = call_ids(worker, ask, lane).await?;
        let (payload, losses) = in_place(ask, lane, granted, call_ids, &mut hides_usage)?;
        (payload, losses, ask.dialect)
    } else {
        let job = Translation::of(ask, lane, route.dialect, granted);
        let (written, to) = offloaded(worker, ask.body.len(), move || job.write()).await?;
        (Payload::own(written.body), written.losses, to)
    };
    let framing = if is_same { ask.framing } else { dialect.framing() };
    let route = side.row.route(dialect).unwrap_or(route);
    let reach = side.reach.as_ref().ok_or_else(no_dialect)?;
    let path = route.path(&ask.address_for(&lane.model, framing));
    let target = [&*reach.base_path, &*path].concat();
    let mut head = worker.spares().request_heads.take();
    head.method = Method::Post;
    head.version = Version::Http11;
    head.authority.push_str(&reach.authority);
    let fields = &mut head.fields;
    fields.append("Content-Type", b"application/json");
    fields.append("Accept", accepts(ask.stream, framing).as_bytes());
    introduce(fields, caller, lane, (dialect, is_same));
    let hush = Arc::clone(&lane.hush);
    Ok(Box::new(Outgoing { head, target, payload, dialect, framing, losses, hides_usage, hush }))
}

/// Who asks, as far as it matters to a provider.
#[derive(Clone, Copy)]
pub(super) struct Caller<'c> {
    /// The fields of the request.
    pub fields: &'c Fields,
    /// The consumer's name.
    pub consumer: Option<&'c str>,
}

impl<'c> Caller<'c> {
    /// Who asks in an exchange.
    pub(super) fn of(exchange: &'c Exchange<'_>) -> Self {
        let consumer = exchange.caller_name();
        Self { fields: &exchange.head.fields, consumer }
    }
}

/// A key of one consumer's own: to the provider all of them are one customer, and two that take
/// the same key are not to get each other's answers.
fn own_key(consumer: &str, key: &[u8]) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(&(consumer.len() as u64).to_be_bytes());
    hash.update(consumer.as_bytes());
    hash.update(key);
    hash.finish().as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// What every request to a provider says of itself, and what of the client's head goes along: the
/// dialect that the provider is asked in, and whether it is the client's.
pub(super) fn introduce(
    fields: &mut Fields,
    caller: Caller<'_>,
    lane: &LiveLane,
    (dialect, is_same): (Dialect, bool),
) {
    fields.append("User-Agent", USER_AGENT.as_bytes());
    for name in SAME_DIALECT_FIELDS.iter().filter(|_| is_same) {
        for value in caller.fields.all(name) {
            fields.append(name, value);
        }
    }
    if let Some(key) = caller.fields.get(IDEMPOTENCY_KEY) {
        match caller.consumer {
            Some(consumer) => fields.append(IDEMPOTENCY_KEY, own_key(consumer, key).as_bytes()),
            None => fields.append(IDEMPOTENCY_KEY, key),
        }
    }
    for (name, value) in lane.side.row.headers_of(dialect) {
        if !fields.contains(name) {
            fields.append(name, value.as_bytes());
        }
    }
}

/// Fields by which a WebSocket is agreed upon (RFC 6455 §11.3); not those by which what is said is
/// packed, as nobody here would understand it.
const WEBSOCKET_FIELDS: [&str; 2] = ["sec-websocket-key", "sec-websocket-version"];

/// Passes on how a WebSocket is agreed upon, but for keys that browsers put among its protocols.
pub(super) fn shake_hands(fields: &mut Fields, client: &Fields) {
    for name in WEBSOCKET_FIELDS {
        for value in client.all(name) {
            fields.append(name, value);
        }
    }
    let said = client.all("sec-websocket-protocol");
    let said = said.filter_map(|value| std::str::from_utf8(value).ok());
    let protocols = said.flat_map(|value| value.split(',')).map(str::trim);
    let passed = protocols.filter(|it| !it.is_empty() && !it.contains("-api-key."));
    let passed = passed.collect::<Vec<_>>().join(", ");
    if !passed.is_empty() {
        fields.append("sec-websocket-protocol", passed.as_bytes());
    }
}

fn no_dialect() -> ChatError {
    ChatError::new(ErrorKind::Internal, "the provider speaks no dialect of chat")
}

const fn accepts(stream: bool, framing: Framing) -> &'static str {
    match (stream, framing) {
        (true, Framing::Sse) => "text/event-stream",
        (true, Framing::AwsEvents) => "application/vnd.amazon.eventstream",
        _ => "application/json",
    }
}

/// The body as it came, with the few bytes changed that must be, and what is left out of it.
fn in_place(
    ask: &Ask,
    lane: &LiveLane,
    granted: Option<u64>,
    call_ids: Vec<Edit>,
    hides_usage: &mut bool,
) -> Result<(Payload, Losses), ChatError> {
    let mut splice = edits(ask, lane, granted, hides_usage);
    for Edit { range, bytes } in call_ids {
        splice.edit(range, bytes);
    }
    let mut losses = Losses::default();
    let out = left_out(ask, lane, &mut losses);
    splice.take_out(&ask.scanned, &ask.body, &out);
    if lane.side.row.edits.is_empty() {
        return Ok((Payload::spliced(&ask.body, &splice), losses));
    }
    let body = rewritten(&splice.apply(&ask.body), &lane.side.row.edits)?;
    Ok((Payload::own(body), losses))
}

/// The edits of a body that stays in its dialect by which the provider takes the ids of its calls:
/// only a few have such of their own, and only for those is the body gone through once more.
async fn call_ids(worker: &Worker, ask: &Ask, lane: &LiveLane) -> Result<Vec<Edit>, ChatError> {
    if !lane.quirks.has_own_call_ids() {
        return Ok(Vec::new());
    }
    let (dialect, quirks, body) = (ask.dialect, lane.quirks, Arc::clone(&ask.body));
    let look = move || Ok(dialect.call_id_edits(&quirks, &body));
    offloaded(worker, ask.body.len(), look).await
}

/// The members that a provider does not get, though it speaks the client's dialect.
fn left_out(ask: &Ask, lane: &LiveLane, losses: &mut Losses) -> SmallVec<[Watched; 4]> {
    let (scanned, quirks) = (&ask.scanned, &lane.quirks);
    // Other models to fall back on are the gateway's to choose.
    let mut out = SmallVec::from_slice(&[Watched::Models]);
    if quirks.lacks_stream_options {
        out.push(Watched::StreamOptions);
    }
    // Where the path names the model, the body says what a header says elsewhere.
    if scanned.span(Watched::Model).is_none() {
        out.push(Watched::Revision);
    }
    // A limit that is said by both of its names is said by the one that is known.
    if scanned.span(Watched::OutputTokensMax).is_some() {
        if quirks.tokens_max_older && scanned.span(Watched::OutputTokensMaxOlder).is_some() {
            out.push(Watched::OutputTokensMax);
        } else if quirks.tokens_max_newer {
            out.push(Watched::OutputTokensMaxOlder);
        }
    }
    for (watched, field) in quirks.refused_sampling(|one| scanned.says(one, &ask.body)) {
        out.push(watched);
        losses.dropped.add(field);
    }
    out
}

/// The edits of a body that stays in its dialect.
fn edits(ask: &Ask, lane: &LiveLane, granted: Option<u64>, hides_usage: &mut bool) -> Splice {
    let mut splice = Splice::new();
    let (scanned, watch) = (&ask.scanned, ask.dialect.watch());
    // Where the path named it, the body may say another one, or none.
    let said = scanned.text(Watched::Model, &ask.body);
    if watch.member(Watched::Model).is_some() && said.as_deref() != Some(&*lane.model) {
        splice.set_text(scanned, watch, Watched::Model, &lane.model);
    }
    if ask.stream && !scanned.is_true(Watched::Stream, &ask.body) {
        // And that it wants a stream, where the body of others says so.
        splice.set(scanned, watch, Watched::Stream, b"true".to_vec());
    }
    set_limit(ask, &lane.quirks, granted, &mut splice);
    let can_ask_usage =
        watch.member(Watched::StreamUsage).is_some() && !lane.quirks.lacks_stream_options;
    if ask.stream && !ask.stream_usage && can_ask_usage {
        splice.set(scanned, watch, Watched::StreamUsage, b"true".to_vec());
        *hides_usage = true;
    }
    splice
}

/// The limit of the output under the name that the provider knows it by, and no higher than what is
/// left of a budget.
fn set_limit(ask: &Ask, quirks: &Quirks, granted: Option<u64>, splice: &mut Splice) {
    use Watched::{OutputTokensMax as Newer, OutputTokensMaxOlder as Older};
    let (scanned, watch) = (&ask.scanned, ask.dialect.watch());
    let says = |watched| scanned.span(watched).is_some();
    match (says(Newer), says(Older)) {
        (true, false) if quirks.tokens_max_older => splice.rename(scanned, watch, Newer, Older),
        (false, true) if quirks.tokens_max_newer => splice.rename(scanned, watch, Older, Newer),
        (true, true) if quirks.tokens_max_older && granted.is_none() => {
            let limit = scanned.raw(Newer, &ask.body).unwrap_or_default();
            splice.set(scanned, watch, Older, limit.as_bytes().to_vec());
        }
        _ => {}
    }
    let Some(limit) = granted else { return };
    // A dialect that has one name for it has the newer one.
    let is_older = quirks.tokens_max_older && watch.member(Older).is_some();
    let unstated = if is_older { Older } else { Newer };
    splice.limit_output((scanned, &ask.body), watch, limit, unstated);
}

/// The whole body written anew, where members have to be added or left out.
pub(crate) fn rewritten(body: &[u8], edits: &[BodyEdit]) -> Result<Vec<u8>, ChatError> {
    let edits = edits.iter().map(|edit| match edit {
        BodyEdit::Set(member, text) => MemberEdit::Set(member, text),
        BodyEdit::Remove(member) => MemberEdit::Remove(member),
    });
    Ok(rewrite(body, &edits.collect::<Vec<_>>())?)
}

/// A body to be told in another dialect: all that it takes, so that it can be done elsewhere.
struct Translation {
    from: (Dialect, Framing),
    to: Dialect,
    /// Another dialect that it may be told in, where it loses less there.
    or_to: Option<Dialect>,
    asked_model: String,
    model: Box<str>,
    stream: bool,
    granted: Option<u64>,
    /// The most that the model can answer, where that is known.
    output_max: Option<u64>,
    quirks: Quirks,
    edits: Vec<BodyEdit>,
    body: Arc<Vec<u8>>,
}

impl Translation {
    fn of(ask: &Ask, lane: &LiveLane, to: Dialect, granted: Option<u64>) -> Self {
        Self {
            from: (ask.dialect, ask.framing),
            to,
            or_to: lane.other_dialect(to),
            asked_model: ask.model.clone(),
            model: lane.model.clone(),
            stream: ask.stream,
            granted,
            output_max: lane.known.output_max,
            quirks: lane.quirks,
            edits: lane.side.row.edits.clone(),
            body: Arc::clone(&ask.body),
        }
    }

    /// The request, and the dialect that it is told in.
    fn write(&self) -> Result<(TranslatedRequest, Dialect), ChatError> {
        let address = Address {
            model: Some(Text::Borrowed(&self.asked_model)),
            stream: Some(self.stream),
            framing: Some(self.from.1),
        };
        let (mut request, read) = translate::read_request(self.from.0, &address, &self.body)?;
        request.model = Text::Borrowed(&self.model);
        request.stream = self.stream;
        request.stream_usage = true;
        if let Some(granted) = self.granted {
            let own = request.output.tokens_max.unwrap_or(granted);
            request.output.tokens_max = Some(own.min(granted));
        }
        let to = match self.or_to {
            Some(other) => Dialect::losing_least((self.to, other), &request, &self.quirks),
            None => self.to,
        };
        if to == Dialect::AnthropicMessages && request.output.tokens_max.is_none() {
            // It is to be stated there, and an answer is cut short by nobody but its model.
            request.output.tokens_max = self.output_max;
        }
        let mut written = translate::write_request((to, &self.quirks), &request, &read)?;
        if !self.edits.is_empty() {
            written.body = rewritten(&written.body, &self.edits)?;
        }
        Ok((written, to))
    }
}

/// Bodies beyond this are gone through off the worker: it takes milliseconds.
const OFFLOAD_BYTES_MIN: usize = 256 * 1024;

/// Whether a body of so many bytes takes too long to be gone through on the worker.
pub(super) const fn is_large(bytes: usize) -> bool {
    bytes >= OFFLOAD_BYTES_MIN
}

/// Does work on a body of so many bytes here, or elsewhere where that would take too long.
pub(super) async fn offloaded<T: Send + 'static>(
    worker: &Worker,
    bytes: usize,
    work: impl FnOnce() -> Result<T, ChatError> + Send + 'static,
) -> Result<T, ChatError> {
    if !is_large(bytes) {
        return work();
    }
    let done = worker.gateway().offload.run(work).await;
    done.unwrap_or_else(|not_done| Err(ChatError::new(ErrorKind::Overloaded, not_done.to_string())))
}

/// Goes through a body and gives it back, elsewhere where that would take too long here. It is done
/// whatever else waits: where there is no room it is done here after all.
pub(super) async fn looked_at<T: Send + 'static>(
    worker: &Worker,
    body: Vec<u8>,
    look: impl Fn(&[u8]) -> T + Clone + Send + 'static,
) -> (Vec<u8>, T) {
    if !is_large(body.len()) {
        let seen = look(&body);
        return (body, seen);
    }
    let body = Arc::new(body);
    let (there, elsewhere) = (Arc::clone(&body), look.clone());
    let done = worker.gateway().offload.run(move || {
        let seen = elsewhere(&there);
        // Before anybody hears of it: who gets it back is to have it alone.
        drop(there);
        seen
    });
    let seen = done.await.unwrap_or_else(|_not_done| look(&body));
    (Arc::try_unwrap(body).unwrap_or_else(|shared| shared.to_vec()), seen)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use architrave_config::AccessLogTarget;

    use super::*;
    use crate::testing::{Stage, on_a_worker};

    const FILE: &str =
        "version: 1\nlisteners: [{ name: web, address: \"127.0.0.1:0\", protocol: http }]\n";

    #[test]
    fn a_large_body_is_looked_at_elsewhere_and_comes_back_as_it_was() {
        on_a_worker(async {
            let stage = Stage::start(Ipv4Addr::LOCALHOST, FILE, &AccessLogTarget::None);
            let here = std::thread::current().id();
            let look = |body: &[u8]| (std::thread::current().id(), body.len());
            for (bytes, is_elsewhere) in [(OFFLOAD_BYTES_MIN - 1, false), (OFFLOAD_BYTES_MIN, true)]
            {
                let body = vec![7; bytes];
                let at = body.as_ptr();
                let (body, (thread, seen)) = looked_at(&stage.worker, body, look).await;
                assert_eq!(
                    (body.as_ptr(), body.len(), seen),
                    (at, bytes, bytes),
                    "no copy is made"
                );
                assert_eq!(thread != here, is_elsewhere, "{bytes}");
            }
        });
    }
}

//! Relays calls that the pages make of services: through the data plane, as a client of a listener,
//! by a connection that never leaves the process. So every rule of the traffic holds for them, and
//! the address of who asks is the one that policies see.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use architrave_config::{HostPattern, ListenerProtocol, PathMatch, Route, Snapshot};
use architrave_control::Try;
use architrave_core::name::ServiceName;
use architrave_core::task;
use architrave_net::fields::Fields;
use architrave_net::socket::pair;
use architrave_net::whole::WholeResponse;
use architrave_net::{
    Call, CallOptions, Connection, Framing, Method, RequestHead, ResponseHead, Stream, WireError,
};
use architrave_proxy::{Guest, LiveListener};
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::engine::Engine;

/// How long the head of an answer is waited for: models think for minutes.
const HEAD_PATIENCE: Duration = Duration::from_secs(300);

/// How long nothing more may come.
const SILENCE: Duration = Duration::from_secs(120);

/// Pieces of an answer that may wait for the page to take them.
const PIECES_MAX: usize = 16;

/// The most that is relayed of one answer, in bytes: a page shows it.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Fields of an answer that are not told: framing, and what would be of this origin.
const NOT_TOLD: [&str; 6] =
    ["connection", "transfer-encoding", "content-length", "keep-alive", "trailer", "upgrade"];

/// Why a call could not be relayed.
type Refusal = (u16, &'static str, String);

/// Relays a call; its answer in the envelope that the pages read.
pub(super) async fn relay(engine: &Arc<Engine>, call: Try) -> WholeResponse {
    match Box::pin(relayed(engine, call)).await {
        Ok(answer) => answer,
        Err((status, code, detail)) => {
            let mut fields = Fields::new();
            fields.append("Content-Type", b"application/problem+json");
            fields.append("Cache-Control", b"no-store");
            let problem = json!({
                "type": format!("urn:architrave:problem:{code}"),
                "title": "The call could not be relayed",
                "status": status,
                "code": code,
                "detail": detail,
            });
            let body = problem.to_string().into_bytes();
            WholeResponse { status, fields, body, rest: None }
        }
    }
}

async fn relayed(engine: &Arc<Engine>, call: Try) -> Result<WholeResponse, Refusal> {
    let broken = |error: &dyn std::fmt::Display| {
        (502, "try_broken", format!("the call was not answered whole: {error}"))
    };
    let assembly = engine.gateway().assembly.load_full();
    let (service, route, listener) = way(&assembly.snapshot, &assembly.listeners, &call)?;
    let authority = authority(route, &listener);
    let (near, far) = pair().map_err(|error| broken(&error))?;
    let guest = Guest {
        stream: far,
        slot: listener.slot,
        client: SocketAddr::new(call.client, 0),
        service,
    };
    engine.invite(guest).await;
    let stream = TcpStream::from_std(near).map_err(|error| broken(&error))?;
    let mut call = begin(Connection::h1(Stream::from(stream)), call, authority)
        .await
        .map_err(|error| broken(&error))?;
    let (head, framing) = call.head().await.map_err(|error| broken(&error))?;
    let mut fields = Fields::new();
    fields.append("Content-Type", b"application/octet-stream");
    fields.append("Cache-Control", b"no-store");
    fields.append("X-Content-Type-Options", b"nosniff");
    fields.append("Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'");
    fields.append("Try-Status", head.status.to_string().as_bytes());
    for field in head.fields.iter() {
        let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
        if !NOT_TOLD.contains(&name.as_str()) {
            fields.append(&format!("Try-{name}"), field.value);
        }
    }
    let rest = (framing != Framing::Empty).then(|| call.pour());
    Ok(WholeResponse { status: 200, fields, body: Vec::new(), rest })
}

fn no_way(service: &str) -> Refusal {
    let detail = format!(
        "no route of an http or https listener without client certificates leads to {service}"
    );
    (409, "try_not_possible", detail)
}

/// The route to a service that a call would take, and a listener of it.
fn way<'a>(
    snapshot: &'a Snapshot,
    listeners: &[Arc<LiveListener>],
    call: &Try,
) -> Result<(ServiceName, &'a Route, Arc<LiveListener>), Refusal> {
    let leads = |route: &Route| {
        let mut services = route.services.iter().map(|to| &snapshot.services[to.service.get()]);
        services.find(|service| service.name.as_str() == call.service).map(|it| it.name.clone())
    };
    let path = call.target.split('?').next().unwrap_or_default();
    let takes = |route: &Route| {
        route.matches.iter().any(|one| match &one.path {
            PathMatch::Exact(exact) => exact == path,
            PathMatch::Regex(regex) => regex.is_match(path),
            PathMatch::Prefix(prefix) => {
                let rest = path.strip_prefix(prefix.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        })
    };
    // Whoever may come by a certificate alone does not come from here.
    let listener = |route: &Route| {
        route.listeners.iter().find_map(|at| {
            let name = &snapshot.listeners[at.get()].name;
            let live = listeners.iter().find(|live| live.config.name == *name)?;
            let is_open = match &live.config.protocol {
                ListenerProtocol::Http => true,
                ListenerProtocol::Https(tls) => tls.client_ca_file.is_none(),
                _ => false,
            };
            is_open.then(|| Arc::clone(live))
        })
    };
    let mut found: Vec<&Arc<Route>> = snapshot.routes.iter().collect();
    found.sort_by_key(|route| !takes(route));
    found
        .into_iter()
        .find_map(|route| Some((leads(route)?, &**route, listener(route)?)))
        .ok_or_else(|| no_way(&call.service))
}

/// A host that the route takes.
fn authority(route: &Route, listener: &LiveListener) -> String {
    match route.hosts.first() {
        Some(HostPattern::Exact(host)) => host.clone(),
        Some(HostPattern::Wildcard(domain)) => format!("try.{domain}"),
        None => SocketAddr::new(listener.config.ip, *listener.config.ports.start()).to_string(),
    }
}

/// A call whose request is sent.
struct Sent {
    call: Call,
    method: Method,
}

async fn begin(connection: Connection, asked: Try, authority: String) -> Result<Sent, WireError> {
    let method = Method::from_token(asked.method.as_str());
    let mut head = RequestHead {
        method: method.clone(),
        authority,
        target: asked.target.clone(),
        ..RequestHead::default()
    };
    for (name, value) in &asked.fields {
        head.fields.append(name, value.as_bytes());
    }
    let framing = match asked.body.len() {
        0 => Framing::Empty,
        length => Framing::Length(length as u64),
    };
    let options = CallOptions {
        target: &asked.target,
        scheme: "http",
        framing,
        upgrade: None,
        takes_trailers: false,
        close: true,
    };
    let mut call = Call::begin(connection, &head, &options)?;
    call.limit_head(HEAD_PATIENCE);
    let writer = call.writer();
    writer.limit_stall(SILENCE);
    if !asked.body.is_empty() {
        // Whoever refuses a body may answer before it has all of it; then the answer counts.
        let _answered = writer.write_all(&asked.body).await;
    }
    if writer.finish(None).is_ok() {
        let _answered = writer.flush().await;
    }
    Ok(Sent { call, method })
}

impl Sent {
    /// The head of the answer, once those that only tell of it are over.
    async fn head(&mut self) -> Result<(ResponseHead, Framing), WireError> {
        let mut head = ResponseHead::default();
        loop {
            let method = &self.method;
            let framing =
                poll_fn(|context| self.call.poll_response(context, method, &mut head)).await?;
            if !head.is_interim() {
                return Ok((head, framing));
            }
            head.clear();
        }
    }

    /// What follows the head, as it comes.
    fn pour(mut self) -> mpsc::Receiver<Bytes> {
        let (pieces, taken) = mpsc::channel(PIECES_MAX);
        task::spawn_local(async move {
            let Some(reader) = self.call.reader() else { return };
            reader.limit_stall(SILENCE);
            let mut left = ANSWER_BYTES_MAX;
            loop {
                let filled = tokio::select! {
                    filled = reader.fill() => filled,
                    // Whoever asked has gone: the connection ends with this.
                    () = pieces.closed() => return,
                };
                let Ok(true) = filled else { return };
                let data = reader.data();
                let count = data.len().min(left);
                let piece = Bytes::copy_from_slice(&data[..count]);
                let all = data.len();
                reader.consume(all);
                left -= count;
                if pieces.send(piece).await.is_err() || left == 0 {
                    return;
                }
            }
        });
        taken
    }
}

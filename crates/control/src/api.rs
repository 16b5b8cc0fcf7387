//! The admin API as one function: a parsed request in, a whole answer out.
//!
//! It opens no socket: the admin listener uses the same codec as traffic and calls this. What
//! happens to a request, in order, is in `serve`.

use std::net::IpAddr;
use std::sync::Arc;

use architrave_balance::Registry;
use architrave_config::Admin;
use architrave_config::ports::{
    ConfigPort, DesiredPort, DirectoryPort, IdentityPort, ModelsPort, ProviderTestPort, UsagePort,
};
use architrave_core::Clock;
use architrave_store::{RequestRow, UsageStore};
use architrave_telemetry::Metrics;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use tokio::sync::broadcast;

use crate::call::Call;
use crate::caller::{self, Caller, Origin, Who};
use crate::code::Code;
use crate::console;
use crate::error::ApiError;
use crate::etag::Conditions;
use crate::guard::{self, Standing};
use crate::idempotency::{self, Turn};
use crate::judge::{Asked, judge};
use crate::operation::{Access, Audit, Operation, Surface};
use crate::platform::Platform;
use crate::query::Query;
use crate::reply::Reply;
use crate::router::{Matched, Router};
use crate::{openapi, routes, texts, try_it, usecase};

/// The longest request body that is taken, in bytes: room for the largest descriptions of
/// APIs there are, as texts in JSON.
pub const BODY_BYTES_MAX: usize = 24 * 1024 * 1024;

/// How much of what a client says it is is kept.
const AGENT_CHARS_MAX: usize = 200;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What proxies say of whom they speak for.
const FORWARDED: [HeaderName; 3] = [
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];

/// On every answer: nothing here is to be kept, guessed at, or shown inside another page.
const ANSWER_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
];

/// What the API shows and changes.
#[derive(Clone)]
pub struct Dependencies {
    /// Which listener this is for.
    pub surface: Surface,
    /// The address of the admin listener and the token, if there is one. When a reload changes
    /// them, make a new [`Api`]: that is cheap.
    pub admin: Admin,
    /// The live upstreams.
    pub registry: Arc<Registry>,
    /// Every counter.
    pub metrics: Arc<Metrics>,
    /// The running configuration.
    pub config: Arc<dyn ConfigPort>,
    /// Models and what consumers use of them.
    pub models: Arc<dyn ModelsPort>,
    /// Who asks providers whether they answer.
    pub provider_tests: Arc<dyn ProviderTestPort>,
    /// The objects in force, and how others are put in their place.
    pub desired: Arc<dyn DesiredPort>,
    /// Identity providers, and the way to them.
    pub identity: Arc<dyn IdentityPort>,
    /// Who calls by subscriptions.
    pub directory: Arc<dyn DirectoryPort>,
    /// The database with people and objects; `None` when the gateway runs from a file alone.
    pub platform: Option<Platform>,
    /// What was used; `None` when nobody keeps it.
    pub usage: Option<UsageDesk>,
    /// The clock that the balancing code runs on.
    pub clock: Clock,
}

/// Where it is asked what was used.
#[derive(Clone)]
pub struct UsageDesk {
    /// What is kept.
    pub store: UsageStore,
    /// Who keeps it.
    pub port: Arc<dyn UsagePort>,
    /// Exchanges as they end, while anybody listens.
    pub tail: broadcast::Sender<Arc<RequestRow>>,
}

impl Dependencies {
    /// Where a browser reaches us, without a slash at its end: as the file says, else as it did.
    pub(crate) fn base_url(&self, headers: &HeaderMap, origin: &Origin) -> String {
        if let Some(url) = &self.admin.public_url {
            return url.clone();
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let scheme = if origin.is_over_tls { "https" } else { "http" };
        format!("{scheme}://{}", host.unwrap_or_default())
    }
}

/// Put into a request's extensions by a listener when the connection is encrypted.
#[derive(Clone, Copy, Debug)]
pub struct OverTls;

/// Put into a request's extensions by a command of this process that has the database itself: it
/// may do everything. No request that came over a connection has it.
#[derive(Clone, Copy, Debug)]
pub struct Command;

/// The admin API. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    router: Arc<Router>,
    dependencies: Arc<Dependencies>,
}

impl Api {
    /// Puts the API together.
    #[must_use]
    pub fn new(dependencies: Dependencies) -> Self {
        let router = Arc::new(Router::new(routes::operations_on(dependencies.surface)));
        Self { router, dependencies: Arc::new(dependencies) }
    }

    /// Does what is due by a date: a service whose sunset has come has retired. To be called once in
    /// a while, by whoever wires this.
    pub async fn act_by_date(&self) {
        if let Err(error) = usecase::objects::retire_by_date(&self.dependencies).await {
            let code = error.code();
            tracing::warn!(?code, "what is due by its date could not be done");
        }
    }

    /// Answers one request of the client at `peer`. Every request gets an answer; what the caller
    /// does not take in whole is cut at [`BODY_BYTES_MAX`] and refused here.
    ///
    /// Belongs on the control runtime: a scrape or a validation may take milliseconds.
    pub async fn call(&self, request: Request<Bytes>, peer: IpAddr) -> Response<Bytes> {
        // The same for everybody and of no secret, so they come before it is asked who calls.
        let surface = self.dependencies.surface;
        let is_try = try_it::asked(surface, request.uri().path()).is_some();
        let pages = (!is_try && texts::asked(surface, &request).is_none())
            .then(|| console::answer(surface, &self.dependencies.admin, &request))
            .flatten();
        if let Some(page) = pages {
            let is_to_head = request.method() == Method::HEAD;
            return if is_to_head { page.map(|_| Bytes::new()) } else { page };
        }
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let origin = origin(&self.dependencies.admin, &request, peer);
        let request_id = Arc::clone(&origin.request_id);
        let answer = match Box::pin(self.serve(request, origin)).await {
            Ok(answer) => whole(answer, &request_id).await,
            Err(refusal) => refusal.into_whole_response(&request_id),
        };
        let mut answer = if method == Method::HEAD { answer.map(|_| Bytes::new()) } else { answer };
        for (name, value) in ANSWER_HEADERS {
            answer.headers_mut().insert(name, value);
        }
        if let Ok(id) = HeaderValue::try_from(&*request_id) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        // A call of a service is in the access log, as all traffic is.
        if method != Method::GET && method != Method::HEAD && !is_try {
            let status = answer.status().as_u16();
            tracing::info!(%peer, %method, path, status, request_id = &*request_id, "admin api write");
        }
        answer
    }

    /// What happens to a request, in order: who calls, from where, what for, whether that is
    /// allowed, whether it has been done before; then it is done.
    async fn serve(
        &self,
        request: Request<Bytes>,
        origin: Origin,
    ) -> Result<Response<Body>, ApiError> {
        let dependencies = &self.dependencies;
        let is_command = request.extensions().get::<Command>().is_some();
        let identified = match is_command {
            true => Ok(Caller::admin(Who::Command, origin.clone())),
            false => caller::identify(dependencies, request.headers(), origin.clone()).await,
        };
        let mut matched = self.router.find(request.method(), request.uri().path());
        if dependencies.surface == Surface::Portal {
            // Which methods and custom methods a path has elsewhere is nobody's business here.
            matched = matched.map_err(|_elsewhere| ApiError::nothing_here());
        }
        let operation = matched.as_ref().ok().map(|matched| &*matched.operation);
        let is_open = operation.is_some_and(|operation| operation.access == Access::Open);
        // A page or a call of a service is for whoever comes by, under whatever name they know us by.
        let is_at_portal = dependencies.surface == Surface::Portal;
        let is_try = try_it::asked(dependencies.surface, request.uri().path()).is_some();
        let is_text = texts::asked(dependencies.surface, &request).is_some();
        let is_for_all = is_at_portal
            && (is_try || is_text || operation.is_some_and(|operation| operation.is_public));
        let standing = Standing {
            has_proof: identified.as_ref().is_ok_and(Caller::has_proof),
            is_set_up: usecase::setup::is_set_up(dependencies).await,
            is_signing_in: is_for_all || operation.is_some_and(routes::is_signing_in),
            is_coming_back: operation.is_some_and(routes::is_coming_back),
        };
        if !is_command {
            guard::check(&dependencies.admin, &request, origin.address, standing)?;
        }
        let caller = match identified {
            // A stale cookie keeps nobody from signing in, nor a probe from being answered.
            Err(_unknown) if is_open || is_for_all => Caller::nobody(origin),
            identified => identified?,
        };
        if is_try {
            let answer = try_it::answer(dependencies, &caller, &request).await?;
            return Ok(answer.map(Body::from));
        }
        if is_text {
            let answer = texts::answer(dependencies, &caller, &request).await?;
            return Ok(answer.map(Body::from));
        }
        // Who is nobody is not told which paths there are.
        let Matched { operation, names } = match matched {
            Err(_) if !caller.is_known() && dependencies.surface == Surface::Admin => {
                return Err(ApiError::token_missing());
            }
            matched => matched?,
        };
        if let Err(refusal) = confirm(&caller, &operation, &request) {
            let about = (&*operation, &names[..]);
            usecase::audit::note_denied(dependencies, &caller, about, &refusal).await;
            return Err(refusal);
        }
        let query = Query::read(request.uri())?;
        if !operation.is_lenient {
            let known: Vec<&str> = operation.parameters.iter().map(|known| known.name).collect();
            query.check(&known)?;
        }
        let asked = Asked { operation: &operation, names: &names, query: &query };
        let team = match judge(dependencies, &caller, asked).await {
            Ok(team) => team,
            Err(refusal) => {
                let about = (&*operation, &names[..]);
                usecase::audit::note_denied(dependencies, &caller, about, &refusal).await;
                return Err(refusal);
            }
        };
        let claim = match idempotency::claim(dependencies, &caller, &operation, &request).await? {
            Turn::Again(answer) => return Ok(answer),
            Turn::Do(claim) => claim,
        };
        let call = Arc::new(Call { operation, caller, names, query, team, claim });
        let answer = self.run(&call, request).await;
        idempotency::release(dependencies, call.claim.as_ref()).await;
        Ok(answer)
    }

    /// Lets the handler answer, and notes in the audit log what it has changed in the running
    /// gateway.
    async fn run(&self, call: &Arc<Call>, request: Request<Bytes>) -> Response<Body> {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(Arc::clone(call));
        let conditions = match call.operation.is_unless_known() {
            true => Conditions::read(request.headers()),
            false => Ok(Conditions::default()),
        };
        let conditions = match conditions {
            Ok(conditions) => conditions,
            Err(refusal) => return refusal.into_response(),
        };
        let answer = call.operation.run(request, Arc::clone(&self.dependencies)).await;
        if let Some(refusal) = answer.extensions().get::<ApiError>().cloned() {
            let about = (&*call.operation, &call.names[..]);
            usecase::audit::note_denied(&self.dependencies, &call.caller, about, &refusal).await;
        }
        let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        if let Some(tag) =
            tag.filter(|tag| answer.status() == StatusCode::OK && conditions.is_known(tag))
        {
            return Reply::unchanged().with_etag(Some(tag.to_owned())).into_response();
        }
        if call.operation.audit == Audit::After && answer.status().is_success() {
            usecase::audit::note(&self.dependencies, call).await;
        }
        answer
    }

    /// The API described as OpenAPI 3.1, as one listener answers it.
    #[must_use]
    pub fn openapi(surface: Surface) -> serde_json::Value {
        openapi::document(&routes::operations_on(surface))
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Api")
            .field("admin", &self.dependencies.admin)
            .finish_non_exhaustive()
    }
}

/// A browser sends the cookie by itself, so a write by it must come with what only a page of ours
/// can know.
fn confirm(
    caller: &Caller,
    operation: &Operation,
    request: &Request<Bytes>,
) -> Result<(), ApiError> {
    let Some(session) = caller.session() else { return Ok(()) };
    if operation.is_write()
        && operation.access != Access::Open
        && !session.is_confirmed_by(request.headers())
    {
        let message = "send the session's token as x-csrf-token; GET /api/v1/session shows it";
        return Err(ApiError::new(Code::CsrfTokenWrong, message));
    }
    Ok(())
}

fn origin(admin: &Admin, request: &Request<Bytes>, address: IpAddr) -> Origin {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    // A proxy on this machine that nobody has told us of speaks for who knows whom.
    let speaks_for_others = FORWARDED.iter().any(|name| request.headers().contains_key(name));
    Origin {
        address,
        is_near: address.to_canonical().is_loopback() && !speaks_for_others,
        request_id: request_id().into(),
        agent: agent.chars().take(AGENT_CHARS_MAX).collect(),
        is_over_tls: request.extensions().get::<OverTls>().is_some()
            || guard::is_by_public_tls(admin, request),
    }
}

/// `req_` and 80 random bits: nobody needs to guess it, and no two are alike.
fn request_id() -> String {
    match caller::token::random_text::<10>() {
        Ok(text) => format!("req_{text}"),
        // Without randomness nothing that matters can be done, and this need not stop a scrape.
        Err(_) => "req_unknown".to_owned(),
    }
}

async fn whole(answer: Response<Body>, request_id: &str) -> Response<Bytes> {
    let (mut head, body) = answer.into_parts();
    if let Some(refusal) = head.extensions.remove::<ApiError>() {
        let mut response = refusal.into_whole_response(request_id);
        // What was said beside the refusal, such as a cookie that is over.
        for (name, value) in &head.headers {
            if !response.headers().contains_key(name) && name != header::CONTENT_LENGTH {
                response.headers_mut().append(name, value.clone());
            }
        }
        return response;
    }
    match to_bytes(body, usize::MAX).await {
        Ok(body) => Response::from_parts(head, body),
        // Bodies are made in memory; should one fail all the same, that is said and not hidden.
        Err(error) => ApiError::internal(error.to_string()).into_whole_response(request_id),
    }
}

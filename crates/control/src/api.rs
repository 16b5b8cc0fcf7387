//! The admin API as one function: a parsed request in, a whole answer out.
//!
//! It opens no socket: the admin listener uses the same codec as traffic and calls this.

use std::net::IpAddr;
use std::sync::Arc;

use architrave_balance::Registry;
use architrave_config::Admin;
use architrave_config::ports::{ConfigPort, ModelsPort};
use architrave_core::Clock;
use architrave_telemetry::Metrics;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, Request, Response};
use axum::response::IntoResponse as _;
use tower_service::Service as _;

use crate::error::ApiError;
use crate::{guard, routes};

/// The longest request body that is taken, in bytes: room for a configuration of 10,000 routes.
pub const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

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
    /// The clock that the balancing code runs on.
    pub clock: Clock,
}

/// The admin API. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    admin: Arc<Admin>,
    router: Router,
}

impl Api {
    /// Puts the API together.
    #[must_use]
    pub fn new(dependencies: Dependencies) -> Self {
        let admin = Arc::new(dependencies.admin.clone());
        Self { admin, router: routes::router(Arc::new(dependencies)) }
    }

    /// Answers one request of the client at `peer`. Every request gets an answer; what the caller
    /// does not take in whole is cut at [`BODY_BYTES_MAX`] and refused here.
    ///
    /// Belongs on the control runtime: a scrape or a validation may take milliseconds.
    pub async fn call(&self, request: Request<Bytes>, peer: IpAddr) -> Response<Bytes> {
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let mut answer = match guard::admit(&self.admin, request, peer) {
            Ok(admitted) => self.route(admitted).await,
            Err(refusal) => whole(refusal.into_response()).await,
        };
        for (name, value) in ANSWER_HEADERS {
            answer.headers_mut().insert(name, value);
        }
        if method != Method::GET && method != Method::HEAD {
            let status = answer.status().as_u16();
            tracing::info!(%peer, %method, path, status, "admin api write");
        }
        answer
    }

    async fn route(&self, request: Request<Bytes>) -> Response<Bytes> {
        let mut router = self.router.clone();
        match router.call(request.map(Body::from)).await {
            Ok(answer) => whole(answer).await,
            Err(never) => match never {},
        }
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Api").field("admin", &self.admin).finish_non_exhaustive()
    }
}

async fn whole(answer: Response<Body>) -> Response<Bytes> {
    let (head, body) = answer.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(body) => Response::from_parts(head, body),
        // Bodies are made in memory; should one fail all the same, that is said and not hidden.
        Err(error) => ApiError::internal(error.to_string()).into_whole_response(),
    }
}

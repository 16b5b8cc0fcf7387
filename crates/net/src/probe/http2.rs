//! One request over an HTTP/2 connection of its own.
//!
//! Not the connections of traffic: those live on the workers.

use std::pin::pin;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};

use super::{CLOSE_TIMEOUT, ProbeError, USER_AGENT};
use crate::connector::RESPONSE_LIMITS;
use crate::http2;
use crate::stream::Stream;

type Sender = h2::client::SendRequest<Bytes>;

/// Asks for `path` and gives the status.
pub(super) async fn get(
    stream: Stream,
    scheme: &str,
    authority: &str,
    path: &str,
) -> Result<u16, ProbeError> {
    let request = request(Method::GET, scheme, authority, path)?;
    converse(stream, async move |mut sender: Sender| {
        let (response, _no_body) = sender.send_request(request, true)?;
        Ok(response.await?.status().as_u16())
    })
    .await
}

/// A request of ours.
pub(super) fn request(
    method: Method,
    scheme: &str,
    authority: &str,
    path: &str,
) -> Result<Request<()>, ProbeError> {
    let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build();
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.version_mut() = http::Version::HTTP_2;
    *request.uri_mut() = uri.map_err(|_malformed| ProbeError::Request)?;
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    Ok(request)
}

/// Makes the connection and drives it while `ask` is at it, then takes leave.
pub(super) async fn converse<T>(
    stream: Stream,
    ask: impl AsyncFnOnce(Sender) -> Result<T, ProbeError>,
) -> Result<T, ProbeError> {
    let (sender, connection) =
        http2::client(&RESPONSE_LIMITS).handshake::<_, Bytes>(stream).await?;
    let mut connection = pin!(connection);
    let asked = async { ask(sender.ready().await?).await };
    let mut asked = pin!(asked);
    tokio::select! {
        biased;
        outcome = &mut asked => {
            // With the sender gone the connection says goodbye and ends.
            let _closed = tokio::time::timeout(CLOSE_TIMEOUT, connection).await;
            outcome
        }
        // An answer may have come with the last bytes of the connection; whatever became of the
        // stream, it is settled now.
        _ended = &mut connection => asked.await,
    }
}

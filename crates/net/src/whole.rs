//! A small HTTP/1.1 server of whole messages, for the admin listener and for demo origins: the
//! same codec as traffic, bodies in memory under a limit, but for answers that go on for as long as
//! there is something to tell. Not for traffic.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::fields::Fields;
use crate::h1::{H1Reader, H1Writer, HeadLimits, Persist};
use crate::message::{Framing, Method, RequestHead, ResponseHead};
use crate::reader::Reader;
use crate::stream::{SharedStream, Stream};
use crate::timer::Timer;
use crate::wire_error::WireError;
use crate::writer::{ResponseOptions, Writer};

/// Bounds on what a client may send, and on how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct WholeLimits {
    /// On heads.
    pub head: HeadLimits,
    /// Bytes of a request body.
    pub body_bytes_max: usize,
    /// From the first byte of a request to its last, and for its answer to be taken.
    pub message: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// Whether an answer is not made to its end when its client goes away meanwhile.
    pub ends_with_client: bool,
}

/// A response, whole.
#[derive(Debug, Default)]
pub struct WholeResponse {
    /// Its status.
    pub status: u16,
    /// Its fields, without framing.
    pub fields: Fields,
    /// Its body, or the beginning of it.
    pub body: Vec<u8>,
    /// What follows the body, piece by piece, until whoever sends it has had enough; the connection
    /// ends with it.
    pub rest: Option<mpsc::Receiver<Bytes>>,
}

/// Serves the requests of one connection, one after the other, until either side has had enough.
pub async fn serve_whole<Answer: Future<Output = WholeResponse>>(
    stream: Stream,
    limits: &WholeLimits,
    mut answer: impl FnMut(RequestHead, Vec<u8>) -> Answer,
) {
    let shared = Rc::new(SharedStream::new(stream));
    let mut reader = Reader::H1(Box::new(H1Reader::new(Rc::clone(&shared))));
    let mut writer = Writer::H1(Box::new(H1Writer::new(shared)));
    let mut timer = Timer::new();
    loop {
        if !matches!(begun(&mut reader, limits.idle).await, Ok(true)) {
            return;
        }
        let read = read_request(&mut reader, limits);
        let read = timer.within(limits.message, read).await.unwrap_or(Err(WireError::Stalled));
        let (mut response, is_to_head, keep_alive) = match read {
            Ok((head, body, keep_alive)) => {
                let is_to_head = head.method == Method::Head;
                let answering = answer(head, body);
                let response = match limits.ends_with_client {
                    true => while_there(&mut reader, answering).await,
                    false => Some(answering.await),
                };
                let Some(response) = response else { return };
                let keep_alive = keep_alive && response.rest.is_none();
                (response, is_to_head, keep_alive)
            }
            Err(WireError::Closed | WireError::Io(_)) => return,
            Err(error) => (refusal(&error), false, false),
        };
        let write = write_response(&mut writer, &response, is_to_head, keep_alive, limits.message);
        let written = timer.within(limits.message, write).await;
        if let (Some(rest), Ok(Ok(())), false) = (response.rest.take(), &written, is_to_head) {
            // Whoever does not read any more is found out by the next piece.
            let _gone = write_rest(&mut writer, rest).await;
        }
        if !keep_alive || !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}

/// The answer; nothing where its client goes away before it is there.
async fn while_there<Answer: Future>(
    reader: &mut Reader,
    answer: Answer,
) -> Option<Answer::Output> {
    let mut answer = pin!(answer);
    poll_fn(|context| match answer.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => reader.poll_gone(context).map(|_gone| None),
    })
    .await
}

async fn begun(reader: &mut Reader, idle: Duration) -> Result<bool, WireError> {
    let Reader::H1(reader) = reader else {
        return Ok(false);
    };
    reader.timer().start(idle);
    poll_fn(|context| reader.poll_begin(context)).await
}

async fn read_request(
    reader: &mut Reader,
    limits: &WholeLimits,
) -> Result<(RequestHead, Vec<u8>, bool), WireError> {
    let mut head = RequestHead::default();
    let prelude = match reader {
        Reader::H1(reader) => {
            poll_fn(|context| reader.poll_request(context, &limits.head, &mut head)).await?
        }
        Reader::H2(_) => return Err(WireError::Closed),
    };
    let is_too_large = |length: u64| length > limits.body_bytes_max as u64;
    if matches!(prelude.framing, Framing::Length(length) if is_too_large(length)) {
        return Err(WireError::TooLarge);
    }
    reader.limit_stall(limits.message);
    let mut body = Vec::new();
    while reader.fill().await? {
        let data = reader.data();
        if body.len() + data.len() > limits.body_bytes_max {
            return Err(WireError::TooLarge);
        }
        body.extend_from_slice(data);
        let count = data.len();
        reader.consume(count);
    }
    Ok((head, body, prelude.keep_alive))
}

fn refusal(error: &WireError) -> WholeResponse {
    let mut fields = Fields::new();
    fields.append("Content-Type", b"text/plain; charset=utf-8");
    let body = format!("{error}\n").into_bytes();
    WholeResponse { status: error.downstream_reason().status(), fields, body, rest: None }
}

async fn write_response(
    writer: &mut Writer,
    response: &WholeResponse,
    is_to_head: bool,
    keep_alive: bool,
    limit: Duration,
) -> Result<(), WireError> {
    let head = ResponseHead {
        status: response.status,
        fields: response.fields.clone(),
        ..ResponseHead::default()
    };
    let framing = match response.body.len() {
        _ if response.rest.is_some() && !is_to_head => Framing::UntilClose,
        length if length > 0 && !is_to_head => Framing::Length(length as u64),
        _ => Framing::Empty,
    };
    let persist = if keep_alive { Persist::KeepAlive } else { Persist::Close };
    writer.send_response(&head, ResponseOptions { framing, persist, is_to_head })?;
    writer.limit_stall(limit);
    if framing != Framing::Empty && !response.body.is_empty() {
        writer.write_all(&response.body).await?;
    }
    if framing != Framing::UntilClose {
        writer.finish(None)?;
    }
    writer.flush().await
}

/// Writes what comes, as it comes; a client that takes nothing for too long is let go.
async fn write_rest(writer: &mut Writer, mut rest: mpsc::Receiver<Bytes>) -> Result<(), WireError> {
    while let Some(piece) = rest.recv().await {
        writer.write_all(&piece).await?;
        writer.flush().await?;
    }
    writer.finish(None)?;
    writer.flush().await
}

//! Exchanges as they end, for who watches: a few at once, for a while, and never so many that
//! anybody waits.

use std::sync::Arc;
use std::time::Duration;

use architrave_core::task;
use architrave_store::{RequestFilter, RequestRow};
use axum::body::Bytes;
use serde::Serialize;
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::desk;
use super::eyes::Eyes;
use super::requests::{filter, told};
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::ApiError;
use crate::permission::Permission;
use crate::stream::Stream;
use crate::usecase::platform;

/// How many watch at once.
const WATCHERS_MAX: usize = 16;

/// How often one caller watches at once who does not operate the gateway: whose application it is
/// leaves places to others.
const OF_ONE_MAX: usize = 3;

/// Pieces that wait for one of them; beyond that exchanges are left out, and that is told.
const PIECES_MAX: usize = 256;

/// Between two signs of life, by which a client that is gone is found out.
const SIGN_EVERY: Duration = Duration::from_secs(15);

/// How long one watches; who was allowed to then may not be any more.
const WATCH_MAX: Duration = Duration::from_secs(15 * 60);

/// Shows exchanges that fit what is asked for, as they end.
pub(crate) async fn tail(dependencies: &Dependencies, call: &Call) -> Result<Stream, ApiError> {
    let desk = desk(dependencies)?;
    let filter = filter(dependencies, call).await?;
    if desk.tail.receiver_count() >= WATCHERS_MAX {
        let message = format!("{WATCHERS_MAX} are watching already");
        return Err(ApiError::new(Code::TooManyWatchers, message));
    }
    let is_operator = call.caller.may(Permission::ReadGateway, None);
    let max = if is_operator { WATCHERS_MAX } else { OF_ONE_MAX };
    let watchers = platform(dependencies)?.watchers();
    let place = watchers.take(call.caller.actor(), max).ok_or_else(|| {
        let message = format!("this caller is watching {max} times already");
        ApiError::new(Code::TooManyWatchers, message)
    })?;
    let exchanges = desk.tail.subscribe();
    let eyes = Eyes::of(dependencies, call);
    let see = move |row: &RequestRow| told(row.clone(), &eyes);
    let (pieces, stream) = mpsc::channel(PIECES_MAX);
    task::spawn(async move {
        // When its time is over, whoever still wants to see asks again.
        let _over = tokio::time::timeout(WATCH_MAX, show(exchanges, (filter, see), pieces)).await;
        drop(place);
    });
    Ok(Stream::new(stream))
}

/// Shows what fits, as whoever watches may see it.
async fn show<T: Serialize>(
    mut exchanges: Receiver<Arc<RequestRow>>,
    (filter, see): (RequestFilter, impl Fn(&RequestRow) -> T),
    pieces: mpsc::Sender<Bytes>,
) {
    let mut signs = interval(SIGN_EVERY);
    signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut left_out = 0_u64;
    loop {
        let piece = tokio::select! {
            () = pieces.closed() => return,
            _ = signs.tick() => Some(Bytes::from_static(b": watching\n\n")),
            next = exchanges.recv() => match next {
                Ok(row) => filter.fits(&row).then(|| exchange(&see(&row))),
                Err(RecvError::Lagged(count)) => {
                    left_out += count;
                    None
                }
                Err(RecvError::Closed) => return,
            },
        };
        if left_out > 0 {
            let told = format!("event: left_out\ndata: {}\n\n", json!({ "count": left_out }));
            if pieces.try_send(told.into()).is_ok() {
                left_out = 0;
            }
        }
        if let Some(piece) = piece
            && pieces.try_send(piece).is_err()
        {
            left_out += 1;
        }
    }
}

/// One exchange as an event.
fn exchange(seen: &impl Serialize) -> Bytes {
    let body = serde_json::to_string(seen);
    let body = body.expect("our bodies are always JSON");
    format!("event: request\ndata: {body}\n\n").into()
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;

    fn row(status: i64) -> Arc<RequestRow> {
        Arc::new(RequestRow { status, facts: "{}".to_owned(), ..RequestRow::default() })
    }

    async fn next(stream: &mut mpsc::Receiver<Bytes>) -> String {
        loop {
            let piece = stream.recv().await.expect("it goes on");
            let text = String::from_utf8(piece.to_vec()).unwrap();
            if !text.starts_with(':') {
                return text;
            }
        }
    }

    #[tokio::test]
    async fn what_fits_is_shown_and_what_was_too_much_is_told() {
        let sender = broadcast::Sender::new(4);
        let (pieces, mut stream) = mpsc::channel(PIECES_MAX);
        let filter = RequestFilter { status_min: Some(500), ..RequestFilter::default() };
        let receiver = sender.subscribe();
        // Nobody takes them yet, and there is room for four: two are pushed out.
        for status in [200, 504, 200, 200, 200, 503] {
            let _receivers = sender.send(row(status));
        }
        let showing = task::spawn(show(
            receiver,
            (filter, |row: &RequestRow| json!({ "status": row.status })),
            pieces,
        ));
        let first = next(&mut stream).await;
        assert_eq!(first, "event: left_out\ndata: {\"count\":2}\n\n");
        let second = next(&mut stream).await;
        assert!(
            second.starts_with("event: request\ndata: {") && second.contains("\"status\":503"),
            "{second}"
        );
        drop(stream);
        showing.await.expect("it ends with who watches");
    }
}

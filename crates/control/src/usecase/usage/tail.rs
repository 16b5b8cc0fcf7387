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
use crate::caller::again;
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

/// Between two looks at who watches: whoever may not any more, or not all of it, is shown no more.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long one watches.
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
    let mut watch = Watch::of(dependencies, call, filter);
    let (pieces, stream) = mpsc::channel(PIECES_MAX);
    task::spawn(async move {
        // When its time is over, whoever still wants to see asks again.
        let _over = tokio::time::timeout(WATCH_MAX, show(exchanges, &mut watch, pieces)).await;
        drop(place);
    });
    Ok(Stream::new(stream))
}

/// Who watches, and what of.
trait Watching {
    /// An exchange as an event, where it fits and may be seen.
    fn see(&self, row: &RequestRow) -> Option<Bytes>;

    /// Looks up anew what may be seen; `false` where it is over.
    async fn look(&mut self) -> bool;
}

/// The watch of a call.
struct Watch {
    dependencies: Dependencies,
    call: Call,
    filter: RequestFilter,
    eyes: Eyes,
}

impl Watch {
    fn of(dependencies: &Dependencies, call: &Call, filter: RequestFilter) -> Self {
        let call = Call {
            operation: Arc::clone(&call.operation),
            caller: call.caller.clone(),
            names: call.names.clone(),
            query: call.query.clone(),
            team: call.team.clone(),
            claim: None,
        };
        let eyes = Eyes::of(dependencies, &call);
        Self { dependencies: dependencies.clone(), call, filter, eyes }
    }

    async fn look_again(&mut self) -> Result<(), ApiError> {
        let caller = again(&self.dependencies, &self.call.caller).await?;
        // Whose role in the whole gateway it was.
        let was_operator = self.call.caller.may(Permission::ReadUsage, None);
        if was_operator && !caller.may(Permission::ReadUsage, None) {
            return Err(ApiError::not_permitted(Permission::ReadUsage.about()));
        }
        self.call.caller = caller;
        self.filter = filter(&self.dependencies, &self.call).await?;
        self.eyes = Eyes::of(&self.dependencies, &self.call);
        Ok(())
    }
}

impl Watching for Watch {
    fn see(&self, row: &RequestRow) -> Option<Bytes> {
        self.filter.fits(row).then(|| exchange(&told(row.clone(), &self.eyes)))
    }

    async fn look(&mut self) -> bool {
        // A database that does not answer says nothing of who watches, and nothing is shown on trust.
        self.look_again().await.is_ok()
    }
}

/// Shows what fits, as whoever watches may see it.
async fn show(
    mut exchanges: Receiver<Arc<RequestRow>>,
    watch: &mut impl Watching,
    pieces: mpsc::Sender<Bytes>,
) {
    let mut signs = interval(SIGN_EVERY);
    signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut left_out = 0_u64;
    loop {
        let piece = tokio::select! {
            // The look before what is to be shown.
            biased;
            () = pieces.closed() => return,
            _ = looks.tick() => match watch.look().await {
                true => None,
                false => return,
            },
            _ = signs.tick() => Some(Bytes::from_static(b": watching\n\n")),
            next = exchanges.recv() => match next {
                Ok(row) => watch.see(&row),
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

    /// Somebody who may watch for so many looks.
    struct Fake {
        filter: RequestFilter,
        looks_left: u32,
    }

    impl Watching for Fake {
        fn see(&self, row: &RequestRow) -> Option<Bytes> {
            let seen = json!({ "status": row.status });
            self.filter.fits(row).then(|| exchange(&seen))
        }

        async fn look(&mut self) -> bool {
            self.looks_left = self.looks_left.saturating_sub(1);
            self.looks_left > 0
        }
    }

    #[tokio::test]
    async fn whoever_may_not_watch_any_more_is_shown_no_more() {
        let sender = broadcast::Sender::new(4);
        let (pieces, mut stream) = mpsc::channel(PIECES_MAX);
        let receiver = sender.subscribe();
        let showing = task::spawn(async move {
            let mut watch = Fake { filter: RequestFilter::default(), looks_left: 2 };
            show(receiver, &mut watch, pieces).await;
        });
        let _receivers = sender.send(row(200));
        assert!(next(&mut stream).await.contains("\"status\":200"));
        showing.await.expect("it ends by itself");
        assert!(sender.send(row(200)).is_err(), "nobody listens");
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
        let showing = task::spawn(async move {
            show(receiver, &mut Fake { filter, looks_left: u32::MAX }, pieces).await;
        });
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

//! Keeps what was used: a thread that takes the events of all workers, adds them up, and has the
//! sums written once a second. Workers never wait for it, and it never waits for the database: what
//! cannot be written is tried again, with all that has come since.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;
use architrave_config::Usage;
use architrave_core::metric::Metric;
use architrave_core::{Clock, Moment, task};
use architrave_proxy::Gateway;
use architrave_store::{
    RequestRow, StoreError, UsageBatch, UsageCell, UsageKeep, UsageKey, UsageStore,
};
use architrave_telemetry::Metrics;
use architrave_telemetry::usage::{Batch, RequestLine, RollUp, RollUpLimits, UsageEvent};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;

/// Between two looks at what workers have handed over.
const PAUSE: Duration = Duration::from_millis(50);

/// Between two writes; a little less than a second, so that nothing written is older than one.
const WRITE_EVERY: Duration = Duration::from_millis(900);

/// Between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How often it is said that nothing can be written.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// How long the last write may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// Lines of the request log that wait to be written.
const LINES_MAX: usize = 5_000;

/// Bodies that wait to be written; beyond that exchanges are kept without theirs.
const BODIES_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Exchanges that wait for the slowest of those who watch.
const TAIL_EXCHANGES: usize = 1_024;

const DAY: i64 = 86_400;

/// The thread, for as long as the process uses anything.
#[derive(Debug)]
pub(crate) struct UsageKeeper {
    is_closing: Arc<AtomicBool>,
    thread: Thread,
    tail: broadcast::Sender<Arc<RequestRow>>,
    ended: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
}

/// What is shown of it.
#[derive(Debug, Default)]
struct Figures {
    events: AtomicU64,
    others: AtomicU64,
    no_room: AtomicU64,
    lines_kept: AtomicU64,
    lines_dropped: AtomicU64,
    written: AtomicU64,
    failed: AtomicU64,
    is_down: AtomicBool,
}

/// What the thread has.
struct Keeping {
    gateway: Arc<Gateway>,
    store: UsageStore,
    control: Handle,
    figures: Arc<Figures>,
    is_closing: Arc<AtomicBool>,
    roll_up: RollUp,
    /// The number of this process, once the database has given it.
    writer: Option<i64>,
    lines: Vec<RequestRow>,
    bodies_bytes: usize,
    lines_made: u32,
    flight: Flight,
    written_at: Moment,
    sweep: Option<JoinHandle<()>>,
    swept_at: Option<Moment>,
    said_at: Option<Moment>,
    tail: broadcast::Sender<Arc<RequestRow>>,
}

/// What is asked of the database at the moment.
enum Flight {
    None,
    Begin(JoinHandle<Result<i64, StoreError>>),
    Write(Box<Batch>, JoinHandle<(UsageBatch, Result<(), StoreError>)>),
}

impl UsageKeeper {
    /// Starts to keep what the workers of a gateway use; to be called on the control runtime.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(crate) fn start(gateway: &Arc<Gateway>, store: UsageStore) -> anyhow::Result<Self> {
        let is_closing = Arc::new(AtomicBool::new(false));
        let tail = broadcast::Sender::new(TAIL_EXCHANGES);
        let figures = Arc::new(Figures::default());
        figures.expose(&gateway.metrics);
        let keeping = Keeping {
            gateway: Arc::clone(gateway),
            store,
            control: Handle::current(),
            figures,
            is_closing: Arc::clone(&is_closing),
            roll_up: RollUp::new(RollUpLimits::default()),
            writer: None,
            lines: Vec::new(),
            bodies_bytes: 0,
            lines_made: 0,
            flight: Flight::None,
            written_at: gateway.clock.now(),
            sweep: None,
            swept_at: None,
            said_at: None,
            tail: tail.clone(),
        };
        // Before the first exchange: it may be one of the share that is kept.
        keeping.follow_config();
        let (told, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("usage".to_owned()).spawn(move || {
            keeping.run();
            // Who waits for it may have had enough.
            let _nobody_waits = told.send(());
        });
        let thread = thread.context("a thread for usage")?.thread().clone();
        if let Some(queue) = &gateway.usage {
            queue.taken_by(thread.clone());
            queue.expose(&gateway.metrics);
        }
        Ok(Self { is_closing, thread, tail, ended: tokio::sync::Mutex::new(Some(ended)) })
    }

    /// Exchanges as they end, while anybody listens.
    #[must_use]
    pub(crate) const fn tail(&self) -> &broadcast::Sender<Arc<RequestRow>> {
        &self.tail
    }

    /// Writes what is left. To be called after the last exchange.
    pub(crate) async fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        self.thread.unpark();
        let Some(ended) = self.ended.lock().await.take() else { return };
        if tokio::time::timeout(CLOSE_TIMEOUT, ended).await.is_err() {
            tracing::warn!("what was used in the last moments could not be written");
        }
    }
}

impl Keeping {
    fn run(mut self) {
        loop {
            std::thread::park_timeout(PAUSE);
            let is_closing = self.is_closing.load(Ordering::Acquire);
            self.follow_config();
            self.drain();
            self.land(is_closing);
            let now = self.gateway.clock.now();
            if is_closing || now.since(self.written_at) >= WRITE_EVERY {
                self.written_at = now;
                self.write();
            }
            self.sweep(now);
            self.show();
            if is_closing {
                // Twice: what was on its way, and what has come meanwhile.
                self.land(true);
                self.write();
                self.land(true);
                return;
            }
        }
    }

    /// Goes by what the configuration in force says.
    fn follow_config(&self) {
        let Some(queue) = &self.gateway.usage else { return };
        let snapshot = &self.gateway.assembly.load().snapshot;
        queue.keep_share(snapshot.usage.sample_percent);
        queue.keep_addresses(snapshot.usage.has_client_address);
        queue.watch(self.tail.receiver_count() > 0);
    }

    fn drain(&mut self) {
        let gateway = Arc::clone(&self.gateway);
        if let Some(queue) = &gateway.usage {
            queue.drain(|event| self.take(event));
        }
    }

    fn take(&mut self, mut event: UsageEvent) {
        if let Some(line) = event.line.take() {
            self.take_line(&event, *line);
        }
        self.roll_up.add(&mut event);
    }

    fn take_line(&mut self, event: &UsageEvent, mut line: RequestLine) {
        let is_kept = line.is_kept;
        let bodies = line.bodies.take();
        let mut row = request_row(event, line);
        if is_kept && self.lines.len() < LINES_MAX {
            self.lines_made = self.lines_made.wrapping_add(1);
            // Until it is known which process this is, there is only the lower half.
            row.id = i64::from(self.lines_made) | self.writer.unwrap_or_default() << 32;
        }
        if self.tail.receiver_count() > 0 {
            // Who stopped listening in this moment misses nothing.
            let _receivers = self.tail.send(Arc::new(row.clone()));
        }
        if !is_kept {
            return;
        }
        if self.lines.len() >= LINES_MAX {
            self.figures.lines_dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.figures.lines_kept.fetch_add(1, Ordering::Relaxed);
        if let Some(bodies) = bodies.filter(|_| self.bodies_bytes < BODIES_BYTES_MAX) {
            let text = bodies.to_json([event.request_bytes, event.response_bytes]);
            self.bodies_bytes += text.len();
            row.bodies = text;
        }
        self.lines.push(row);
    }

    /// Looks how that fared which was asked of the database; waits for it where it `must` end.
    fn land(&mut self, must: bool) {
        let is_there = match &self.flight {
            Flight::None => return,
            Flight::Begin(asked) => asked.is_finished(),
            Flight::Write(_, asked) => asked.is_finished(),
        };
        if !is_there && !must {
            return;
        }
        let failed = match std::mem::replace(&mut self.flight, Flight::None) {
            Flight::None => None,
            Flight::Begin(asked) => match self.control.block_on(asked) {
                Ok(Ok(writer)) => {
                    self.writer = Some(writer);
                    self.roll_up.begin(writer);
                    // It is time to write at once, since it was time before.
                    self.written_at = Moment::ZERO;
                    None
                }
                Ok(Err(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
            },
            Flight::Write(batch, asked) => match self.control.block_on(asked) {
                Ok((_, Ok(()))) => {
                    let now = seconds(&self.gateway.clock);
                    self.roll_up.written(&batch, now);
                    self.figures.written.fetch_add(1, Ordering::Relaxed);
                    None
                }
                Ok((unwritten, Err(error))) => {
                    self.roll_up.failed();
                    let lines = unwritten.requests.into_iter();
                    self.lines.splice(0..0, lines);
                    let surplus = self.lines.len().saturating_sub(LINES_MAX);
                    self.lines.truncate(LINES_MAX);
                    self.bodies_bytes = self.lines.iter().map(|row| row.bodies.len()).sum();
                    self.figures.lines_dropped.fetch_add(surplus as u64, Ordering::Relaxed);
                    Some(error.to_string())
                }
                Err(error) => {
                    self.roll_up.failed();
                    Some(error.to_string())
                }
            },
        };
        self.figures.is_down.store(failed.is_some(), Ordering::Relaxed);
        if let Some(error) = failed {
            self.figures.failed.fetch_add(1, Ordering::Relaxed);
            self.say(&error);
        }
    }

    fn say(&mut self, error: &str) {
        let now = self.gateway.clock.now();
        if self.said_at.is_none_or(|at| now.since(at) >= SAID_EVERY) {
            self.said_at = Some(now);
            tracing::error!(error, "what is used cannot be written; it is tried again");
        }
    }

    /// Has written what has changed, unless something is on its way already.
    fn write(&mut self) {
        if !matches!(self.flight, Flight::None) {
            return;
        }
        let store = self.store.clone();
        let Some(writer) = self.writer else {
            self.flight = Flight::Begin(self.spawn(async move { store.begin_writer().await }));
            return;
        };
        let batch = self.roll_up.batch();
        if batch.is_none() && self.lines.is_empty() {
            return;
        }
        let mut batch = batch.unwrap_or_else(|| self.roll_up.nothing());
        let lost = self.roll_up.dropped();
        let lost = lost + self.gateway.usage.as_ref().map_or(0, |queue| queue.dropped());
        self.bodies_bytes = 0;
        let rows = rows(&mut batch, writer, std::mem::take(&mut self.lines), lost);
        let asked = self.spawn(async move {
            let written = store.write(&rows).await;
            (rows, written)
        });
        self.flight = Flight::Write(Box::new(batch), asked);
    }

    fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let _on_control = self.control.enter();
        task::spawn(work)
    }

    /// Has removed what is old, now and then.
    fn sweep(&mut self, now: Moment) {
        if self.writer.is_none() || self.swept_at.is_some_and(|at| now.since(at) < SWEEP_EVERY) {
            return;
        }
        if self.sweep.as_ref().is_some_and(|sweep| !sweep.is_finished()) {
            return;
        }
        self.swept_at = Some(now);
        let keep = keep(&self.gateway.assembly.load().snapshot.usage);
        let (store, now) = (self.store.clone(), seconds(&self.gateway.clock));
        self.sweep = Some(self.spawn(async move {
            match store.sweep(&keep, now).await {
                Ok(swept) if swept.is_cut => {
                    let (bytes, rows) = (swept.bytes, swept.rows);
                    tracing::warn!(bytes, rows, "usage takes too much room: the oldest is removed");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "old usage cannot be removed"),
            }
        }));
    }

    fn show(&self) {
        let figures = &self.figures;
        figures.events.store(self.roll_up.events(), Ordering::Relaxed);
        figures.others.store(self.roll_up.others(), Ordering::Relaxed);
        figures.no_room.store(self.roll_up.dropped(), Ordering::Relaxed);
    }
}

impl Figures {
    fn expose(self: &Arc<Self>, metrics: &Metrics) {
        let figures = Arc::clone(self);
        metrics.add_source(Box::new(move |sink| {
            let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
            sink.count(Metric::UsageEvents, &[], get(&figures.events));
            sink.count(Metric::UsageDropped, &["no_room"], get(&figures.no_room));
            sink.count(Metric::UsageOthers, &[], get(&figures.others));
            sink.count(Metric::UsageWrites, &["ok"], get(&figures.written));
            sink.count(Metric::UsageWrites, &["failed"], get(&figures.failed));
            let is_down = figures.is_down.load(Ordering::Relaxed);
            sink.gauge(Metric::UsageUp, &[], if is_down { 0.0 } else { 1.0 });
            sink.count(Metric::UsageRequests, &["kept"], get(&figures.lines_kept));
            sink.count(Metric::UsageRequests, &["dropped"], get(&figures.lines_dropped));
        }));
    }
}

/// What is written of a batch; its cells go along.
fn rows(batch: &mut Batch, writer: i64, mut requests: Vec<RequestRow>, lost: u64) -> UsageBatch {
    for row in requests.iter_mut().filter(|row| row.id >> 32 == 0) {
        row.id |= writer << 32;
    }
    let keys = batch.keys.iter().map(|key| UsageKey {
        id: key.id,
        seen_at: key.seen_at,
        texts: Arc::clone(&key.texts),
    });
    let cells = std::mem::take(&mut batch.cells).into_iter().map(|cell| UsageCell {
        step: cell.step,
        at: cell.at,
        key: cell.key,
        part: cell.part,
        sums: cell.sums,
        sketches: cell.sketches,
    });
    UsageBatch {
        writer,
        keys: keys.collect(),
        cells: cells.collect(),
        requests,
        events: number(batch.events),
        dropped: number(lost),
    }
}

/// What is told of an exchange; without a number yet.
fn request_row(event: &UsageEvent, line: RequestLine) -> RequestRow {
    let place = event.place.as_deref();
    let caller = event.caller.as_deref();
    // PostgreSQL keeps no NUL; nothing that we send on has one, but a client may have sent it.
    let text = |text: String| if text.contains('\0') { text.replace('\0', "") } else { text };
    let path = line.redaction.mask_path(&line.path).unwrap_or(line.path);
    let facts = line.redaction.facts(line.facts);
    RequestRow {
        id: 0,
        at: event.at,
        request_id: text(line.request_id),
        trace_id: line.trace_id,
        service: place.map_or("", |place| &place.service).to_owned(),
        route: place.map_or("", |place| &place.route).to_owned(),
        consumer: caller.map_or("", |caller| &caller.consumer).to_owned(),
        team: caller.map_or("", |caller| &caller.team).to_owned(),
        model: event.model.as_ref().map(|used| used.model.clone()).unwrap_or_default(),
        method: text(line.method),
        path: text(path),
        status: i64::from(event.status),
        reason: event.reason.map_or("", architrave_core::Reason::as_str).to_owned(),
        latency_us: number(event.latency_us),
        facts: text(facts),
        bodies: String::new(),
    }
}

fn keep(usage: &Usage) -> UsageKeep {
    let days = &usage.keep_days;
    UsageKeep {
        steps: [days.minutes, days.hours, days.days].map(|days| i64::from(days) * DAY),
        requests: i64::from(days.requests) * DAY,
        requests_max: number(usage.requests_max),
        bytes_max: number(usage.bytes_max),
    }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn seconds(clock: &Clock) -> i64 {
    let since = clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    number(since.as_secs())
}

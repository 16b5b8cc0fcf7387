//! A load client for correctness: keep-alive connections that ask again and again and check every
//! answer.
//!
//! It knows a failed request from a connection that ends by the rules: a close that was announced,
//! or one that was seen before the next request was sent, is no failure.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::client::Client;
use crate::message::Response;
use crate::wait::{SOON, Stopwatch, eventually};
use crate::wire::WireError;

type Check = dyn Fn(&Response) -> Result<(), String> + Send + Sync;
type Ask = dyn Fn(u64) -> Vec<u8> + Send + Sync;

/// Failures that are described one by one.
const DESCRIBED: usize = 10;

/// What the load is.
#[derive(Clone)]
pub struct LoadPlan {
    address: SocketAddr,
    connections: usize,
    pause: Duration,
    per_connection: u64,
    ask: Arc<Ask>,
    check: Arc<Check>,
}

/// A running load.
pub struct Load {
    stop: Arc<AtomicBool>,
    tally: Arc<Mutex<LoadReport>>,
    threads: Vec<JoinHandle<()>>,
    watch: Stopwatch,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct LoadReport {
    /// Requests answered as they should be.
    pub ok: u64,
    /// Requests that were not.
    pub failed: u64,
    /// The first failures in words.
    pub failures: Vec<String>,
    /// Connections that ended by the rules and were made again.
    pub reconnects: u64,
    /// Good answers by body: which origin gave how many.
    pub by_body: BTreeMap<String, u64>,
    /// How long good answers took, in the order they came.
    pub latencies: Vec<Duration>,
    /// How long the load ran.
    pub elapsed: Duration,
}

impl LoadPlan {
    /// Eight connections that ask for `/` as fast as they are answered and want 200.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            connections: 8,
            pause: Duration::ZERO,
            per_connection: u64::MAX,
            ask: Arc::new(|_| b"GET / HTTP/1.1\r\nHost: load.example\r\n\r\n".to_vec()),
            check: Arc::new(|response| match response.status {
                200 => Ok(()),
                status => Err(format!("status {status}: {}", response.text())),
            }),
        }
    }

    /// So many connections.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// A pause before each request of a connection.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// A new connection after so many requests.
    #[must_use]
    pub fn per_connection(mut self, requests: u64) -> Self {
        self.per_connection = requests;
        self
    }

    /// The bytes of the `n`th request of a connection.
    #[must_use]
    pub fn ask(mut self, ask: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.ask = Arc::new(ask);
        self
    }

    /// What is wrong with an answer.
    #[must_use]
    pub fn check(
        mut self,
        check: impl Fn(&Response) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.check = Arc::new(check);
        self
    }

    /// Starts it.
    #[must_use]
    pub fn start(self) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let tally: Arc<Mutex<LoadReport>> = Arc::default();
        let threads = (0..self.connections).map(|_| {
            let (plan, stop, tally) = (self.clone(), Arc::clone(&stop), Arc::clone(&tally));
            let run = move || plan.run(&stop, &tally);
            let started = thread::Builder::new().stack_size(256 << 10).spawn(run);
            started.expect("the machine has room for a thread")
        });
        let threads = threads.collect();
        Load { stop, tally, threads, watch: Stopwatch::start() }
    }

    /// Runs it for a time.
    #[must_use]
    pub fn run_for(self, span: Duration) -> LoadReport {
        let load = self.start();
        thread::sleep(span);
        load.stop()
    }

    fn run(&self, stop: &AtomicBool, tally: &Mutex<LoadReport>) {
        let mut client: Option<Client> = None;
        let mut asked = 0;
        let mut on_connection = 0;
        while !stop.load(Ordering::Acquire) {
            if !self.pause.is_zero() {
                thread::sleep(self.pause);
            }
            let ended = client.as_ref().is_some_and(has_ended);
            if ended || on_connection >= self.per_connection {
                client = None;
                note(tally, |report| report.reconnects += 1);
            }
            if client.is_none() {
                on_connection = 0;
            }
            let watch = Stopwatch::start();
            let outcome = self.exchange(&mut client, asked);
            asked += 1;
            on_connection += 1;
            let took = watch.elapsed();
            note(tally, |report| match outcome {
                Ok(response) => report.count(&response, took),
                Err(failure) => report.fail(failure),
            });
        }
    }

    /// One request; the connection is taken away when it cannot be used again.
    fn exchange(&self, client: &mut Option<Client>, asked: u64) -> Result<Response, String> {
        let place = if client.is_none() { "first of its connection: " } else { "" };
        let mut open = match client.take() {
            Some(open) => open,
            None => {
                Client::try_connect(self.address).map_err(|error| format!("connect: {error}"))?
            }
        };
        let response = open.try_ask((self.ask)(asked)).map_err(|error| match error {
            WireError::Truncated(bytes) => {
                format!("{place}closed within a response, after {} bytes", bytes.len())
            }
            other => format!("{place}{other:?}"),
        })?;
        if !response.head.says_close() {
            *client = Some(open);
        }
        (self.check)(&response)?;
        Ok(response)
    }
}

impl Load {
    /// What came of it so far.
    #[must_use]
    pub fn so_far(&self) -> LoadReport {
        let mut report = self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
        report.elapsed = self.watch.elapsed();
        report
    }

    /// Waits until so many more requests were answered, well or badly.
    ///
    /// # Panics
    /// When that takes too long.
    #[track_caller]
    pub fn wait_for(&self, more: u64) {
        let count = || {
            let report = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            report.ok + report.failed
        };
        let goal = count() + more;
        eventually("the load is answered", SOON * 2, || (count() >= goal).then_some(()));
    }

    /// Ends it: requests under way are still answered.
    ///
    /// # Panics
    /// When a thread of it panicked.
    #[must_use]
    pub fn stop(mut self) -> LoadReport {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            thread.join().expect("a load thread does not panic");
        }
        self.so_far()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

impl LoadReport {
    fn count(&mut self, response: &Response, took: Duration) {
        self.ok += 1;
        self.latencies.push(took);
        if response.body.len() <= 64 {
            *self.by_body.entry(response.text()).or_default() += 1;
        }
    }

    fn fail(&mut self, failure: String) {
        self.failed += 1;
        if self.failures.len() < DESCRIBED {
            self.failures.push(failure);
        }
    }

    /// Wants at least one answer and no failure.
    ///
    /// # Panics
    /// When that is not so.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.ok > 0, "the load did nothing: {self:?}");
        assert_eq!(self.failed, 0, "of {} requests: {:?}", self.ok + self.failed, self.failures);
    }

    /// The share of good answers that had this body, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts in tests are small")]
    pub fn share(&self, body: &str) -> f64 {
        *self.by_body.get(body).unwrap_or(&0) as f64 / self.ok.max(1) as f64
    }

    /// Good answers a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts in tests are small")]
    pub fn per_second(&self) -> f64 {
        self.ok as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of good answers stayed under, 0 to 1.
    ///
    /// # Panics
    /// When there were none.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts in tests are small and shares lie between 0 and 1"
    )]
    pub fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let place = (sorted.len() as f64 * share) as usize;
        sorted[place.min(sorted.len() - 1)]
    }
}

fn note(tally: &Mutex<LoadReport>, write: impl FnOnce(&mut LoadReport)) {
    write(&mut tally.lock().unwrap_or_else(PoisonError::into_inner));
}

/// Whether the other side has closed an idle connection.
fn has_ended(client: &Client) -> bool {
    let socket = client.socket();
    let _ = socket.set_nonblocking(true);
    let ended = match socket.peek(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    };
    let _ = socket.set_nonblocking(false);
    ended
}

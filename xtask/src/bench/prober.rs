//! A client that asks one question at a time over one connection and notes how long answers take.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use architrave_core::Clock;

/// One connection.
pub(crate) struct Prober {
    stream: TcpStream,
}

impl Prober {
    /// Connects to a port of 127.0.0.1.
    pub(crate) fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).context("connecting a prober")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self { stream })
    }

    /// Asks for `/` of a host and returns the whole answer; it must say its length.
    pub(crate) fn ask(&mut self, host: &str) -> Result<String> {
        write!(self.stream, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = self.stream.read(&mut buffer).context("reading an answer")?;
            ensure!(read > 0, "the gateway closed a kept connection");
            answer.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&answer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length:").nth(1).context("no content-length")?;
            let length: usize = length.lines().next().unwrap_or("").trim().parse()?;
            if body.len() >= length {
                return Ok(text.into_owned());
            }
        }
    }
}

/// A prober that asks again and again in a thread of its own.
pub(crate) struct Light {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Duration>>,
}

impl Light {
    /// Begins to ask a port of 127.0.0.1, with a rest of a fifth of a millisecond.
    pub(crate) fn start(port: u16) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut prober = Prober::connect(port)?;
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let clock = Clock::system();
            let mut slowest = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) {
                let start = clock.now();
                let answer = prober.ask("s1.example")?;
                slowest = slowest.max(clock.now().since(start));
                ensure!(answer.starts_with("HTTP/1.1 "), "not an answer:\n{answer}");
                std::thread::sleep(Duration::from_micros(200));
            }
            Ok(slowest)
        });
        Ok(Self { stop, thread })
    }

    /// Stops and returns the longest time that an answer took.
    pub(crate) fn slowest(self) -> Result<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a prober does not panic")
    }
}

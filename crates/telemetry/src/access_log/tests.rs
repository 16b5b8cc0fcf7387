//! The path of a line from worker to target: whole, in order, bounded, never in the way.

use std::io::{BufRead, BufReader, Read, pipe};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn write(log: &mut WorkerLog, listener: &str) {
    let client: SocketAddr = "192.0.2.1:5000".parse().unwrap();
    log.write(&AccessEntry::new(UNIX_EPOCH, client, listener, "tcp"));
}

fn listeners(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
            line["listener"].as_str().expect("a listener").to_owned()
        })
        .collect()
}

fn file(path: &Path) -> AccessLogTarget {
    AccessLogTarget::File(path.to_owned())
}

fn piped() -> (impl Read + Send + 'static, Arc<AccessLog>) {
    let (reader, writer) = pipe().unwrap();
    (reader, AccessLog::start(Some(File::from(OwnedFd::from(writer))), LineForm::Json).unwrap())
}

#[test]
fn lines_of_all_workers_reach_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access.log");
    let log = AccessLog::open(&file(&path), LineForm::Json).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let mut log = log.worker(worker);
            scope.spawn(move || (0..1_000).for_each(|_| write(&mut log, "web")));
        }
    });
    assert!(log.close(PATIENCE));
    assert_eq!(listeners(&std::fs::read_to_string(&path).unwrap()), vec!["web"; 4_000]);
    assert_eq!((log.lines_written(), log.lines_dropped()), (4_000, 0));
}

#[test]
fn a_tick_sends_a_lone_line_on_its_way() {
    let (reader, log) = piped();
    let mut worker = log.worker(0);
    write(&mut worker, "lone");
    worker.tick();
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).unwrap();
    assert_eq!(listeners(&line), ["lone"]);
}

#[test]
fn a_stalled_reader_costs_lines_and_not_time_and_every_line_is_accounted_for() {
    let (mut reader, log) = piped();
    let mut worker = log.worker(0);
    let mut sent: u64 = 0;
    while log.lines_dropped() < 1_000 {
        write(&mut worker, "web");
        sent += 1;
        let most = (QUEUE_BLOCKS as u64 + 8) * BLOCK_BYTES as u64 / 100;
        assert!(sent < most, "nothing is dropped after {sent} lines");
    }
    assert!(!log.close(Duration::from_millis(1)), "the writer cannot have ended");

    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    drop(worker);
    assert!(log.close(PATIENCE));
    let read = listeners(&reading.join().unwrap()).len() as u64;
    assert_eq!(read, log.lines_written());
    assert!(read + log.lines_dropped() <= sent);
    // What the worker still held when it went may have found the writer gone.
    let held = sent - read - log.lines_dropped();
    assert!(held <= BLOCK_BYTES as u64 / 100 + 1, "{held} lines are lost without a trace");
}

#[test]
fn a_moved_file_is_left_for_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access.log");
    let moved = directory.path().join("access.log.1");
    let log = AccessLog::open(&file(&path), LineForm::Json).unwrap();
    let mut worker = log.worker(0);
    write(&mut worker, "first");
    worker.tick();
    while log.lines_written() == 0 {
        std::thread::yield_now();
    }
    std::fs::rename(&path, &moved).unwrap();
    log.reopen(&file(&path), LineForm::Json).unwrap();
    write(&mut worker, "second");
    drop(worker);
    assert!(log.close(PATIENCE));
    assert_eq!(listeners(&std::fs::read_to_string(&moved).unwrap()), ["first"]);
    assert_eq!(listeners(&std::fs::read_to_string(&path).unwrap()), ["second"]);
}

#[test]
fn a_target_that_cannot_be_opened_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("access.log");
    let log = AccessLog::open(&file(&path), LineForm::Json).unwrap();
    let missing = file(&directory.path().join("missing/access.log"));
    assert!(log.reopen(&missing, LineForm::Json).is_err());
    let mut worker = log.worker(0);
    write(&mut worker, "web");
    drop(worker);
    assert!(log.close(PATIENCE));
    assert_eq!(listeners(&std::fs::read_to_string(&path).unwrap()), ["web"]);
}

#[test]
fn with_no_target_nothing_is_kept() {
    let log = AccessLog::open(&AccessLogTarget::None, LineForm::Json).unwrap();
    let mut worker = log.worker(0);
    assert!(!worker.is_enabled());
    write(&mut worker, "web");
    assert_eq!(worker.block.bytes.capacity(), 0);
    worker.tick();
    drop(worker);
    assert!(log.close(PATIENCE));
    assert_eq!((log.lines_written(), log.lines_dropped()), (0, 0));
}

#[test]
fn a_target_that_fails_drops_and_counts() {
    let (reader, log) = piped();
    drop(reader);
    let mut worker = log.worker(0);
    write(&mut worker, "web");
    drop(worker);
    assert!(log.close(PATIENCE));
    assert_eq!((log.lines_written(), log.lines_dropped()), (0, 1));
}

#[test]
fn a_target_that_does_not_block_gets_whole_lines_too() {
    let (reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let log = AccessLog::start(Some(File::from(OwnedFd::from(writer))), LineForm::Json).unwrap();
    let mut worker = log.worker(0);
    // More than a socket takes at once.
    (0..4_000).for_each(|_| write(&mut worker, "web"));
    drop(worker);
    let reading = std::thread::spawn(move || std::io::read_to_string(reader).unwrap());
    assert!(log.close(PATIENCE));
    assert_eq!(listeners(&reading.join().unwrap()).len(), 4_000);
}

#[test]
fn counts_of_lines_are_in_every_scrape() {
    let log = AccessLog::open(&AccessLogTarget::None, LineForm::Json).unwrap();
    let metrics = Metrics::new(1);
    log.expose(&metrics);
    let mut text = String::new();
    metrics.encode(&mut text);
    assert!(text.contains("architrave_access_log_lines_total{outcome=\"dropped\"} 0\n"), "{text}");
}

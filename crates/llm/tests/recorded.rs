//! Recorded exchanges with real providers, where they are there: the folder from
//! `ARCHITRAVE_TEST_DATA`, by default `../shared/data` beside the repository.
//!
//! It is no part of `cargo test`; `cargo test -p architrave-llm --test recorded` runs it, and fails
//! where the folder is missing. Replies keep their facts in every other dialect: text, tools with
//! their arguments, why they ended, tokens, whether there was reasoning. What is lost is counted,
//! and the counts are committed (`fixtures/llm/losses.txt`): they may fall, and whoever has one rise
//! says there why (`recorded/losses.rs`).

#![expect(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "recorded/cassette.rs"]
mod cassette;
#[path = "recorded/facts.rs"]
mod facts;
#[path = "recorded/losses.rs"]
mod losses;
#[path = "recorded/vectors.rs"]
mod vectors;

use architrave_llm::dialect::{Address, Context, Dialect, EventReader, Quirks};
use architrave_llm::estimate::prompt_tokens;
use architrave_llm::frame::FrameReader;
use architrave_llm::pass::{PassedStream, used_of_reply};
use architrave_llm::scan::Scanned;
use architrave_llm::translate::{Assembly, StreamTranslation, reply};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use cassette::Exchange;
use facts::Facts;
use losses::{Counts, hold};

fn context() -> Context {
    Context { id: "x".into(), model: "m".into(), created_s: 1, stream_usage: true }
}

#[test]
fn recorded_exchanges_keep_their_facts() {
    let mut counts = Counts::new();
    let mut seen = 0;
    let mut vectors = 0;
    for exchange in cassette::all() {
        vectors += usize::from(vectors::check(&exchange, &context()));
        let Some((from, address)) = dialect_of(&exchange.path) else { continue };
        seen += 1;
        check_request(from, &address, &exchange, &mut counts);
        match exchange.status {
            200 if exchange.is_stream => check_stream(from, &exchange, &mut counts),
            200 => check_reply(from, &exchange, &mut counts),
            status => {
                let error = from.read_error(status, &exchange.reply);
                assert!(!error.message.is_empty(), "{}", exchange.name);
            }
        }
    }
    assert!(seen > 0 && vectors > 0, "no exchange of any dialect, or of vectors, was found");
    hold(&counts);
}

fn dialect_of(path: &str) -> Option<(Dialect, Address<'_>)> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Dialect::ALL.iter().find_map(|dialect| Some((*dialect, dialect.address(path, query)?)))
}

fn check_request(from: Dialect, address: &Address<'_>, exchange: &Exchange, counts: &mut Counts) {
    let name = &exchange.name;
    let scanned = Scanned::whole(exchange.request.as_bytes(), from.watch())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(prompt_tokens(&scanned.sizes) > 0);
    let read = from.read_request(&exchange.request, address);
    let Ok((request, losses)) = read else {
        // What the provider refused, too, need not be read.
        assert!(exchange.status >= 400, "{name}: {}", read.unwrap_err());
        return;
    };
    *counts.entry(format!("{} request unknown", from.name())).or_default() += losses.count();
    for &to in Dialect::ALL {
        let mut out = Vec::new();
        let pair = format!("{} {} request", from.name(), to.name());
        match to.write_request(&request, &Quirks::default(), &mut out) {
            Ok(losses) => *counts.entry(pair + " dropped").or_default() += losses.count(),
            Err(_) => *counts.entry(pair + " refused").or_default() += 1,
        }
    }
}

fn check_reply(from: Dialect, exchange: &Exchange, counts: &mut Counts) {
    let name = &exchange.name;
    let text = std::str::from_utf8(&exchange.reply).unwrap();
    let (whole, losses) =
        from.read_reply(text, &context()).unwrap_or_else(|error| panic!("{name}: {error}"));
    *counts.entry(format!("{} reply unknown", from.name())).or_default() += losses.count();
    assert_eq!(used_of_reply(from, &exchange.reply).tokens, whole.usage, "{name}");
    for &to in Dialect::ALL {
        let there = reply(from, to, &exchange.reply, &context()).unwrap();
        let body = String::from_utf8(there.body).unwrap();
        let (again, _) = to.read_reply(&body, &context()).unwrap();
        Facts::of(&whole).agree(&Facts::of(&again), to, &format!("{name} in {}", to.name()));
        let pair = format!("{} {} reply", from.name(), to.name());
        *counts.entry(pair).or_default() += there.losses.reply_dropped.iter().count();
    }
}

fn assemble(dialect: Dialect, bytes: &[u8], name: &str) -> Facts {
    let mut assembly = Assembly::default();
    let mut reader = EventReader::new(dialect, &context());
    let mut frames = FrameReader::new(dialect.framing());
    let mut each = |frame: Result<architrave_llm::frame::Frame<'_>, _>| {
        let read = reader.read(&frame.unwrap(), &mut |event| assembly.take(&event));
        read.unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    frames.push(bytes, &mut each);
    frames.end(&mut each);
    reader.end(&mut |event| assembly.take(&event));
    Facts::of(&assembly.finish().unwrap_or_else(|error| panic!("{name}: {error:?}")))
}

fn check_stream(from: Dialect, exchange: &Exchange, counts: &mut Counts) {
    let name = &exchange.name;
    if String::from_utf8_lossy(&exchange.reply).contains("\"error\":{") {
        return;
    }
    let whole = assemble(from, &exchange.reply, name);
    check_cuts(from, &exchange.reply, name);
    for &to in Dialect::ALL {
        let (mut cut, mut out) = (Vec::new(), Vec::new());
        let framings = ((from, from.framing()), (to, to.framing()));
        let mut at_once = StreamTranslation::new(framings.0, framings.1, &context());
        at_once.push(&exchange.reply, &mut out);
        at_once.end(&mut out);
        let mut by_bytes = StreamTranslation::new(framings.0, framings.1, &context());
        exchange.reply.chunks(7).for_each(|piece| by_bytes.push(piece, &mut cut));
        by_bytes.end(&mut cut);
        assert!(out == cut, "{name} in {}: another cut, other bytes", to.name());
        whole.agree(&assemble(to, &out, name), to, &format!("{name} in {}", to.name()));
        let pair = format!("{} {} stream bad events", from.name(), to.name());
        *counts.entry(pair).or_default() += usize::try_from(at_once.bad_events()).unwrap();
        let losses = at_once.losses();
        assert_eq!(losses, by_bytes.losses(), "{name} in {}: other losses", to.name());
        let pair = format!("{} {} stream", from.name(), to.name());
        *counts.entry(pair).or_default() += losses.reply_dropped.iter().count();
        if from == to {
            let unknown = losses.unknown.len() + losses.unknown_more;
            *counts.entry(format!("{} stream unknown", from.name())).or_default() += unknown;
        }
    }
    let mut passed = PassedStream::new(from, from.framing()).to_its_end();
    exchange.reply.chunks(50).for_each(|piece| passed.see(piece));
    passed.end();
    assert_eq!(passed.take_failure(), None, "{name} is whole");
    assert_eq!(passed.usage().map(|usage| usage.total()), whole.usage_total(), "{name}");
}

/// Holds that a stream is the same events however it is cut.
fn check_cuts(from: Dialect, bytes: &[u8], name: &str) {
    let whole = events(from, &[bytes]);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let cuts = prop::collection::vec(any::<prop::sample::Index>(), 0..40);
    let held = runner.run(&cuts, |cuts| {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        prop_assert!(events(from, &pieces) == whole);
        Ok(())
    });
    held.unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// The events of a stream, as text.
fn events(from: Dialect, pieces: &[&[u8]]) -> Vec<String> {
    let mut events = Vec::new();
    let mut reader = EventReader::new(from, &context());
    let mut frames = FrameReader::new(from.framing());
    let mut each = |frame: Result<architrave_llm::frame::Frame<'_>, _>| {
        let read = frame.map(|frame| {
            reader.read(&frame, &mut |event| events.push(format!("{event:?}"))).is_ok()
        });
        assert_eq!(read, Ok(true));
    };
    pieces.iter().for_each(|piece| frames.push(piece, &mut each));
    frames.end(&mut each);
    reader.end(&mut |event| events.push(format!("{event:?}")));
    events
}

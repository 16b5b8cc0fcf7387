//! Whole replies and errors over all pairs.

use architrave_llm::chat::{ChatReply, ErrorKind};
use architrave_llm::dialect::{Dialect, EventReader, EventWriter};
use architrave_llm::field::{FieldSet, Listed, ReplyField, Say, reply_fields};
use architrave_llm::frame::{FrameReader, FrameWriter};
use architrave_llm::translate::{Assembly, StreamTranslation, replay};

use crate::fixtures::{self, context};

/// The fields that a table says are carried.
fn carried(to: Dialect, reply: &ChatReply<'_>) -> FieldSet<ReplyField> {
    let mut carried = FieldSet::default();
    let mut reply = reply.clone();
    if to.reply_says(ReplyField::Choices) != Say::Carried {
        reply.choices.truncate(1);
    }
    for field in reply_fields(&reply).iter() {
        carried.add_if(field, to.reply_says(field) == Say::Carried);
    }
    carried
}

#[test]
fn what_a_table_carries_comes_through() {
    for &from in Dialect::ALL {
        for body in fixtures::list(from, "full_reply.json") {
            let (reply, _) = from.read_reply(&body, &context()).unwrap();
            for &to in Dialect::ALL {
                let mut out = Vec::new();
                let told = to.write_reply(&reply, &context(), &mut out).reply_dropped;
                let mut dropped = FieldSet::default();
                for field in told.iter() {
                    // What only one provider understands is its own words' to say.
                    let is_own = from == to && field == ReplyField::ProviderPart;
                    let is_lost = matches!(to.reply_says(field), Say::Dropped(_)) && !is_own;
                    dropped.add_if(field, is_lost);
                }
                let out = String::from_utf8(out).unwrap();
                let (again, losses) = to.read_reply(&out, &context()).unwrap();
                assert!(
                    losses.unknown.is_empty(),
                    "{to:?} does not know what it wrote: {losses:?}"
                );
                let lost = carried(to, &reply).without(reply_fields(&again));
                assert!(lost.is_empty(), "{from:?} to {to:?}: {lost:?} of {out}");
                let there = dropped.without(dropped.without(reply_fields(&again)));
                assert!(there.is_empty(), "{from:?} to {to:?}: {there:?} is not lost in {out}");
                let totals = |reply: &ChatReply<'_>| reply.usage.map(|usage| usage.total());
                assert_eq!(totals(&again).unwrap_or(0), totals(&reply).unwrap_or(0));
            }
        }
    }
}

#[test]
fn what_a_table_carries_comes_through_a_stream() {
    for &from in Dialect::ALL {
        for body in fixtures::list(from, "full_reply.json") {
            let (reply, _) = from.read_reply(&body, &context()).unwrap();
            for &to in Dialect::ALL {
                // Where there is no word for what failed, it is told as an error.
                if reply_fields(&reply).has(ReplyField::FinishFailed)
                    && to.reply_says(ReplyField::FinishFailed) != Say::Carried
                {
                    let error = assembled(to, &reply).0.finish().expect_err("it failed");
                    assert_eq!(error.map(|error| error.kind), Some(ErrorKind::Internal), "{to:?}");
                    continue;
                }
                let again = streamed(to, &reply);
                let lost = carried(to, &reply).without(reply_fields(&again));
                assert!(lost.is_empty(), "{from:?} to {to:?}: {lost:?} of {body}");
            }
        }
    }
}

/// What a stream of one dialect loses in another, whole events at a time.
fn lost_by_stream(from: Dialect, to: Dialect, reply: &ChatReply<'_>) -> FieldSet<ReplyField> {
    let (mut stream, mut out) = (Vec::new(), Vec::new());
    let mut writer = EventWriter::new(from, &context());
    let mut frames = FrameWriter::new(from.framing());
    replay(reply, &mut |event| writer.write(&event, &mut frames, &mut stream));
    frames.end(&mut stream);
    let spoken = |dialect: Dialect| (dialect, dialect.framing());
    let mut translation = StreamTranslation::new(spoken(from), spoken(to), &context());
    translation.push(&stream, &mut out);
    translation.end(&mut out);
    let losses = translation.losses();
    // Bedrock tells it when it is too late for anybody to pass it on.
    let unknown = losses.unknown.iter().find(|path| *path != "serviceTier");
    assert_eq!(unknown, None, "{from:?} does not know what it wrote");
    losses.reply_dropped
}

#[test]
fn what_a_stream_loses_is_told_as_of_a_whole_reply() {
    let mut compared = 0;
    for &from in Dialect::ALL {
        for body in fixtures::list(from, "full_reply.json") {
            let (reply, _) = from.read_reply(&body, &context()).unwrap();
            // What a stream of the dialect has of it; the names of models and times are made up.
            let told = streamed(from, &reply);
            for &to in Dialect::ALL.iter().filter(|to| **to != from) {
                let whole = to.write_reply(&told, &context(), &mut Vec::new()).reply_dropped;
                let stream = lost_by_stream(from, to, &reply);
                assert_eq!(stream, whole, "{from:?} to {to:?}: {body}");
                compared += usize::from(!whole.is_empty());
            }
        }
    }
    assert!(compared > 20, "{compared} lose something");
}

/// A reply told as a stream of a dialect, and read from it.
fn streamed(dialect: Dialect, reply: &ChatReply<'_>) -> ChatReply<'static> {
    let (assembly, out) = assembled(dialect, reply);
    assembly.finish().unwrap_or_else(|error| panic!("{error:?}: {}", String::from_utf8_lossy(&out)))
}

/// The same before it is known how it ended, and the stream.
fn assembled(dialect: Dialect, reply: &ChatReply<'_>) -> (Assembly, Vec<u8>) {
    let mut out = Vec::new();
    let mut writer = EventWriter::new(dialect, &context());
    let mut frames = FrameWriter::new(dialect.framing());
    replay(reply, &mut |event| writer.write(&event, &mut frames, &mut out));
    let mut assembly = Assembly::default();
    let mut reader = EventReader::new(dialect, &context());
    FrameReader::new(dialect.framing()).push(&out, &mut |frame| {
        reader.read(&frame.unwrap(), &mut |event| assembly.take(&event)).unwrap();
    });
    reader.end(&mut |event| assembly.take(&event));
    (assembly, out)
}

#[test]
fn fixtures_use_whatever_the_dialect_can_say() {
    for &dialect in Dialect::ALL {
        let mut used = FieldSet::default();
        for body in fixtures::list(dialect, "full_reply.json") {
            let (reply, _) = dialect.read_reply(&body, &context()).unwrap();
            used = used.with(reply_fields(&reply));
        }
        for &field in ReplyField::ALL {
            let is_carried = dialect.reply_says(field) == Say::Carried;
            assert!(
                !is_carried || used.has(field),
                "{dialect:?} has no fixture with `{}`",
                field.name()
            );
        }
    }
}

#[test]
fn errors_keep_their_sort_in_every_dialect() {
    let sorts = [
        ErrorKind::Authentication,
        ErrorKind::Permission,
        ErrorKind::NotFound,
        ErrorKind::RateLimited,
        ErrorKind::InvalidRequest,
    ];
    for &from in Dialect::ALL {
        for sort in sorts {
            let error = architrave_llm::chat::ChatError::new(sort, "no \"luck\"");
            let mut body = Vec::new();
            from.write_error(&error, &mut body);
            for &to in Dialect::ALL {
                let (read, written) =
                    architrave_llm::translate::error(from, to, error.status, &body);
                assert_eq!(
                    (read.kind, read.status, read.message.as_str()),
                    (sort, error.status, "no \"luck\"")
                );
                assert_eq!(to.read_error(error.status, &written).kind, sort);
            }
        }
        let unreadable = from.read_error(503, b"<html>busy</html>");
        assert_eq!((unreadable.kind, unreadable.status), (ErrorKind::Overloaded, 503));
    }
}

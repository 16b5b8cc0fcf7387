//! How a stream opens: whether its first events are an answer or a failure. Until that is known
//! nothing goes to the client, so that another deployment can still be asked.

use std::time::Duration;

use architrave_llm::chat::{ChatError, ChatEvent};
use architrave_llm::dialect::{Context, Dialect, EventReader};
use architrave_llm::frame::{FrameReader, Framing};
use architrave_net::WireError;
use tokio::time::{Instant, timeout_at};

use super::awaited::{Awaited, Cut};

/// How much of a stream is held back at most while it cannot be judged.
const HELD_BYTES_MAX: usize = 64 * 1024;
/// How much is looked at at a time: what comes behind the telling event is not read twice.
const LOOK: usize = 1024;

/// How a stream opened.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// What came of it, where the telling event was not in the first piece. The client is still to
    /// have it, ahead of what the reader holds.
    pub held: Vec<u8>,
    /// The id of the answer, where the stream has said it.
    pub id: Option<String>,
    /// The failure that it opened with, where it did.
    pub failure: Option<ChatError>,
}

/// Reads a stream up to its first telling event. `patience` is how long that may take: whose turn it
/// is, or what the prompt came to, tells nothing yet, and providers that are overloaded begin a
/// stream before they fail it.
///
/// # Errors
/// That it broke off, ended, or took too long before, or that nobody waits for it any more.
pub(super) async fn read(
    mut answer: Awaited<'_>,
    (dialect, framing): (Dialect, Framing),
    patience: Duration,
) -> Result<Opening, Cut> {
    let until = Instant::now() + patience;
    let mut look = Look::new(dialect, framing);
    let mut held = Vec::new();
    loop {
        let filled = match timeout_at(until, answer.fill()).await {
            Ok(filled) => filled?,
            Err(_silent) => return Err(Cut::Wire(WireError::Stalled)),
        };
        if !filled {
            look.end();
            match look.has_begun || look.is_telling() {
                true => break,
                false => return Err(Cut::Wire(WireError::Closed)),
            }
        }
        let piece = answer.answer.data();
        look.see(piece);
        if look.is_telling() || held.len() + piece.len() > HELD_BYTES_MAX {
            break;
        }
        held.extend_from_slice(piece);
        let count = piece.len();
        answer.answer.consume(count);
    }
    Ok(Opening { held, id: look.id, failure: look.failure })
}

/// What is seen of a stream.
struct Look {
    frames: FrameReader,
    events: EventReader,
    id: Option<String>,
    /// Whether an event came that is more than a sign of life.
    has_begun: bool,
    /// Whether something of the answer itself came.
    has_content: bool,
    failure: Option<ChatError>,
}

impl Look {
    fn new(dialect: Dialect, framing: Framing) -> Self {
        Self {
            frames: FrameReader::new(framing),
            events: EventReader::new(dialect, &Context::default()),
            id: None,
            has_begun: false,
            has_content: false,
            failure: None,
        }
    }

    fn is_telling(&self) -> bool {
        self.has_content || self.failure.is_some()
    }

    fn see(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(LOOK) {
            if self.is_telling() {
                return;
            }
            let Self { frames, events, id, has_begun, has_content, failure } = self;
            frames.push(piece, &mut |frame| {
                let Ok(frame) = frame else { return };
                let _unreadable = events.read(&frame, &mut |event| {
                    note(&event, (id, has_begun, has_content, failure));
                });
            });
        }
    }

    fn end(&mut self) {
        let Self { frames, events, id, has_begun, has_content, failure } = self;
        frames.end(&mut |frame| {
            let Ok(frame) = frame else { return };
            let _unreadable = events.read(&frame, &mut |event| {
                note(&event, (id, has_begun, has_content, failure));
            });
        });
    }
}

type Noted<'n> = (&'n mut Option<String>, &'n mut bool, &'n mut bool, &'n mut Option<ChatError>);

fn note(event: &ChatEvent<'_>, (id, has_begun, has_content, failure): Noted<'_>) {
    match event {
        _ if *has_content || failure.is_some() => {}
        ChatEvent::Start { id: told, .. } => {
            *has_begun = true;
            if id.is_none() {
                *id = told.as_ref().map(|told| told.to_string());
            }
        }
        ChatEvent::Error(error) => *failure = Some(error.clone()),
        // The total of a prompt's tokens comes with the start.
        ChatEvent::Usage(_) => {}
        _ => *has_content = true,
    }
}

//! The events of a dialect's stream, read and written by its folder.

use super::order::Order;
use super::unknown::Unknown;
use super::{
    Context, Dialect, anthropic_messages, bedrock_converse, cohere_chat, each_dialect,
    gemini_generate_content, openai_chat, openai_responses,
};
use crate::chat::ChatEvent;
use crate::frame::{Frame, FrameWriter};
use crate::json::JsonError;

/// Called with each event of a stream.
pub type Emit<'e> = dyn FnMut(ChatEvent<'_>) + 'e;

/// Declares what reads and what writes the events of any dialect.
macro_rules! declare_events {
    ($($variant:ident $folder:ident $what:literal)*) => {
        #[derive(Debug)]
        enum AnyReader {
            $($variant($folder::stream::Reader),)*
        }

        impl AnyReader {
            fn new(dialect: Dialect, context: &Context) -> Self {
                match dialect {
                    $(Dialect::$variant => Self::$variant($folder::stream::Reader::new(context)),)*
                }
            }

            fn read(
                &mut self,
                frame: &Frame<'_>,
                unknown: &mut Unknown,
                emit: &mut Emit<'_>,
            ) -> Result<(), JsonError> {
                match self { $(Self::$variant(reader) => reader.read(frame, unknown, emit),)* }
            }

            fn end(&mut self, emit: &mut Emit<'_>) {
                match self { $(Self::$variant(reader) => reader.end(emit),)* }
            }
        }

        /// Writes the events of a dialect's stream.
        #[derive(Debug)]
        pub enum EventWriter {
            $(#[doc = $what] $variant($folder::stream::Writer),)*
        }

        impl EventWriter {
            /// A writer at the start of a stream.
            #[must_use]
            pub fn new(dialect: Dialect, context: &Context) -> Self {
                match dialect {
                    $(Dialect::$variant => Self::$variant($folder::stream::Writer::new(context)),)*
                }
            }

            /// Appends what the event is in the dialect; nothing where it has no word for it.
            pub fn write(&mut self, event: &ChatEvent<'_>, frames: &mut FrameWriter, out: &mut Vec<u8>) {
                match self { $(Self::$variant(writer) => writer.write(event, frames, out),)* }
            }
        }
    };
}

each_dialect!(declare_events);

/// Reads the events of a dialect's stream.
#[derive(Debug)]
pub struct EventReader {
    reader: AnyReader,
    order: Order,
    unknown: Unknown,
}

impl EventReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new(dialect: Dialect, context: &Context) -> Self {
        let reader = AnyReader::new(dialect, context);
        Self { reader, order: Order::default(), unknown: Unknown::default() }
    }

    /// Reads one framed event.
    ///
    /// # Errors
    /// Where the event is none of the dialect, or comes where it cannot; it is skipped, and the
    /// stream goes on.
    pub fn read(&mut self, frame: &Frame<'_>, emit: &mut Emit<'_>) -> Result<(), JsonError> {
        let Self { reader, order, unknown } = self;
        reader.read(frame, unknown, &mut |event| order.take(event, emit))?;
        order.check()
    }

    /// The paths of what its events had and nobody here understands, each once, and how many more
    /// there were at least.
    #[must_use]
    pub fn unknown(&self) -> (Vec<String>, usize) {
        self.unknown.told()
    }

    /// The stream has ended: closes what is open.
    pub fn end(&mut self, emit: &mut Emit<'_>) {
        let Self { reader, order, unknown: _ } = self;
        reader.end(&mut |event| order.take(event, emit));
    }
}

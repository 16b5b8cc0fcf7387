//! The dialects: a folder each, with the same files, and one line here.
//!
//! Nothing in this file knows any dialect: it hands on to the folder by `match`, so that the
//! compiler lists what a folder still lacks. What every folder has is told in `lib.rs`.

mod address;
mod anthropic_messages;
mod arguments;
mod bedrock_converse;
mod call_ids;
mod cohere_chat;
mod context;
mod described;
mod event;
mod failing;
mod gemini_generate_content;
mod instruction;
mod logprob;
mod loss;
pub(crate) mod media;
mod more;
mod openai_chat;
mod openai_responses;
mod order;
mod quirks;
mod said;
mod signature;
mod unknown;

use crate::chat::{
    ChatError, ChatReply, ChatRequest, Citation, MediaKind, Message, Role, ServiceClass, Usage,
};
use crate::field::{Field, FieldSet, Losses, ReplyField, Say};
use crate::frame::Framing;
use crate::json::{Cursor, JsonError, Writer};
use crate::scan::Watch;

pub use address::Address;
pub use bedrock_converse::error::{add_aws_error_type, aws_error_type};
pub use context::Context;
pub use event::{Emit, EventReader, EventWriter};
pub use quirks::Quirks;

use call_ids::CallIds;

pub(crate) use openai_chat::usage::write as write_openai_usage;
pub(crate) use openai_chat::wire::finish_word as openai_finish_word;

/// The list of dialects, for whatever is declared of each.
macro_rules! each_dialect {
    ($declare:ident) => {
        $declare! {
            OpenaiChat openai_chat "OpenAI Chat Completions."
            OpenaiResponses openai_responses "OpenAI Responses."
            AnthropicMessages anthropic_messages "Anthropic Messages."
            GeminiGenerateContent gemini_generate_content "Gemini generateContent."
            BedrockConverse bedrock_converse "AWS Bedrock Converse."
            CohereChat cohere_chat "Cohere chat, version 2."
        }
    };
}

use each_dialect;

/// Declares the dialects and hands everything on to their folders.
macro_rules! declare {
    ($($variant:ident $folder:ident $what:literal)*) => {
        /// A way to talk about chat over HTTP.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Dialect {
            $(#[doc = $what] $variant,)*
        }

        impl Dialect {
            /// All dialects.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in configuration, metrics and docs.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($folder),)* }
            }

            /// Which members of a request's body the scan is to find.
            #[must_use]
            pub fn watch(self) -> &'static Watch {
                match self { $(Self::$variant => &$folder::wire::WATCH,)* }
            }

            /// How its streams are cut into events, where the address does not say otherwise.
            #[must_use]
            pub fn framing(self) -> Framing {
                match self { $(Self::$variant => $folder::wire::FRAMING,)* }
            }

            /// What stands in the data of an event that tells usage, and in hardly any other; or the
            /// name of the event.
            #[must_use]
            pub fn usage_mark(self) -> &'static str {
                match self { $(Self::$variant => $folder::wire::USAGE_MARK,)* }
            }

            /// What stands in the event that ends its streams and is not to be missed there, each
            /// of them where there are several.
            pub(crate) fn end_marks(self) -> &'static [&'static str] {
                match self { $(Self::$variant => $folder::wire::END_MARKS,)* }
            }

            /// What the path and the query of a request say, where the path is one of this dialect.
            #[must_use]
            pub fn address<'a>(self, path: &'a str, query: &str) -> Option<Address<'a>> {
                match self { $(Self::$variant => $folder::wire::address(path, query),)* }
            }

            /// Path and query, under the provider's base URL, to send a request to.
            #[must_use]
            pub fn path(self, address: &Address<'_>) -> String {
                match self { $(Self::$variant => $folder::wire::path(address),)* }
            }

            /// What it makes of a field of a request.
            #[must_use]
            pub fn says(self, field: Field, quirks: &Quirks) -> Say {
                match self { $(Self::$variant => $folder::says::request(field, quirks),)* }
            }

            /// What of its carried and near fields is left out of this very request, for what it says.
            fn left_out(self, request: &ChatRequest<'_>, quirks: &Quirks) -> FieldSet<Field> {
                match self { $(Self::$variant => $folder::says::left_out(request, quirks),)* }
            }

            /// What it makes of a field of a reply.
            #[must_use]
            pub fn reply_says(self, field: ReplyField) -> Say {
                match self { $(Self::$variant => $folder::says::reply(field),)* }
            }

            /// Whether it has a form for a citation of a reply.
            pub(crate) fn cites(self, citation: &Citation<'_>) -> bool {
                match self { $(Self::$variant => $folder::says::cites(citation),)* }
            }

            /// Whether a conversation must have a message that is not the system's.
            fn needs_turn(self) -> bool {
                match self { $(Self::$variant => $folder::wire::NEEDS_TURN,)* }
            }

            /// The media of which its replies can show a link.
            fn links_shown(self) -> &'static [MediaKind] {
                match self { $(Self::$variant => $folder::wire::LINKS_SHOWN,)* }
            }

            /// Which ids of calls it takes.
            fn call_ids(self) -> CallIds {
                match self { $(Self::$variant => $folder::wire::CALL_IDS,)* }
            }

            fn read_request_from<'a>(
                self,
                cursor: &mut Cursor<'a>,
                address: &Address<'a>,
            ) -> Result<ChatRequest<'a>, ChatError> {
                match self { $(Self::$variant => $folder::request::read(cursor, address),)* }
            }

            fn write_request_to(
                self,
                request: &ChatRequest<'_>,
                quirks: &Quirks,
                writer: &mut Writer<'_>,
            ) {
                match self {
                    $(Self::$variant => $folder::request::write(request, quirks, writer),)*
                }
            }

            fn read_reply_from<'a>(
                self,
                cursor: &mut Cursor<'a>,
                context: &Context,
            ) -> Result<ChatReply<'a>, JsonError> {
                match self { $(Self::$variant => $folder::reply::read(cursor, context),)* }
            }

            fn write_reply_to(
                self,
                reply: &ChatReply<'_>,
                context: &Context,
                writer: &mut Writer<'_>,
            ) {
                match self { $(Self::$variant => $folder::reply::write(reply, context, writer),)* }
            }

            fn read_error_from(
                self,
                cursor: &mut Cursor<'_>,
                status: u16,
            ) -> Result<ChatError, JsonError> {
                match self { $(Self::$variant => $folder::error::read(cursor, status),)* }
            }

            fn write_error_to(self, error: &ChatError, writer: &mut Writer<'_>) {
                match self { $(Self::$variant => $folder::error::write(error, writer),)* }
            }

            /// What an event of a stream says of usage.
            #[must_use]
            pub fn usage_of_event(self, data: &str) -> Option<Usage> {
                let mut cursor = Cursor::new(data);
                match self { $(Self::$variant => $folder::stream::usage(&mut cursor),)* }
            }
        }
    };
}

each_dialect!(declare);

/// Whether a message is one of the conversation.
fn is_turn(message: &Message<'_>) -> bool {
    matches!(message.role, Role::User | Role::Assistant)
}

impl Dialect {
    /// The dialect of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dialect| dialect.name() == name)
    }

    /// What stands in an event, or a whole reply, that tells of searches of the web: one of these.
    pub(crate) fn search_marks(self) -> &'static [&'static str] {
        match self {
            Self::OpenaiChat => openai_chat::stream::SEARCH_MARKS,
            Self::OpenaiResponses => &["\"web_search_call\""],
            Self::AnthropicMessages => &["\"web_search_tool_result\""],
            Self::GeminiGenerateContent => &["\"webSearchQueries\""],
            // None is made, or told with the tokens.
            Self::BedrockConverse | Self::CohereChat => &[],
        }
    }

    /// How many searches of the web an event tells beside usage, or a whole reply.
    pub(crate) fn searches_of_event(self, data: &str) -> u64 {
        let cursor = &mut Cursor::new(data);
        match self {
            Self::OpenaiChat => openai_chat::stream::searches(cursor),
            Self::OpenaiResponses => openai_responses::stream::searches(cursor),
            Self::AnthropicMessages => anthropic_messages::stream::searches(cursor),
            Self::GeminiGenerateContent => gemini_generate_content::stream::searches(cursor),
            Self::BedrockConverse | Self::CohereChat => 0,
        }
    }

    /// What the end of a whole reply says of usage, where that can be told without the rest of it.
    pub(crate) fn usage_at_end(self, text: &str) -> Option<Usage> {
        match self {
            Self::OpenaiChat => openai_chat::stream::usage_at_end(text),
            _ => None,
        }
    }

    /// Reads a request. The body has been scanned before, so it is JSON of bounded depth.
    ///
    /// # Errors
    /// The field that is wrong, in words for the client.
    pub fn read_request<'a>(
        self,
        body: &'a str,
        address: &Address<'a>,
    ) -> Result<(ChatRequest<'a>, Losses), ChatError> {
        let mut cursor = Cursor::exact(body);
        let request = self.read_request_from(&mut cursor, address)?;
        cursor.end()?;
        let mut losses = Losses::default();
        losses.add_unknown(cursor.take_unknown());
        Ok((request, losses))
    }

    /// Appends the body of a request, and tells what of it the dialect cannot say.
    ///
    /// # Errors
    /// The field without which the request would mean something else.
    pub fn write_request(
        self,
        request: &ChatRequest<'_>,
        quirks: &Quirks,
        out: &mut Vec<u8>,
    ) -> Result<Losses, ChatError> {
        let losses = self.losses_of_request(request, quirks)?;
        let messages = &request.messages;
        if self.needs_turn() && !messages.is_empty() && !messages.iter().any(is_turn) {
            let message = "must have a message of the user: this model's provider answers to no \
                           system text alone";
            return Err(ChatError::invalid("messages", message));
        }
        let call_ids = if quirks.call_ids_of_nine { CallIds::Nine } else { self.call_ids() };
        let request = call_ids.fit(request);
        self.write_request_to(&request, quirks, &mut Writer::new(out));
        Ok(losses)
    }

    /// Reads a whole reply.
    ///
    /// # Errors
    /// Where it is none of this dialect.
    pub fn read_reply<'a>(
        self,
        body: &'a str,
        context: &Context,
    ) -> Result<(ChatReply<'a>, Losses), JsonError> {
        let mut cursor = Cursor::new(body);
        let mut reply = self.read_reply_from(&mut cursor, context)?;
        cursor.end()?;
        if let (Some(usage), Some(word)) = (&mut reply.usage, &reply.service_class) {
            usage.service = usage.service.or(ServiceClass::of_word(word));
        }
        let mut losses = Losses::default();
        losses.add_unknown(cursor.take_unknown());
        Ok((reply, losses))
    }

    /// Appends a whole reply, and tells what of it the dialect cannot say.
    pub fn write_reply(
        self,
        reply: &ChatReply<'_>,
        context: &Context,
        out: &mut Vec<u8>,
    ) -> Losses {
        self.write_reply_to(reply, context, &mut Writer::new(out));
        self.losses_of_reply(reply)
    }
}

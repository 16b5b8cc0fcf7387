//! The answer of a provider, made ready for the client.

use super::{Back, Prepared, PreparedBody};
use crate::chat::{ChatError, Usage};
use crate::dialect::{Context, Dialect};
use crate::field::Losses;
use crate::frame::Framing;
use crate::pass::{self, PassedStream};
use crate::translate::{self, StreamTranslation};
use crate::used::{self, Used};
use crate::{call, completion, embedding, rerank, token_count};

/// An answer for the client.
#[derive(Debug)]
pub struct BesideAnswer {
    /// The body; nothing where that of the provider goes on as it came.
    pub body: Option<Vec<u8>>,
    /// What was used, as the answer tells it.
    pub used: Used,
    /// What could not be said.
    pub losses: Losses,
}

impl Prepared {
    /// Whether request and answer go through as they come.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        matches!(self.body, PreparedBody::AsCame(_))
    }

    /// The dialect of the provider's failures.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.reach.surface.dialect()
    }

    /// What the provider answered, for the client: one body for each that was sent.
    ///
    /// # Errors
    /// That it cannot be read, as a failure for the client.
    pub fn answer<B: AsRef<[u8]>>(
        &self,
        bodies: &[B],
        context: &Context,
    ) -> Result<BesideAnswer, ChatError> {
        let first = bodies.first().map_or(&[][..], AsRef::as_ref);
        let (body, used, losses) = match &self.back {
            Back::AsCame(surface) => {
                let text = std::str::from_utf8(first).unwrap_or_default();
                (None, used::of_reply(*surface, text), Losses::default())
            }
            Back::Embedding(from, wish) => {
                let reply = embedding::reply(*from, bodies, wish, context)?;
                (Some(reply.body), reply.usage.into(), reply.losses)
            }
            Back::Rerank(wish) => {
                let reply = rerank::reply(first, wish, context)?;
                (Some(reply.body), reply.used, reply.losses)
            }
            Back::Completion(from) => {
                let reply = completion::reply(*from, first, context)?;
                (Some(reply.body), reply.usage.into(), reply.losses)
            }
            // It is in the words that were asked for.
            Back::Call(from) if *from == call::WORDS => {
                (None, pass::used_of_reply(*from, first), Losses::default())
            }
            Back::Call(from) => {
                let reply = translate::reply(*from, call::WORDS, first, context)?;
                (Some(reply.body), reply.usage.into(), reply.losses)
            }
            Back::TokenCount(from, to) => {
                let body = token_count::reply((*from, *to), first)?;
                (Some(body), Used::default(), Losses::default())
            }
        };
        Ok(BesideAnswer { body, used, losses })
    }

    /// What one of several answers tells of what it used, where the others never came.
    #[must_use]
    pub fn used_by(&self, body: &[u8]) -> Option<Usage> {
        match &self.back {
            Back::Embedding(from, _) => embedding::usage_of_reply(*from, body),
            _ => None,
        }
    }

    /// A watch over the provider's stream, where that goes on as it comes.
    #[must_use]
    pub fn passed_stream(&self, framing: Framing) -> Option<PassedStream> {
        match self.back {
            Back::AsCame(surface) => Some(PassedStream::beside(surface, framing)),
            _ => None,
        }
    }

    /// How the client's stream is framed, where it is told in other words than it comes in.
    #[must_use]
    pub fn told_framing(&self) -> Framing {
        match self.back {
            Back::Call(_) => Framing::AwsEvents,
            _ => Framing::Sse,
        }
    }

    /// The translation of the provider's stream, where it needs one.
    #[must_use]
    pub fn stream_translation(
        &self,
        framing: Framing,
        context: &Context,
    ) -> Option<StreamTranslation> {
        match self.back {
            Back::Completion(from) => {
                Some(StreamTranslation::to_completion((from, framing), context))
            }
            Back::Call(from) => Some(StreamTranslation::to_call((from, framing), context)),
            _ => None,
        }
    }
}

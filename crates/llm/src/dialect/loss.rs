//! What a dialect cannot say of a request or a reply, as a whole.

use super::{Dialect, Quirks};
use crate::chat::{ChatError, ChatReply, ChatRequest, Content, Media, MediaKind, Source};
use crate::field::{Losses, ReplyField};

impl Dialect {
    /// What of a request it cannot say.
    ///
    /// # Errors
    /// The field without which the request would mean something else.
    pub(super) fn losses_of_request(
        self,
        request: &ChatRequest<'_>,
        quirks: &Quirks,
    ) -> Result<Losses, ChatError> {
        let mut losses = Losses::of_request(request, |field| self.says(field, quirks))?;
        losses.dropped = losses.dropped.with(self.left_out(request, quirks));
        losses.near = losses.near.without(losses.dropped);
        Ok(losses)
    }

    /// Which of two dialects, that a model can be asked in, loses least of a request: one that
    /// refuses it loses all, and what is not thought aloud where reasoning is asked for is lost, too.
    /// Of two that lose as much it is the first.
    #[must_use]
    pub fn losing_least(
        (first, second): (Self, Self),
        request: &ChatRequest<'_>,
        quirks: &Quirks,
    ) -> Self {
        let lost = |dialect: Self| match dialect.losses_of_request(request, quirks) {
            Ok(losses) => {
                let is_silent = dialect == Self::OpenaiChat && request.reasoning.is_wanted();
                losses.dropped.iter().count() + usize::from(is_silent)
            }
            Err(_) => usize::MAX,
        };
        let of_first = lost(first);
        if of_first > 0 && lost(second) < of_first { second } else { first }
    }

    /// What of a reply the dialect cannot say, streamed or not.
    #[must_use]
    pub fn losses_of_reply(self, reply: &ChatReply<'_>) -> Losses {
        let mut losses = Losses::of_reply(reply, |field| self.reply_says(field));
        let parts = reply.choices.iter().flat_map(|choice| &choice.parts);
        let mut citations = parts.flat_map(|part| match &part.content {
            Content::Text(text) => text.citations.as_slice(),
            _ => &[],
        });
        let is_one_lost = citations.any(|citation| !self.cites(citation));
        losses.reply_dropped.add_if(ReplyField::Citations, is_one_lost);
        for part in reply.choices.iter().flat_map(|choice| &choice.parts) {
            if let Content::Media(Media { kind, source, .. }) = &part.content
                && !matches!(source, Source::Bytes { .. })
            {
                losses.reply_dropped.add_if(ReplyField::of_media(*kind), !self.shows_link(*kind));
            }
        }
        losses
    }

    /// Whether a reply can say where media lies of which it has no bytes.
    pub(crate) fn shows_link(self, kind: MediaKind) -> bool {
        self.links_shown().contains(&kind)
    }
}

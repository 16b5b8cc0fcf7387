//! `cache`: answers of models that are given again to the very same request.
//!
//! It has nothing to do with heads: who asks the models looks up and keeps what they say. What makes
//! two requests the same is [`question`], what of answers is kept is [`kept`], where is [`table`].
//! Requests that come while the first one is still being answered are asked, too: they do not wait.

mod kept;
mod question;
mod recorder;
mod table;
mod wish;

use std::sync::Arc;
use std::time::Duration;

use architrave_config::policy as config;
use architrave_core::Moment;
use architrave_llm::dialect::{Context, Dialect};
use architrave_llm::frame::Framing;

use crate::registry::{Build, Site};
use table::{Bounds, Table};

pub use kept::KeptReply;
pub use question::{Question, QuestionKey};
pub use recorder::StreamRecorder;
pub(crate) use table::Tables;
pub use wish::Wish;

/// A stream may be so much larger than the answer that it tells: each of its events repeats what
/// goes for all of them.
const STREAM_BYTES_A_BYTE: usize = 64;

/// The policy, ready to run. Cheap to clone: the answers are shared.
#[derive(Clone, Debug)]
pub struct Cache {
    table: Arc<Table>,
    ttl: Duration,
    is_shared: bool,
    reply_bytes_max: usize,
}

impl Build<config::Cache> for Cache {
    fn build(config: &config::Cache, site: &Site<'_>) -> Self {
        let bounds = Bounds { entries_max: config.entries_max, bytes_max: config.bytes_max };
        let table = site.ground.limiters.cache_tables().table(&site.identity, bounds);
        Self {
            reply_bytes_max: table.reply_bytes_max(),
            table,
            ttl: config.ttl,
            is_shared: config.shared,
        }
    }
}

impl Cache {
    /// The key of a request; `None` for what is asked anew each time.
    #[must_use]
    pub fn key(&self, question: &Question<'_>) -> Option<QuestionKey> {
        QuestionKey::new(question, self.is_shared)
    }

    /// The answer that was given to the same request, where there is one that the client wants.
    #[must_use]
    pub fn lookup(&self, key: &QuestionKey, wish: Wish, now: Moment) -> Option<Arc<KeptReply>> {
        self.table.get(key, now, self.ttl.min(wish.reads?))
    }

    /// Keeps an answer, unless the client does not want that or it is too large.
    pub fn offer(&self, key: QuestionKey, wish: Wish, reply: KeptReply, now: Moment) {
        if wish.keeps && reply.byte_count() <= self.reply_bytes_max {
            self.table.keep(key, reply, now);
        }
    }

    /// What looks at a stream in that dialect and framing, so that it can be kept.
    #[must_use]
    pub fn recorder(&self, sent: (Dialect, Framing), context: &Context) -> StreamRecorder {
        let bytes_max = self.reply_bytes_max.saturating_mul(STREAM_BYTES_A_BYTE);
        StreamRecorder::new(sent, context, bytes_max)
    }
}

#[cfg(test)]
mod tests;

//! `first`: the first one in the order written, as long as it can take a request. Not balancing:
//! for a main server with stand-ins, or for filling servers one after the other up to a limit.

use super::{Balance, Candidate};
use crate::pick::Pick;

/// Nothing needs to be laid out.
pub(crate) struct First;

impl Balance for First {
    fn lay_out(_: &[Candidate]) -> Self {
        Self
    }

    #[inline]
    fn choose(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize> {
        candidates.iter().position(|candidate| pick.accepts(&candidate.endpoint))
    }
}

//! The balancing algorithms, one file each, and the one list of them.
//!
//! An algorithm knows nothing of health, limits or retries: it lays out the candidates of one
//! priority once ([`Balance::lay_out`]) and then answers picks from that layout. Whom a pick
//! accepts is the pick's own affair. To add one: a file, a line in the list at the end of this
//! one, and a variant of `BalanceAlgorithm` in `config`.

mod candidate;
mod draw;
mod first;
mod hashed;
mod least_request;
mod maglev;
mod p2c_ewma;
mod p2c_least_request;
mod random;
mod ring_hash;
mod round_robin;

pub(crate) use candidate::{Candidate, least_loaded};

use architrave_config::BalanceAlgorithm;

use crate::pick::Pick;

/// Chooses one of the candidates that it was laid out for.
pub(crate) trait Balance {
    /// Prepares what every pick needs. Called off the workers, when the candidates change.
    fn lay_out(candidates: &[Candidate]) -> Self;

    /// The place of the chosen candidate, one that `pick` accepts.
    ///
    /// `None` when a bounded search met nobody; the caller then looks at everybody. `candidates`
    /// are those of the layout and never empty.
    fn choose(&self, candidates: &[Candidate], pick: &mut Pick<'_>) -> Option<usize>;
}

macro_rules! algorithms {
    ($($name:ident in $module:ident),+ $(,)?) => {
        /// The layout of one algorithm for one list of candidates.
        pub(crate) enum Layout {
            $($name($module::$name)),+
        }

        impl Layout {
            /// Lays `candidates` out for `algorithm`.
            pub(crate) fn new(algorithm: BalanceAlgorithm, candidates: &[Candidate]) -> Self {
                match algorithm {
                    $(BalanceAlgorithm::$name => {
                        Self::$name($module::$name::lay_out(candidates))
                    })+
                }
            }

            /// See [`Balance::choose`].
            #[inline]
            pub(crate) fn choose(
                &self,
                candidates: &[Candidate],
                pick: &mut Pick<'_>,
            ) -> Option<usize> {
                match self {
                    $(Self::$name(layout) => layout.choose(candidates, pick)),+
                }
            }
        }
    };
}

algorithms! {
    RoundRobin in round_robin,
    LeastRequest in least_request,
    P2cLeastRequest in p2c_least_request,
    P2cEwma in p2c_ewma,
    RingHash in ring_hash,
    Maglev in maglev,
    Random in random,
    First in first,
}

/// Whether endpoints that are out of service keep their place in the layout.
///
/// With hashing they do: a layout that does not change when an endpoint comes and goes moves
/// only the keys of that endpoint. The others lay out those that can be picked.
pub(crate) const fn keeps_places(algorithm: BalanceAlgorithm) -> bool {
    matches!(algorithm, BalanceAlgorithm::RingHash | BalanceAlgorithm::Maglev)
}

#[cfg(test)]
mod tests;

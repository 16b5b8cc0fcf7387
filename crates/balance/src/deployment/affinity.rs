//! Affinity: equal keys go to the same lane, by rendezvous hashing with bounded load.
//!
//! Nothing is remembered: every worker and every node says the same of the same key. A key moves
//! only when its lane cannot be used, or when a lane comes that suits it better; when its lane is
//! well again it comes back.

use std::sync::Arc;

use super::fleet::Seat;
use super::load::Size;
use super::weigh::Contender;
use crate::hash::hash_key;

/// How far over its fair share of the tokens in flight a lane may be before its keys go on.
const BOUND: f64 = 1.25;
/// Requests in flight below which a lane is never passed over, whatever its share: at low load a
/// fair share is less than one request, and a key would leave a warm cache for nothing.
const REQUESTS_MIN: u32 = 8;

/// Where a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Home {
    /// The contender that takes it, as a place in the list.
    pub(super) taker: usize,
    /// The one that would have, had it less in flight.
    pub(super) crowded: Option<usize>,
}

/// The contender that the key goes to: of those within their bound the one with the highest
/// score, or of all when nobody is. The list may not be empty.
pub(super) fn home(seats: &[Arc<Seat>], contenders: &[Contender], key: u64, size: Size) -> Home {
    let tokens: u64 = contenders.iter().map(|contender| contender.tokens).sum();
    let tokens = tokens.saturating_add(size.prompt + size.output) as f64;
    let weight: f64 = contenders.iter().map(|it| seats[it.seat].home_weight).sum();
    let has_room = |contender: &Contender| {
        let share = seats[contender.seat].home_weight / weight;
        contender.requests < REQUESTS_MIN || (contender.tokens as f64) < BOUND * share * tokens
    };
    let score = |place: &usize| score(key, &seats[contenders[*place].seat]);
    let best = |places: &mut dyn Iterator<Item = usize>| {
        places.max_by(|one, other| score(one).total_cmp(&score(other)))
    };
    let first = best(&mut (0..contenders.len())).unwrap_or_default();
    let roomy = &mut (0..contenders.len()).filter(|&place| has_room(&contenders[place]));
    let taker = best(roomy).unwrap_or(first);
    Home { taker, crowded: (taker != first).then_some(first) }
}

/// The score of a lane for a key: the higher the better. Shares are as the weights are, and a
/// change of one weight moves only keys to or from that lane.
fn score(key: u64, seat: &Seat) -> f64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&key.to_be_bytes());
    bytes[8..].copy_from_slice(&seat.lane.identity.to_be_bytes());
    // 53 bits, and never zero: somewhere between 0 and 1.
    let chance = ((hash_key(&bytes) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    -seat.home_weight / chance.ln()
}

//! What `ring_hash` and `maglev` share: who an endpoint is to a hash, and bounded load.

use std::net::{IpAddr, SocketAddr};

use super::Candidate;
use crate::hash::hash_key;
use crate::pick::Pick;

/// How many places of a walk are looked at for one with room.
const WALK_MAX: usize = 1024;

/// Requests in flight below which an endpoint is never passed over, whatever its fair share.
///
/// A fair share of little is less than one request, and a bound below one sends a key away from
/// home for no gain: nobody is loaded. Eight is what the smallest server carries, and by the time
/// a default bound of 1.25 is higher, more than six requests are in flight at each endpoint and
/// evenness is worth more than a warm cache. `docs/balancing.md` has the figures.
pub(super) const BOUND_MIN: f64 = 8.0;

/// What stands for an endpoint in a hash: its address and port alone, so that its keys stay with
/// it whatever the order of the file, on every node and after every restart.
pub(super) fn identity(address: SocketAddr) -> u64 {
    let mut bytes = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    bytes.extend(address.port().to_be_bytes());
    hash_key(&bytes)
}

/// The first place of `walk` that `pick` accepts and that is not loaded beyond its bound; when
/// all are, the first that `pick` accepts.
///
/// The bound is a candidate's fair share of what is in flight, this request included, times
/// `hash_bound`, and [`BOUND_MIN`] at the least. Since the shares add up to more than there is,
/// somebody always has room, unless those with room are out of service or have been tried.
#[inline]
pub(super) fn first_within_bound(
    mut walk: impl Iterator<Item = usize> + Clone,
    candidates: &[Candidate],
    pick: &Pick<'_>,
) -> Option<usize> {
    let in_flight = f64::from(pick.in_flight) + 1.0;
    let bound_per_weight = pick.hash_bound * in_flight / pick.weight_in_service as f64;
    let has_room = |candidate: &Candidate| {
        let bound = (bound_per_weight * f64::from(candidate.weight)).max(BOUND_MIN);
        f64::from(candidate.endpoint.in_flight()) < bound
    };
    let accepted = |place: &usize| pick.accepts(&candidates[*place].endpoint);
    walk.clone()
        .take(WALK_MAX)
        .find(|place| accepted(place) && has_room(&candidates[*place]))
        .or_else(|| walk.by_ref().take(WALK_MAX).find(accepted))
}

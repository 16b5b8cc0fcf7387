//! How many endpoints an upstream has, and how many of them are available or ejected.
//!
//! Plain numbers that decide one question: may one more be ejected? Every change of an
//! endpoint's standing is counted here under one lock, so that two workers can never eject the
//! last two endpoints at once.

use architrave_config::PassiveHealth;

use crate::bar::Hindrances;

/// The count of one upstream's endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Every endpoint.
    pub(crate) members: u32,
    /// Those that can be picked.
    pub(crate) available: u32,
    /// Those that are ejected.
    pub(crate) ejected: u32,
}

impl Census {
    /// Counts an endpoint that has these hindrances.
    pub(crate) fn add(&mut self, hindrances: u8) {
        self.members += 1;
        self.available += u32::from(hindrances == 0);
        self.ejected += u32::from(hindrances & Hindrances::EJECTED != 0);
    }

    /// Takes an endpoint that has these hindrances out of the count.
    pub(crate) fn remove(&mut self, hindrances: u8) {
        self.members -= 1;
        self.available -= u32::from(hindrances == 0);
        self.ejected -= u32::from(hindrances & Hindrances::EJECTED != 0);
    }

    /// Whether an endpoint that is left out of this count may be ejected.
    ///
    /// Somebody else must be left to serve, and no more than the configured share may be out at
    /// once; `min_ejectable` keeps that share from meaning nobody in a small upstream.
    pub(crate) fn has_room_to_eject(&self, rules: &PassiveHealth) -> bool {
        let members = u64::from(self.members) + 1;
        let by_share = members * u64::from(rules.max_ejected_percent) / 100;
        let ejectable = by_share.max(u64::from(rules.min_ejectable));
        self.available >= 1 && u64::from(self.ejected) < ejectable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(others: (u32, u32, u32), percent: u8, min_ejectable: u32, expected: bool) {
        let (members, available, ejected) = others;
        let rules =
            PassiveHealth { max_ejected_percent: percent, min_ejectable, ..Default::default() };
        let census = Census { members, available, ejected };
        assert_eq!(census.has_room_to_eject(&rules), expected, "{census:?} {percent}%");
    }

    #[test]
    fn the_last_available_endpoint_stays_whatever_the_rules_say() {
        check((0, 0, 0), 100, 10, false);
        check((1, 0, 1), 100, 10, false);
        check((9, 0, 0), 100, 10, false);
        check((9, 1, 8), 100, 10, true);
    }

    #[test]
    fn the_share_counts_the_endpoint_itself() {
        check((3, 3, 0), 50, 0, true);
        check((3, 2, 1), 50, 0, true);
        check((3, 1, 2), 50, 0, false);
        check((8, 8, 0), 10, 0, false);
        check((9, 9, 0), 10, 0, true);
    }

    #[test]
    fn a_small_upstream_may_still_eject_as_many_as_the_minimum() {
        check((1, 1, 0), 10, 1, true);
        check((2, 1, 1), 10, 1, false);
        check((2, 1, 1), 0, 2, true);
    }
}

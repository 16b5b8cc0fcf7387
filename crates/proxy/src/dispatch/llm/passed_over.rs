//! Who was passed over for a request, and who was asked in vain: what the log says of choices.

use architrave_balance::deployment::{Hindrance, PassedOver, Tried};
use architrave_telemetry::PassedOver as Told;

use crate::exchange::Exchange;
use crate::models::LiveModel;

/// So many are told; a line of the log is to stay one that is read.
const TOLD_MAX: usize = 16;

/// Notes who was passed over in a choice among a model's lanes; what was noted of one before gives
/// way to what is said of it last.
pub(super) fn note(
    exchange: &mut Exchange<'_>,
    model: &LiveModel,
    lanes: &[PassedOver],
    tried: &[Tried],
) {
    let Some(facts) = &mut exchange.llm else { return };
    // What has no weight never takes anything, as the file says.
    for one in lanes.iter().filter(|one| one.hindrance != Hindrance::Weightless) {
        let failed = tried.iter().rfind(|tried| tried.place == one.place);
        let told = Told {
            lane: model.lane(one.place).full_name(),
            why: one.hindrance.word(),
            failure: failed.map(|tried| tried.failure.word()),
        };
        let all = &mut facts.passed_over;
        match all.iter().position(|known| known.lane == told.lane) {
            Some(at) => all[at] = told,
            None if all.len() < TOLD_MAX => all.push(told),
            None => {}
        }
    }
}

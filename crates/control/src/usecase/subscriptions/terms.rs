//! On what terms an application may subscribe: what must be answered, whose applications a plan is
//! for, and that nobody begins with what ends.

use std::time::SystemTime;

use architrave_config::{Lifecycle, Plan, Product, ServiceState, Snapshot, Standing, Subscribers};
use architrave_store::Application;
use serde_json::{Map, Value};

use crate::code::Code;
use crate::error::{ApiError, Fault};

const ANSWER_CHARS_MAX: usize = 2_000;

/// Answers are to questions of the plan, and those that must be answered are.
pub(crate) fn check_answers(plan: &Plan, answers: &Map<String, Value>) -> Result<(), ApiError> {
    let mut faults = Vec::new();
    for (name, answer) in answers {
        let pointer = format!("/answers/{}", name.replace('~', "~0").replace('/', "~1"));
        let is_asked = plan.questions.iter().any(|question| question.name == *name);
        match answer.as_str() {
            _ if !is_asked => faults.push(Fault::at(pointer, "the plan does not ask this")),
            None => faults.push(Fault::at(pointer, "an answer is a text")),
            Some(text) if text.chars().count() > ANSWER_CHARS_MAX => {
                let message = format!("up to {ANSWER_CHARS_MAX} characters");
                faults.push(Fault::at(pointer, message));
            }
            Some(_) => {}
        }
    }
    for question in plan.questions.iter().filter(|question| question.required) {
        let answer = answers.get(&question.name).and_then(Value::as_str).unwrap_or_default();
        if answer.trim().is_empty() {
            let message = format!("{}: must be answered ({})", question.name, question.label);
            faults.push(Fault::at("/answers", message));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let message = "the plan has questions";
    Err(ApiError::new(Code::ValueOutOfRange, message).with_faults(faults))
}

pub(super) fn check_subscriber(plan: &Plan, application: &Application) -> Result<(), ApiError> {
    let Subscribers::Teams(teams) = &plan.subscribers else { return Ok(()) };
    let is_one = teams.iter().any(|team| Some(team.as_str()) == application.team.as_deref());
    let message = "the plan is for applications of other teams";
    if is_one { Ok(()) } else { Err(ApiError::new(Code::PlanNotOpen, message)) }
}

/// When a subscription begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    pub(super) at: SystemTime,
    /// Whether that was before and elsewhere.
    pub(super) is_past: bool,
}

/// Nobody begins with what ends: at least one service of the product is in use, and not deprecated;
/// or it was when the subscription began.
pub(super) fn check_life(
    snapshot: &Snapshot,
    product: &Product,
    begun: Begun,
) -> Result<(), ApiError> {
    let services = product.services.iter().map(|service| &snapshot.services[service.get()]);
    let mut services = services.map(|service| (&service.name, &service.lifecycle)).peekable();
    if services.peek().is_none() {
        let message = format!("the product {} has no service yet", product.name);
        return Err(ApiError::new(Code::PlanNotOpen, message));
    }
    let mut why = String::new();
    for (name, life) in services {
        match closed(life, begun) {
            None => return Ok(()),
            Some(word) => why = format!("the service {name} is {word} and takes nobody new"),
        }
    }
    Err(ApiError::new(Code::PlanNotOpen, why))
}

/// Why a service takes nobody new.
fn closed(life: &Lifecycle, begun: Begun) -> Option<&'static str> {
    if matches!(life.state, ServiceState::Draft | ServiceState::InReview) {
        return Some("not published");
    }
    // Whatever became of it since: who was there before its end was told is nobody new.
    if begun.is_past && life.deprecated_at.is_some_and(|end| begun.at < end) {
        return None;
    }
    if life.state == ServiceState::Archived {
        return Some("archived");
    }
    let standing = Lifecycle { is_suspended: false, ..life.clone() }.standing(begun.at);
    match standing {
        Standing::Live | Standing::Suspended => None,
        Standing::Deprecated | Standing::Brownout => Some("deprecated"),
        Standing::Retired => Some("retired"),
    }
}

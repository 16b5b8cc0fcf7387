//! Objects that are to be so or to be gone, held to what the API holds each of them to.

use architrave_config::object::{ObjectKind, Objects};
use serde_json::Value;

use super::seen::Seen;
use super::told::Told;
use super::wanted::WantedObject;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::etag;
use crate::permission::Permission;
use crate::usecase::objects::body::{check_elsewhere, check_name, check_plain, keep};
use crate::usecase::objects::life::{self, Move};
use crate::usecase::objects::put::{Planned, planned_changes};
use crate::usecase::objects::read::{hidden, named};
use crate::usecase::objects::write::Wanted;
use crate::usecase::objects::{alone, revisions};
use crate::usecase::{Done, Writing};

/// Everything that is to be written of objects.
pub(super) struct Plan {
    pub(super) planned: Vec<Planned>,
    /// What the audit log calls each.
    actions: Vec<String>,
    /// Services that are published by it.
    published: Vec<usize>,
}

impl Plan {
    /// Reads what is wanted of objects, each as it is and is to be.
    ///
    /// # Errors
    /// The first that cannot be so, and where it stands.
    pub(super) async fn of(
        all: &Wanted<'_>,
        writing: &mut Writing<'_>,
        wanted: Vec<WantedObject>,
        reason: Option<&str>,
    ) -> Result<Self, ApiError> {
        let (mut planned, mut actions) = (Vec::with_capacity(wanted.len()), Vec::new());
        let mut published = Vec::new();
        for (at, one) in wanted.into_iter().enumerate() {
            let one = plan(writing, one, &format!("/objects/{at}")).await?;
            let step = check_life(all, &one, reason).map_err(|refusal| match refusal.code() {
                Code::StateNotFitting => {
                    refusal.of_object(&format!("{}/{}", one.kind.plural(), one.name))
                }
                // A reason is said of all.
                _ => refusal,
            })?;
            let is_made = one.before.is_none()
                && one.kind == ObjectKind::Service
                && one.body.as_ref().is_some_and(life::is_made_published);
            if is_made || step.is_some_and(|step| step.publishes()) {
                published.push(at);
            }
            let verb = match (&one.before, &one.body) {
                (_, None) => "delete",
                (None, Some(_)) => "create",
                (Some(_), Some(_)) => step.map_or("update", |step| step.verb),
            };
            actions.push(format!("{verb}_{}", one.kind.singular()));
            planned.push(one);
        }
        let mut plan = Self { planned, actions, published };
        plan.with_products(all, writing).await?;
        Ok(plan)
    }

    /// Adds what comes and goes with a publication: the product that a service has alone.
    async fn with_products(
        &mut self,
        all: &Wanted<'_>,
        writing: &mut Writing<'_>,
    ) -> Result<(), ApiError> {
        let kind = ObjectKind::Product;
        let is_planned = |planned: &[Planned], name: &str| {
            planned.iter().any(|one| one.kind == kind && one.name == name)
        };
        let gone = self.planned.iter().filter(|one| {
            one.kind == ObjectKind::Service && one.body.is_none() && one.before.is_some()
        });
        let gone: Vec<(String, Option<String>)> = gone
            .filter(|one| !is_planned(&self.planned, &one.name))
            .filter(|one| alone::has_product(all.dependencies, &one.name))
            .map(|one| (one.name.clone(), one.before.as_ref().and_then(|row| row.team.clone())))
            .collect();
        for (name, team) in gone {
            let before = writing.change.object(kind.singular(), &name).await?;
            if let Some(before) = before.filter(|before| before.team == team) {
                self.actions.push("delete_product".to_owned());
                self.planned.push(Planned { kind, name, team, before: Some(before), body: None });
            }
        }
        if self.published.is_empty() {
            return Ok(());
        }
        let objects = self.objects(all);
        for at in std::mem::take(&mut self.published) {
            let Planned { name, team, .. } = &self.planned[at];
            let made = alone::product_of(&objects, name, team.clone());
            if let Some(made) = made.filter(|made| !is_planned(&self.planned, &made.name)) {
                self.actions.push("create_product".to_owned());
                self.planned.push(made);
            }
        }
        Ok(())
    }

    /// All objects as they are to be.
    pub(super) fn objects(&self, all: &Wanted<'_>) -> Objects {
        revisions::with(&all.dependencies.desired.objects(), &planned_changes(&self.planned))
    }

    /// Tells of every object how it was and how it is.
    pub(super) async fn tell(
        &self,
        writing: &mut Writing<'_>,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        for (Planned { kind, name, team, before, body }, action) in
            self.planned.iter().zip(&self.actions)
        {
            let change = match (before, body) {
                (_, None) => "remove",
                (None, _) => "create",
                (Some(_), _) => "update",
            };
            let done = Done {
                action: action.clone(),
                kind: kind.singular(),
                name: name.clone(),
                team: team.clone(),
                before: before.as_ref().map(|before| hidden(*kind, name, &before.body)),
                after: body.as_ref().map(|body| hidden(*kind, name, body)),
            };
            told.add(writing, (name, change), done).await?;
        }
        Ok(())
    }
}

/// Holds a service to its life; the move that is made of it, if one is.
fn check_life(
    all: &Wanted<'_>,
    one: &Planned,
    reason: Option<&str>,
) -> Result<Option<&'static Move>, ApiError> {
    let Some(before) = one.before.as_ref().filter(|_| one.kind == ObjectKind::Service) else {
        return Ok(None);
    };
    let by_platform = all.call.caller.may(Permission::MoveObjects, None);
    match &one.body {
        None => life::check_removed(&before.body, by_platform).map(|()| None),
        Some(after) => {
            let step = life::moved((&before.body, after), reason)?;
            if let Some(step) = step {
                life::check_resumed(step, &before.body, by_platform)?;
            }
            Ok(step)
        }
    }
}

/// One object as it is and is to be.
async fn plan(
    writing: &mut Writing<'_>,
    wanted: WantedObject,
    pointer: &str,
) -> Result<Planned, ApiError> {
    let WantedObject { kind, name, team, config, if_match, if_none_match } = wanted;
    let Some(kind) = ObjectKind::from_singular(&kind) else {
        let message = format!("no kind of object is named {kind:?}");
        return Err(ApiError::value_fault(&format!("{pointer}/kind"), message));
    };
    check_name(kind, &name).map_err(|_| named_fault(kind, &name, pointer))?;
    if team.is_some() && !kind.may_belong_to_teams() {
        let message = format!("{} belong to no team", kind.plural());
        return Err(ApiError::value_fault(&format!("{pointer}/team"), message));
    }
    let before = writing.change.object(kind.singular(), &name).await?;
    let seen = Seen { if_match: if_match.as_deref(), if_none_match: if_none_match.as_deref() };
    let is = before.as_ref().map(|before| etag(&before.id, before.revision));
    seen.check(&format!("{kind} {name}"), is).map_err(|refusal| refusal.below(pointer))?;
    let body = match config {
        Value::Null => None,
        Value::Object(mut members) => {
            members.remove("team");
            let of_it = |refusal: ApiError| refusal.of_object(&format!("{}/{name}", kind.plural()));
            check_elsewhere(kind, &members).map_err(of_it)?;
            let mut body = Value::Object(members);
            check_plain(&body).map_err(of_it)?;
            keep(kind, before.as_ref(), &mut body).map_err(of_it)?;
            if body.get("name").is_some_and(|own| *own != *name) && !kind.is_only() {
                return Err(named_fault(kind, &name, pointer));
            }
            Some(named(kind, &name, body))
        }
        _ => {
            let message = "the configuration of an object is an object";
            return Err(ApiError::value_fault(&format!("{pointer}/config"), message));
        }
    };
    let team = team.or_else(|| before.as_ref().and_then(|before| before.team.clone()));
    Ok(Planned { kind, name, team, before, body })
}

fn named_fault(kind: ObjectKind, name: &str, pointer: &str) -> ApiError {
    let message = format!("{name:?} is no name of a {kind}, or not the one in its configuration");
    let fault = Fault::at(format!("{pointer}/name"), message.clone());
    ApiError::new(Code::ValueOutOfRange, message).with_faults(vec![fault])
}

//! Many things are made so at once, or none of them: objects, and who calls by subscriptions. One
//! transaction, one row of the audit log, live when it is answered.

use std::collections::HashSet;

use architrave_config::object::{ObjectKind, Objects};
use architrave_config::{SubscriptionState, digest_of_hex};
use architrave_store::{
    Application, NewApplication, NewCredential, NewSubscription, NewTeam, ObjectRow, Page,
    StoreError, Subscription, SubscriptionFilter, Team,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ahead::Ahead;
use super::body::{check_elsewhere, check_name, check_plain, keep};
use super::gate::Override;
use super::put::{Note, Planned, Put, planned_changes, put_all};
use super::revisions;
use super::write::Wanted;
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::{Conditions, etag};
use crate::reply::Reply;
use crate::time::parse_rfc3339;
use crate::usecase::teams::BudgetOfTeam;
use crate::usecase::users::check_display_name;
use crate::usecase::{Done, Writing, applications, subscriptions, teams};

/// Subscriptions and changes that are told one by one.
const TOLD_MAX: usize = 200;
const REASON_CHARS_MAX: usize = 1_000;
const SOURCE_CHARS_MAX: usize = 500;
const KEY_NAME_CHARS_MAX: usize = 100;
/// Keys of an application that are looked at.
const KEYS_MAX: u32 = 1_000;

/// What is to be so, all of it or nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Apply {
    /// Teams that are to be there: those that are not are made, without members.
    #[serde(default)]
    teams: Vec<WantedTeam>,
    #[serde(default)]
    objects: Vec<WantedObject>,
    #[serde(default)]
    applications: Vec<WantedApplication>,
    #[serde(default)]
    subscriptions: Vec<WantedSubscription>,
    /// Whether what breaks callers is published all the same; needs a `reason`.
    #[serde(default)]
    r#override: bool,
    /// Whether subscriptions to plans that go are cancelled; without, such a plan does not go.
    #[serde(default)]
    end_subscriptions: bool,
    /// For the audit log, up to 1,000 characters.
    #[serde(default)]
    reason: Option<String>,
    /// What it comes from, such as the name of a file, for the audit log.
    #[serde(default)]
    source: Option<String>,
}

/// A team that is to be so; what is left out is as it was.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedTeam {
    name: String,
    /// The name, of a team that is made.
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    /// What all of its applications together may use up; all of them hold.
    #[serde(default)]
    #[schema(max_items = 10)]
    budgets: Option<Vec<BudgetOfTeam>>,
}

/// An object that is to be so, or to be gone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedObject {
    /// Such as `route`.
    kind: String,
    name: String,
    /// The team that it is to belong to; as it was where it is left out.
    #[serde(default)]
    team: Option<String>,
    /// Its configuration, as in the gateway file; `null` for gone.
    #[schema(required, value_type = Option<std::collections::BTreeMap<String, Value>>)]
    config: Value,
    /// Its `ETag` as it was seen; without, it is changed whatever it is.
    #[serde(default)]
    if_match: Option<String>,
}

/// An application that is to be so, or to be gone with its credentials and subscriptions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedApplication {
    name: String,
    /// Whether it is to be gone.
    #[serde(default)]
    gone: bool,
    #[serde(default)]
    description: String,
    /// The team that it belongs to. Whose it is is said when it is made, and not changed.
    #[serde(default)]
    team: Option<String>,
    /// The e-mail address of the user that it belongs to, in place of a team.
    #[serde(default)]
    owner: Option<String>,
    /// Keys that it is to have, by their digests; those that it has beside them stay.
    #[serde(default)]
    keys: Vec<WantedKey>,
}

/// A key of which the digest alone is known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedKey {
    /// Its SHA-256 digest, in hexadecimal.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    sha256: String,
    name: String,
    /// What it begins with.
    #[serde(default)]
    prefix: String,
    /// Its last four characters.
    #[serde(default)]
    last4: String,
    /// RFC 3339; where it is left out, it does not end by itself.
    #[serde(default)]
    expires_at: Option<String>,
}

/// A subscription that is to be so.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedSubscription {
    application: String,
    plan: String,
    /// `pending`, `active` or `suspended`; `cancelled` ends it, where there is one.
    #[schema(example = "active")]
    state: String,
    /// Answers to the plan's questions, by the name of each.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    answers: serde_json::Map<String, Value>,
    /// When it began, where that was before and elsewhere (RFC 3339): a deprecated service goes on for
    /// those who were subscribed before.
    #[serde(default)]
    since: Option<String>,
}

/// What was done, for the audit log and the answer.
#[derive(Default)]
struct Told {
    changes: Vec<Value>,
    count: usize,
    ended: Vec<String>,
}

impl Told {
    fn add(&mut self, kind: &str, name: &str, change: &str) {
        self.count += 1;
        if self.changes.len() < TOLD_MAX {
            self.changes.push(json!({ "kind": kind, "name": name, "change": change }));
        }
    }
}

/// Makes all of it so.
pub(crate) async fn apply(
    dependencies: &Dependencies,
    call: &Call,
    wanted: Apply,
) -> Result<Reply, ApiError> {
    let given = Override { is_given: wanted.r#override, reason: wanted.reason.clone() };
    given.check()?;
    for (pointer, text, max) in [
        ("/reason", &wanted.reason, REASON_CHARS_MAX),
        ("/source", &wanted.source, SOURCE_CHARS_MAX),
    ] {
        if text.as_ref().is_some_and(|text| text.chars().count() > max) {
            return Err(ApiError::value_fault(pointer, format!("up to {max} characters")));
        }
    }
    let conditions = Conditions::default();
    let mut held_ahead = Vec::new();
    for one in &wanted.objects {
        if let Some(kind) = ObjectKind::from_singular(&one.kind) {
            let ahead = Ahead::of_body(dependencies, (kind, &one.name), &one.config).await?;
            held_ahead.extend(ahead);
        }
    }
    // Faults are told with the objects that they are of; this is none of them.
    let all = Wanted {
        dependencies,
        call,
        kind: ObjectKind::Policies,
        name: "",
        conditions: &conditions,
    };
    let mut writing = Writing::begin(dependencies, call).await?;
    let mut told = Told::default();
    make_teams(dependencies, &mut writing, &wanted.teams, &mut told).await?;
    let mut planned = Vec::with_capacity(wanted.objects.len());
    for (at, one) in wanted.objects.into_iter().enumerate() {
        let pointer = format!("/objects/{at}");
        planned.push(plan(&mut writing, one, &pointer, &mut told).await?);
    }
    let changes = planned_changes(&planned);
    let objects = revisions::with(&dependencies.desired.objects(), &changes);
    let mut callers = Callers { dependencies, call, writing: &mut writing, objects: &objects };
    // What ends first: a plan may go with the last of its subscriptions.
    for (at, one) in wanted.subscriptions.iter().enumerate().filter(|(_, one)| one.is_over()) {
        callers.subscription(one, &format!("/subscriptions/{at}"), &mut told).await?;
    }
    for one in wanted.applications.iter().filter(|one| one.gone) {
        callers.remove(one, &mut told).await?;
    }
    callers.end_with_plans(&planned, wanted.end_subscriptions, &mut told).await?;
    let why = wanted.reason.as_deref().unwrap_or("apply");
    let note = Note { why, given: &given };
    let put = match planned.is_empty() {
        true => None,
        false => Some(put_all(&all, &mut writing, &planned, note).await?),
    };
    let mut callers = Callers { dependencies, call, writing: &mut writing, objects: &objects };
    for (at, one) in wanted.applications.iter().enumerate().filter(|(_, one)| !one.gone) {
        callers.application(one, &format!("/applications/{at}"), &mut told).await?;
    }
    for (at, one) in wanted.subscriptions.iter().enumerate().filter(|(_, one)| !one.is_over()) {
        callers.subscription(one, &format!("/subscriptions/{at}"), &mut told).await?;
    }
    let (staged, overridden) = match put {
        Some(Put { staged, overridden, .. }) => (Some(staged), overridden),
        None => (None, None),
    };
    let Told { changes, count, ended } = told;
    let answer = json!({
        "changes": count,
        "override": overridden,
        "ended_subscriptions": ended,
    });
    let after = json!({
        "changes": changes,
        "count": count,
        "reason": wanted.reason,
        "override": overridden,
        "ended_subscriptions": ended,
    });
    let done = Done {
        action: "apply".to_owned(),
        kind: "file",
        name: wanted.source.unwrap_or_default(),
        after: Some(after),
        ..Done::default()
    };
    let is_live = !writing.validates_only();
    let reply = writing.end(done, Reply::ok(&answer)).await?;
    if is_live {
        if let Some(staged) = staged {
            staged.go_live().await;
        }
        // After the plans that they may name.
        dependencies.directory.catch_up().await;
    }
    Ok(reply)
}

async fn make_teams(
    dependencies: &Dependencies,
    writing: &mut Writing<'_>,
    wanted: &[WantedTeam],
    told: &mut Told,
) -> Result<(), ApiError> {
    for (at, team) in wanted.iter().enumerate() {
        let made = make_team(dependencies, writing, team, told).await;
        made.map_err(|refusal| refusal.below(&format!("/teams/{at}")))?;
    }
    Ok(())
}

async fn make_team(
    dependencies: &Dependencies,
    writing: &mut Writing<'_>,
    wanted: &WantedTeam,
    told: &mut Told,
) -> Result<(), ApiError> {
    let WantedTeam { name, display_name, description, budgets } = wanted;
    if !architrave_core::name::check(name) {
        return Err(ApiError::value_fault("/name", "names are 1 to 63 of a-z, 0-9 and -"));
    }
    if let Some(display_name) = display_name {
        check_display_name(display_name)?;
    }
    if let Some(description) = description {
        teams::check_description(description)?;
    }
    let budgets = budgets.as_deref().map(teams::checked_budgets).transpose()?;
    let (before, change) = match writing.change.team(name).await? {
        Some(team) => (team, "update"),
        None => {
            let display_name = display_name.clone().unwrap_or_else(|| name.clone());
            let description = description.clone().unwrap_or_default();
            let new = NewTeam { name: name.clone(), display_name, description };
            (writing.change.insert_team(new).await?, "create")
        }
    };
    let after = Team {
        display_name: display_name.clone().unwrap_or_else(|| before.display_name.clone()),
        description: description.clone().unwrap_or_else(|| before.description.clone()),
        budgets: budgets.unwrap_or_else(|| before.budgets.clone()),
        ..before.clone()
    };
    if after.budgets != before.budgets {
        teams::check_budgets_origin(dependencies, name)?;
    }
    let is_other = after != before;
    if is_other {
        writing.change.update_team(after).await?;
    }
    if is_other || change == "create" {
        told.add("team", name, change);
    }
    Ok(())
}

/// One object as it is and is to be.
async fn plan(
    writing: &mut Writing<'_>,
    wanted: WantedObject,
    pointer: &str,
    told: &mut Told,
) -> Result<Planned, ApiError> {
    let WantedObject { kind, name, team, config, if_match } = wanted;
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
    check_seen(kind, &name, if_match.as_deref(), before.as_ref())?;
    let change = match (&config, &before) {
        (Value::Null, _) => "remove",
        (_, None) => "create",
        (_, Some(_)) => "update",
    };
    told.add(kind.singular(), &name, change);
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
            Some(super::read::named(kind, &name, body))
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
    ApiError::value_fault(&format!("{pointer}/name"), message)
}

/// Nobody else has written it since it was seen.
fn check_seen(
    kind: ObjectKind,
    name: &str,
    seen: Option<&str>,
    before: Option<&ObjectRow>,
) -> Result<(), ApiError> {
    let is = before.map(|before| etag(&before.id, before.revision));
    match seen {
        Some(seen) if is.as_deref() != Some(seen) => {
            let message = format!("{kind} {name} has changed since it was read");
            Err(ApiError::new(Code::PreconditionFailed, message).with_etag(is))
        }
        _ => Ok(()),
    }
}

impl WantedSubscription {
    fn is_over(&self) -> bool {
        SubscriptionState::of(&self.state).is_some_and(SubscriptionState::is_over)
    }
}

/// Who calls by subscriptions, as it is written.
struct Callers<'a, 'w> {
    dependencies: &'a Dependencies,
    call: &'a Call,
    writing: &'a mut Writing<'w>,
    /// As they are to be.
    objects: &'a Objects,
}

impl Callers<'_, '_> {
    /// Refuses to let plans go that somebody is subscribed to, and names them; or ends what they
    /// have.
    async fn end_with_plans(
        &mut self,
        planned: &[Planned],
        ends: bool,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let mut faults = Vec::new();
        let gone = planned.iter().filter(|one| one.kind == ObjectKind::Plan && one.body.is_none());
        for plan in gone {
            let filter = SubscriptionFilter {
                plan: Some(plan.name.clone()),
                ..SubscriptionFilter::default()
            };
            for subscription in self.living(&filter).await? {
                if ends {
                    let reason = format!("the plan {} goes", plan.name);
                    told.ended.push(said(&subscription));
                    subscriptions::cancel(self.writing, self.call, subscription, &reason).await?;
                } else {
                    let Subscription { application_name, state, .. } = &subscription;
                    let message = format!("{application_name} has a subscription that is {state}");
                    faults.push(
                        Fault::at("", message).of_object(Some(format!("plans/{}", plan.name))),
                    );
                }
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        let count = faults.len();
        faults.truncate(TOLD_MAX);
        let subscriptions = if count == 1 { "subscription is" } else { "subscriptions are" };
        let message = format!(
            "{count} {subscriptions} to plans that would go; cancel them first, or send \
             `\"end_subscriptions\": true`"
        );
        Err(ApiError::new(Code::ObjectInUse, message).with_faults(faults))
    }

    /// Subscriptions that are not over.
    async fn living(&mut self, filter: &SubscriptionFilter) -> Result<Vec<Subscription>, ApiError> {
        let (mut living, mut page) = (Vec::new(), Page::first(500));
        loop {
            let (rows, next) = self.writing.change.subscriptions(filter, &page).await?;
            living.extend(rows.into_iter().filter(|row| {
                SubscriptionState::of(&row.state).is_some_and(|state| !state.is_over())
            }));
            match next {
                Some(after) => page.after = Some(after),
                None => return Ok(living),
            }
        }
    }

    async fn remove(
        &mut self,
        wanted: &WantedApplication,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let Some(application) = self.writing.change.application(&wanted.name).await? else {
            return Ok(());
        };
        self.writing.change.remove_application(&application).await?;
        told.add("application", &wanted.name, "remove");
        Ok(())
    }

    async fn application(
        &mut self,
        wanted: &WantedApplication,
        pointer: &str,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let WantedApplication { name, description, team, owner, .. } = wanted;
        let at = |key: &str| format!("{pointer}/{key}");
        if !architrave_core::name::check(name) {
            let message = "names are 1 to 63 of a-z, 0-9 and -";
            return Err(ApiError::value_fault(&at("name"), message));
        }
        applications::check_description(description).map_err(|refusal| refusal.below(pointer))?;
        if team.is_some() && owner.is_some() {
            let message = "it belongs to a team or to a user";
            return Err(ApiError::value_fault(&at("owner"), message));
        }
        let before = self.writing.change.application(name).await?;
        let owner = self.user(owner.as_deref(), &at("owner")).await?;
        let application = match before {
            Some(before) => {
                // Who has its keys would otherwise go on with what is another's.
                let is_said = team.is_some() || owner.is_some();
                if is_said && (before.team != *team || before.owner != owner) {
                    let key = if team.is_some() { "team" } else { "owner" };
                    let message = format!(
                        "the application {name} is there and belongs to another; whose it is is \
                         not changed"
                    );
                    return Err(ApiError::value_fault(&at(key), message));
                }
                let is_same = before.description == *description;
                let mut application = before;
                if !is_same {
                    application.description.clone_from(description);
                    application = self.writing.change.update_application(application).await?;
                    told.add("application", name, "update");
                }
                application
            }
            None => {
                self.check_free(name, pointer)?;
                let new = NewApplication {
                    name: name.clone(),
                    description: description.clone(),
                    team: team.clone(),
                    owner,
                };
                let made = self.writing.change.insert_application(new).await;
                told.add("application", name, "create");
                made.map_err(|error| teams::missing(error, team.as_deref()))?
            }
        };
        self.keys(&application, &wanted.keys, pointer, told).await
    }

    /// To services and in logs both are known by their names alone.
    fn check_free(&self, name: &str, pointer: &str) -> Result<(), ApiError> {
        let snapshot = self.dependencies.directory.snapshot();
        let is_of_file = snapshot.applications.iter().any(|it| it.name.as_str() == name);
        let taken = if self.objects.get(ObjectKind::Consumer, name).is_some() {
            format!("a consumer is named {name}")
        } else if is_of_file {
            format!("an application of the gateway file is named {name}")
        } else {
            return Ok(());
        };
        Err(ApiError::new(Code::NameTaken, taken.clone())
            .with_faults(vec![Fault::at(format!("{pointer}/name"), taken)]))
    }

    async fn user(
        &mut self,
        email: Option<&str>,
        pointer: &str,
    ) -> Result<Option<String>, ApiError> {
        let Some(email) = email else { return Ok(None) };
        let user = self.writing.change.user_by_email(&email.to_ascii_lowercase()).await?;
        let message = || format!("nobody signs in as {email} here: invite them first");
        let user = user.ok_or_else(|| ApiError::value_fault(pointer, message()))?;
        Ok(Some(user.id))
    }

    /// Adds the keys that an application does not have.
    async fn keys(
        &mut self,
        application: &Application,
        wanted: &[WantedKey],
        pointer: &str,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let page = Page::first(KEYS_MAX);
        let (known, _) = self.writing.change.credentials_of(&application.id, &page).await?;
        let known: HashSet<[u8; 32]> = known.iter().map(|key| key.secret_hash).collect();
        let now = self.writing.change.at();
        for (at, key) in wanted.iter().enumerate() {
            let pointer = format!("{pointer}/keys/{at}");
            let new = key.read(&application.id, &pointer)?;
            if known.contains(&new.secret_hash) || new.expires_at.is_some_and(|end| end <= now) {
                continue;
            }
            // What the file was written from may be older than the end of the key.
            if self.writing.change.has_ended(&new.secret_hash).await? {
                continue;
            }
            let inserted = self.writing.change.insert_credential(new).await;
            inserted.map_err(|error| match error {
                StoreError::Taken(_) => {
                    let message = "another application has this key already";
                    ApiError::new(Code::NameTaken, message)
                        .with_faults(vec![Fault::at(pointer, message)])
                }
                other => other.into(),
            })?;
            told.add("credential", &application.name, "create");
        }
        Ok(())
    }

    async fn subscription(
        &mut self,
        wanted: &WantedSubscription,
        pointer: &str,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let WantedSubscription { application, plan, state, answers, since } = wanted;
        let at = |key: &str| format!("{pointer}/{key}");
        let Some(state) = SubscriptionState::of(state) else {
            let message = "state is pending, active, suspended or cancelled";
            return Err(ApiError::value_fault(&at("state"), message));
        };
        if !answers.values().all(Value::is_string) {
            return Err(ApiError::value_fault(&at("answers"), "answers are texts"));
        }
        let since = since.as_deref().map(|text| read_time(text, &at("since"))).transpose()?;
        let Some(of) = self.writing.change.application(application).await? else {
            if state.is_over() {
                return Ok(());
            }
            let message = format!("no application is named {application}");
            return Err(ApiError::value_fault(&at("application"), message));
        };
        let filter = SubscriptionFilter {
            application: Some(of.id.clone()),
            plan: Some(plan.clone()),
            ..SubscriptionFilter::default()
        };
        let living = self.living(&filter).await?.pop();
        let name = format!("{application} to {plan}");
        match living {
            None if state.is_over() => {}
            Some(living) if state.is_over() => {
                told.ended.push(said(&living));
                told.add("subscription", &name, "remove");
                subscriptions::cancel(self.writing, self.call, living, "apply").await?;
            }
            Some(living) if living.state == state.as_str() => {}
            Some(living) => {
                let moved = (state.as_str(), "apply");
                self.writing.change.move_subscription(living, moved).await?;
                told.add("subscription", &name, "update");
            }
            None => {
                let held = self.objects.get(ObjectKind::Plan, plan);
                let product = held.and_then(|held| held.object.body.get("product")?.as_str());
                let Some(product) = product else {
                    let message = format!("no plan is named {plan}");
                    return Err(ApiError::value_fault(&at("plan"), message));
                };
                let new = NewSubscription {
                    application: of.id,
                    plan: plan.clone(),
                    product: product.to_owned(),
                    state: state.as_str().to_owned(),
                    answers: Value::Object(answers.clone()),
                    requested_by: self.call.caller.actor().to_owned(),
                    since,
                };
                self.writing.change.insert_subscription(new).await?;
                told.add("subscription", &name, "create");
            }
        }
        Ok(())
    }
}

fn said(subscription: &Subscription) -> String {
    format!("{} to {}", subscription.application_name, subscription.plan)
}

impl WantedKey {
    fn read(&self, application: &str, pointer: &str) -> Result<NewCredential, ApiError> {
        let at = |key: &str| format!("{pointer}/{key}");
        let Some(secret_hash) = digest_of_hex(&self.sha256) else {
            let message = "expected a SHA-256 digest of 64 hexadecimal digits";
            return Err(ApiError::value_fault(&at("sha256"), message));
        };
        let fits = |text: &str, max: usize| {
            text.chars().count() <= max && !text.chars().any(char::is_control)
        };
        if self.name.is_empty() || !fits(&self.name, KEY_NAME_CHARS_MAX) {
            let message = format!("a name has 1 to {KEY_NAME_CHARS_MAX} characters");
            return Err(ApiError::value_fault(&at("name"), message));
        }
        if !fits(&self.prefix, 16) || !fits(&self.last4, 4) {
            let message = "what a key begins and ends with is short";
            return Err(ApiError::value_fault(&at("prefix"), message));
        }
        let expires_at = self.expires_at.as_deref();
        let expires_at = expires_at.map(|text| read_time(text, &at("expires_at")));
        Ok(NewCredential {
            application: application.to_owned(),
            name: self.name.clone(),
            secret_hash,
            prefix: self.prefix.clone(),
            last4: self.last4.clone(),
            expires_at: expires_at.transpose()?,
        })
    }
}

/// A time, in microseconds UTC.
fn read_time(text: &str, pointer: &str) -> Result<i64, ApiError> {
    let message = "expected a time of RFC 3339, such as 2027-01-31T00:00:00Z";
    parse_rfc3339(text).ok_or_else(|| ApiError::value_fault(pointer, message))
}

//! Subscriptions of applications to plans, and how far each is.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::About;
use crate::filter::Filter;
use crate::reads::{Sight, reads};
use crate::{Change, Page, StoreError};

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// `sub_…`.
    pub id: String,
    /// The id of the application.
    pub application: String,
    /// The name of the application.
    pub application_name: String,
    /// The team of the application.
    pub application_team: Option<String>,
    /// The id of the user that the application belongs to, where it is no team's.
    pub application_owner: Option<String>,
    /// The name of the plan.
    pub plan: String,
    /// The name of the plan's product.
    pub product: String,
    /// The team of the product; of one of a file, or that is gone, there is none.
    pub product_team: Option<String>,
    /// How far it is.
    pub state: String,
    /// What was answered to the plan's questions: a JSON object.
    pub answers: serde_json::Value,
    /// Why it is where it is, in the words of who moved it last.
    pub reason: String,
    /// The id of who asked for it.
    pub requested_by: String,
    /// How many times it was written.
    pub revision: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub updated_at: i64,
}

/// A subscription that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSubscription {
    /// The id of the application.
    pub application: String,
    /// The name of the plan.
    pub plan: String,
    /// The name of the plan's product.
    pub product: String,
    /// How far it is.
    pub state: String,
    /// What was answered to the plan's questions: a JSON object.
    pub answers: serde_json::Value,
    /// Why it is where it is.
    pub reason: String,
    /// The id of who asks for it.
    pub requested_by: String,
    /// When it began, in microseconds UTC, where that was earlier and elsewhere.
    pub since: Option<i64>,
}

/// Which subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionFilter {
    /// In this state.
    pub state: Option<String>,
    /// To this plan.
    pub plan: Option<String>,
    /// To plans of this product.
    pub product: Option<String>,
    /// Of the application with this id.
    pub application: Option<String>,
    /// To products of this team.
    pub product_team: Option<String>,
    /// Of applications of this team.
    pub application_team: Option<String>,
    /// Of applications of this user.
    pub application_owner: Option<String>,
}

/// What every query of subscriptions begins with.
macro_rules! subscriptions {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.application, a.name AS application_name, \
             a.team AS application_team, a.owner AS application_owner, s.plan, s.product, \
             o.team AS product_team, s.state, s.answers, s.reason, s.requested_by, s.revision, \
             s.created_at, s.updated_at \
             FROM subscriptions s JOIN applications a ON a.id = s.application \
             LEFT JOIN objects o ON o.kind = 'product' AND o.name = s.product ",
            $rest
        )
    };
}

reads! {
    /// One subscription, by id.
    fn subscription(id: &str) -> Option<Subscription>;

    /// Subscriptions, by id, so the oldest first.
    fn subscriptions(
        filter: &SubscriptionFilter,
        page: &Page,
    ) -> (Vec<Subscription>, Option<String>);

    /// The subscription of an application, by its id, to a plan that is not over: there is one at most.
    fn living_subscription(application: &str, plan: &str) -> Option<Subscription>;

    /// How many subscriptions to a plan are not over.
    fn living_subscriptions_to(plan: &str) -> i64;
}

async fn subscription(sight: Sight<'_>, id: &str) -> Result<Option<Subscription>, StoreError> {
    let query = sqlx::query(subscriptions!("WHERE s.id = $1")).bind(id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn subscriptions(
    sight: Sight<'_>,
    filter: &SubscriptionFilter,
    page: &Page,
) -> Result<(Vec<Subscription>, Option<String>), StoreError> {
    let mut query = Filter::new(subscriptions!("WHERE s.id <> ''"));
    query.text("s.id >", Some(page.start()));
    query.text("s.state =", filter.state.as_deref());
    query.text("s.plan =", filter.plan.as_deref());
    query.text("s.product =", filter.product.as_deref());
    query.text("s.application =", filter.application.as_deref());
    query.text("o.team =", filter.product_team.as_deref());
    query.text("a.team =", filter.application_team.as_deref());
    query.text("a.owner =", filter.application_owner.as_deref());
    let rows = query.end("ORDER BY s.id", page.limit()).fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |subscription: &Subscription| subscription.id.clone()))
}

async fn living_subscription(
    sight: Sight<'_>,
    application: &str,
    plan: &str,
) -> Result<Option<Subscription>, StoreError> {
    // As the index `subscriptions_once` has it: however many there are to the plan, one is looked at.
    let query = sqlx::query(subscriptions!(
        "WHERE s.application = $1 AND s.plan = $2 \
         AND s.state IN ('pending', 'active', 'suspended')"
    ));
    let query = query.bind(application).bind(plan);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn living_subscriptions_to(sight: Sight<'_>, plan: &str) -> Result<i64, StoreError> {
    let query = sqlx::query_scalar(
        "SELECT COUNT(*) FROM subscriptions \
         WHERE plan = $1 AND state IN ('pending', 'active', 'suspended')",
    );
    Ok(query.bind(plan).fetch_one(sight.on).await?)
}

impl Change {
    /// Writes a subscription.
    ///
    /// # Errors
    /// When the application has one to the plan that is not over ([`StoreError::Taken`]), there is
    /// no such application ([`StoreError::Missing`]), or the database fails.
    pub async fn insert_subscription(
        &mut self,
        new: NewSubscription,
    ) -> Result<Subscription, StoreError> {
        let (id, at) = (self.new_id("sub")?, self.at());
        let statement = sqlx::query(
            "INSERT INTO subscriptions (id, application, plan, product, state, answers, reason, \
             requested_by, revision, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10)",
        );
        let statement = statement.bind(&id).bind(&new.application).bind(&new.plan);
        let statement = statement.bind(&new.product).bind(&new.state);
        let statement = statement.bind(new.answers.to_string()).bind(&new.reason);
        let statement = statement.bind(&new.requested_by);
        let statement = statement.bind(new.since.map_or(at, |since| since.min(at))).bind(at);
        let run = self.run(statement).await;
        let what = format!("a subscription to {:?}", new.plan);
        let about = About::NewOf(&what, "application");
        run.map_err(|error| StoreError::about(error, about))?;
        self.touch_application(&new.application).await?;
        let written = subscription(self.sight(), &id).await?;
        written.ok_or(StoreError::Missing(what))
    }

    /// Moves a subscription in the revision of `subscription` to another state; returns it as it is
    /// then.
    ///
    /// # Errors
    /// When it is not there as that any more ([`StoreError::Stale`]), or the database fails.
    pub async fn move_subscription(
        &mut self,
        mut subscription: Subscription,
        (state, reason): (&str, &str),
    ) -> Result<Subscription, StoreError> {
        let at = self.at();
        let statement = sqlx::query(
            "UPDATE subscriptions SET state = $1, reason = $2, updated_at = $3, \
             revision = revision + 1 WHERE id = $4 AND revision = $5",
        );
        let statement = statement.bind(state).bind(reason).bind(at);
        let statement = statement.bind(&subscription.id).bind(subscription.revision);
        if self.run(statement).await? == 0 {
            return Err(StoreError::Stale(format!("subscription {}", subscription.id)));
        }
        self.touch_application(&subscription.application).await?;
        state.clone_into(&mut subscription.state);
        reason.clone_into(&mut subscription.reason);
        subscription.updated_at = at;
        subscription.revision += 1;
        Ok(subscription)
    }
}

impl Change {
    /// Writes anew what was answered to the plan's questions by a subscription in the revision of
    /// `subscription`; returns it as it is then.
    ///
    /// # Errors
    /// When it is not there as that any more ([`StoreError::Stale`]), or the database fails.
    pub async fn answer_subscription(
        &mut self,
        mut subscription: Subscription,
        answers: serde_json::Value,
    ) -> Result<Subscription, StoreError> {
        let at = self.at();
        let statement = sqlx::query(
            "UPDATE subscriptions SET answers = $1, updated_at = $2, revision = revision + 1 \
             WHERE id = $3 AND revision = $4",
        );
        let statement = statement.bind(answers.to_string()).bind(at);
        let statement = statement.bind(&subscription.id).bind(subscription.revision);
        if self.run(statement).await? == 0 {
            return Err(StoreError::Stale(format!("subscription {}", subscription.id)));
        }
        subscription.answers = answers;
        subscription.updated_at = at;
        subscription.revision += 1;
        Ok(subscription)
    }
}

fn row(row: &AnyRow) -> Result<Subscription, StoreError> {
    let id: String = row.try_get("id")?;
    let answers: String = row.try_get("answers")?;
    let damaged = |_| StoreError::Damaged(format!("subscription {id}"));
    Ok(Subscription {
        application: row.try_get("application")?,
        application_name: row.try_get("application_name")?,
        application_team: row.try_get("application_team")?,
        application_owner: row.try_get("application_owner")?,
        plan: row.try_get("plan")?,
        product: row.try_get("product")?,
        product_team: row.try_get("product_team")?,
        state: row.try_get("state")?,
        answers: serde_json::from_str(&answers).map_err(damaged)?,
        reason: row.try_get("reason")?,
        requested_by: row.try_get("requested_by")?,
        revision: row.try_get("revision")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        id,
    })
}

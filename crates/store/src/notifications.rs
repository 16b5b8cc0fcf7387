//! Notifications: what somebody is told of what others have done, until they have read it.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::filter::Filter;
use crate::reads::{Sight, reads};
use crate::{Change, Page, StoreError};

/// Something that a user is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// `ntf_…`.
    pub id: String,
    /// The id of the user that is told.
    pub user: String,
    /// What it is about, such as `subscription_approved`.
    pub kind: String,
    /// The id of the thing that it is about.
    pub subject: String,
    /// What is told, for people.
    pub message: String,
    /// What is told, for programs: a JSON object.
    pub details: serde_json::Value,
    /// Microseconds UTC.
    pub created_at: i64,
    /// When it was read, in microseconds UTC.
    pub read_at: Option<i64>,
}

/// Something that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotification {
    /// What it is about, such as `subscription_approved`.
    pub kind: String,
    /// The id of the thing that it is about.
    pub subject: String,
    /// What is told, for people.
    pub message: String,
    /// What is told, for programs: a JSON object.
    pub details: serde_json::Value,
}

reads! {
    /// What a user was told, by id, so the oldest first; only what was not read, where `unread`.
    fn notifications_of(
        user: &str,
        unread: bool,
        page: &Page,
    ) -> (Vec<Notification>, Option<String>);

    /// One notification of a user, by id.
    fn notification(user: &str, id: &str) -> Option<Notification>;

    /// The ids of the users who have a role of a list in a team; without a team, those who have it
    /// in the whole gateway. Only those who may sign in.
    fn users_with_role(team: Option<&str>, role: &str) -> Vec<String>;

    /// The ids of the users in a team. Only those who may sign in.
    fn users_of_team(team: &str) -> Vec<String>;
}

const ALL: &str = "SELECT id, user_id, kind, subject, message, details, created_at, read_at \
                   FROM notifications WHERE id <> ''";

async fn notifications_of(
    sight: Sight<'_>,
    user: &str,
    unread: bool,
    page: &Page,
) -> Result<(Vec<Notification>, Option<String>), StoreError> {
    let mut query = Filter::new(ALL);
    query.text("user_id =", Some(user));
    query.text("id >", Some(page.start()));
    // What was not read has no time; compared with nothing, every other has one.
    query.number("COALESCE(read_at, 0) =", unread.then_some(0));
    let rows = query.end("ORDER BY id", page.limit()).fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |notification: &Notification| notification.id.clone()))
}

async fn notification(
    sight: Sight<'_>,
    user: &str,
    id: &str,
) -> Result<Option<Notification>, StoreError> {
    let mut query = Filter::new(ALL);
    query.text("user_id =", Some(user));
    query.text("id =", Some(id));
    let rows = query.end("ORDER BY id", 1).fetch_all(sight.on).await?;
    rows.first().map(row).transpose()
}

async fn users_with_role(
    sight: Sight<'_>,
    team: Option<&str>,
    role: &str,
) -> Result<Vec<String>, StoreError> {
    let query = match team {
        Some(team) => sqlx::query_scalar(
            "SELECT u.id FROM memberships m JOIN users u ON u.id = m.user_id \
             WHERE m.team = $1 AND m.role = $2 AND u.state = 'active' ORDER BY u.id",
        )
        .bind(team)
        .bind(role),
        None => sqlx::query_scalar(
            "SELECT id FROM users WHERE role = $1 AND state = 'active' ORDER BY id",
        )
        .bind(role),
    };
    Ok(query.fetch_all(sight.on).await?)
}

async fn users_of_team(sight: Sight<'_>, team: &str) -> Result<Vec<String>, StoreError> {
    let query = sqlx::query_scalar(
        "SELECT u.id FROM memberships m JOIN users u ON u.id = m.user_id \
         WHERE m.team = $1 AND u.state = 'active' ORDER BY u.id",
    );
    Ok(query.bind(team).fetch_all(sight.on).await?)
}

impl Change {
    /// Tells users something.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notify(
        &mut self,
        users: &[String],
        new: &NewNotification,
    ) -> Result<(), StoreError> {
        for user in users {
            let (id, at) = (self.new_id("ntf")?, self.at());
            let statement = sqlx::query(
                "INSERT INTO notifications (id, user_id, kind, subject, message, details, \
                 created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            );
            let statement = statement.bind(&id).bind(user).bind(&new.kind).bind(&new.subject);
            let statement = statement.bind(&new.message).bind(new.details.to_string()).bind(at);
            self.run(statement).await?;
        }
        Ok(())
    }

    /// Notes that a user has read something; that stays when it was read first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read_notification(&mut self, one: &mut Notification) -> Result<(), StoreError> {
        let at = self.at();
        let statement =
            sqlx::query("UPDATE notifications SET read_at = $1 WHERE id = $2 AND read_at IS NULL");
        if self.run(statement.bind(at).bind(&one.id)).await? > 0 {
            one.read_at = Some(at);
        }
        Ok(())
    }
}

fn row(row: &AnyRow) -> Result<Notification, StoreError> {
    let id: String = row.try_get("id")?;
    let details: String = row.try_get("details")?;
    let damaged = |_| StoreError::Damaged(format!("notification {id}"));
    Ok(Notification {
        user: row.try_get("user_id")?,
        kind: row.try_get("kind")?,
        subject: row.try_get("subject")?,
        message: row.try_get("message")?,
        details: serde_json::from_str(&details).map_err(damaged)?,
        created_at: row.try_get("created_at")?,
        read_at: row.try_get("read_at")?,
        id,
    })
}

//! Applications: who calls by subscriptions, and what changed of them since a generation.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::About;
use crate::reads::{Sight, reads};
use crate::sessions::hash;
use crate::{Change, Page, StoreError};

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// `app_…`.
    pub id: String,
    /// One application's alone.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The team that it belongs to.
    pub team: Option<String>,
    /// The id of the user that it belongs to, where it is no team's.
    pub owner: Option<String>,
    /// How many times it was written; its credentials and subscriptions aside.
    pub revision: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub updated_at: i64,
}

/// An application that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApplication {
    /// One application's alone.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The team that it belongs to.
    pub team: Option<String>,
    /// The id of the user that it belongs to, where it is no team's.
    pub owner: Option<String>,
}

/// What is other of applications since a generation; of what is in it, all is as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationNews {
    /// The generation that it is of: where to go on from.
    pub changed: i64,
    /// Those that are there, each with what the data plane needs of it.
    pub there: Vec<KnownApplication>,
    /// The names of those that are gone.
    pub gone: Vec<String>,
}

/// An application with what the data plane needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownApplication {
    /// Its name.
    pub name: String,
    /// The team that it belongs to.
    pub team: Option<String>,
    /// The digests of its keys that were not revoked, each with when it ends by itself, in
    /// microseconds UTC.
    pub keys: Vec<([u8; 32], Option<i64>)>,
    /// The plans of its subscriptions that are not over, each with its state and when it was made,
    /// in microseconds UTC; the oldest first.
    pub subscriptions: Vec<(String, String, i64)>,
}

/// The states of subscriptions that are not over.
const LIVING: [&str; 3] = ["pending", "active", "suspended"];

/// What every query of applications begins with.
macro_rules! applications {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, description, team, owner, revision, created_at, updated_at \
             FROM applications ",
            $rest
        )
    };
}

reads! {
    /// One application, by name.
    fn application(name: &str) -> Option<Application>;

    /// One application, by id.
    fn application_by_id(id: &str) -> Option<Application>;

    /// Applications, by name.
    fn applications(page: &Page) -> (Vec<Application>, Option<String>);

    /// The applications of a team, by name.
    fn applications_of_team(team: &str, page: &Page) -> (Vec<Application>, Option<String>);

    /// The applications of a user, by name.
    fn applications_of_user(user: &str, page: &Page) -> (Vec<Application>, Option<String>);

    /// What is other of applications since a generation; 0 for all of them.
    fn application_news(since: i64) -> ApplicationNews;
}

async fn application(sight: Sight<'_>, name: &str) -> Result<Option<Application>, StoreError> {
    let query = sqlx::query(applications!("WHERE name = $1")).bind(name);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn application_by_id(sight: Sight<'_>, id: &str) -> Result<Option<Application>, StoreError> {
    let query = sqlx::query(applications!("WHERE id = $1")).bind(id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn applications(
    sight: Sight<'_>,
    page: &Page,
) -> Result<(Vec<Application>, Option<String>), StoreError> {
    let query = sqlx::query(applications!("WHERE name > $1 ORDER BY name LIMIT $2"));
    let rows = query.bind(page.start()).bind(page.limit()).fetch_all(sight.on).await?;
    cut(&rows, page)
}

async fn applications_of_team(
    sight: Sight<'_>,
    team: &str,
    page: &Page,
) -> Result<(Vec<Application>, Option<String>), StoreError> {
    let query = sqlx::query(applications!("WHERE team = $1 AND name > $2 ORDER BY name LIMIT $3"));
    let query = query.bind(team).bind(page.start()).bind(page.limit());
    cut(&query.fetch_all(sight.on).await?, page)
}

async fn applications_of_user(
    sight: Sight<'_>,
    user: &str,
    page: &Page,
) -> Result<(Vec<Application>, Option<String>), StoreError> {
    let query = sqlx::query(applications!("WHERE owner = $1 AND name > $2 ORDER BY name LIMIT $3"));
    let query = query.bind(user).bind(page.start()).bind(page.limit());
    cut(&query.fetch_all(sight.on).await?, page)
}

fn cut(rows: &[AnyRow], page: &Page) -> Result<(Vec<Application>, Option<String>), StoreError> {
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |application: &Application| application.name.clone()))
}

async fn application_news(sight: Sight<'_>, since: i64) -> Result<ApplicationNews, StoreError> {
    // First which they are: what is written in between has a later generation, and is read again.
    let query = sqlx::query("SELECT id, name, team, changed FROM applications WHERE changed > $1");
    let rows = query.bind(since).fetch_all(&mut *sight.on).await?;
    let gone = sqlx::query("SELECT name, changed FROM application_removals WHERE changed > $1");
    let gone_rows = gone.bind(since).fetch_all(&mut *sight.on).await?;
    let mut news = ApplicationNews { changed: since, ..ApplicationNews::default() };
    let mut ids = std::collections::HashMap::with_capacity(rows.len());
    for row in &rows {
        let changed: i64 = row.try_get("changed")?;
        news.changed = news.changed.max(changed);
        let id: String = row.try_get("id")?;
        ids.insert(id, news.there.len());
        news.there.push(KnownApplication {
            name: row.try_get("name")?,
            team: row.try_get("team")?,
            keys: Vec::new(),
            subscriptions: Vec::new(),
        });
    }
    for row in &gone_rows {
        let changed: i64 = row.try_get("changed")?;
        news.changed = news.changed.max(changed);
        news.gone.push(row.try_get("name")?);
    }
    if news.there.is_empty() {
        return Ok(news);
    }
    // Asked by the few that are other, not by all keys that there are.
    let keys = sqlx::query(
        "SELECT application, secret_hash, expires_at FROM credentials \
         WHERE application IN (SELECT id FROM applications WHERE changed > $1) \
         AND revoked_at IS NULL",
    );
    for row in &keys.bind(since).fetch_all(&mut *sight.on).await? {
        let application: String = row.try_get("application")?;
        let Some(place) = ids.get(&application) else { continue };
        let key = (hash(row, "secret_hash")?, row.try_get("expires_at")?);
        news.there[*place].keys.push(key);
    }
    let subscriptions = sqlx::query(
        "SELECT application, id, plan, state, created_at FROM subscriptions \
         WHERE application IN (SELECT id FROM applications WHERE changed > $1)",
    );
    let mut living: Vec<(String, usize, (String, String, i64))> = Vec::new();
    for row in &subscriptions.bind(since).fetch_all(&mut *sight.on).await? {
        let (application, state): (String, String) =
            (row.try_get("application")?, row.try_get("state")?);
        let place = ids.get(&application).filter(|_| LIVING.contains(&state.as_str()));
        if let Some(place) = place {
            let subscription = (row.try_get("plan")?, state, row.try_get("created_at")?);
            living.push((row.try_get("id")?, *place, subscription));
        }
    }
    living.sort_unstable();
    for (_, place, subscription) in living {
        news.there[place].subscriptions.push(subscription);
    }
    Ok(news)
}

impl Change {
    /// Writes an application that is not there yet.
    ///
    /// # Errors
    /// When another has the name ([`StoreError::Taken`]), there is no such team or user
    /// ([`StoreError::Missing`]), or the database fails.
    pub async fn insert_application(
        &mut self,
        new: NewApplication,
    ) -> Result<Application, StoreError> {
        let (id, at) = (self.new_id("app")?, self.at());
        let changed = self.next_generation().await?;
        let statement = sqlx::query(
            "INSERT INTO applications (id, name, description, team, owner, revision, changed, \
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $7)",
        );
        let statement = statement.bind(&id).bind(&new.name).bind(&new.description);
        let statement = statement.bind(&new.team).bind(&new.owner).bind(changed).bind(at);
        let run = self.run(statement).await;
        run.map_err(|error| failed(error, &new.name, new.team.as_deref()))?;
        let again = sqlx::query("DELETE FROM application_removals WHERE name = $1");
        self.run(again.bind(&new.name)).await?;
        // Nobody else knows its id: no more needs to be noted of it in this change.
        self.touched.insert(id.clone());
        let NewApplication { name, description, team, owner } = new;
        let (revision, created_at, updated_at) = (1, at, at);
        Ok(Application { id, name, description, team, owner, revision, created_at, updated_at })
    }

    /// Writes anew what an application in the revision of `application` is for; returns it as it is
    /// then.
    ///
    /// # Errors
    /// When it is not there as that any more ([`StoreError::Stale`]), or the database fails.
    pub async fn update_application(
        &mut self,
        mut application: Application,
    ) -> Result<Application, StoreError> {
        application.updated_at = self.at();
        let statement = sqlx::query(
            "UPDATE applications SET description = $1, updated_at = $2, revision = revision + 1 \
             WHERE id = $3 AND revision = $4",
        );
        let statement = statement.bind(&application.description).bind(application.updated_at);
        let statement = statement.bind(&application.id).bind(application.revision);
        match self.run(statement).await? {
            0 => Err(StoreError::Stale(words(&application.name))),
            _ => {
                application.revision += 1;
                Ok(application)
            }
        }
    }

    /// Removes an application in the revision of `application`, with its credentials and
    /// subscriptions. Of keys that had ended the digests stay, so that nobody brings them back.
    ///
    /// # Errors
    /// When it is not there as that any more ([`StoreError::Stale`]), or the database fails.
    pub async fn remove_application(
        &mut self,
        application: &Application,
    ) -> Result<(), StoreError> {
        let changed = self.next_generation().await?;
        self.note_ended("application", &application.id).await?;
        let statement = sqlx::query("DELETE FROM applications WHERE id = $1 AND revision = $2");
        if self.run(statement.bind(&application.id).bind(application.revision)).await? == 0 {
            return Err(StoreError::Stale(words(&application.name)));
        }
        let statement = sqlx::query(
            "INSERT INTO application_removals (name, changed) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET changed = excluded.changed",
        );
        self.run(statement.bind(&application.name).bind(changed)).await?;
        let holder = application.team.as_deref().or(application.owner.as_deref());
        self.note_removal(("application", &application.name), holder).await
    }

    /// Notes that something of an application is other from this change on.
    pub(crate) async fn touch_application(&mut self, id: &str) -> Result<(), StoreError> {
        if self.touched.contains(id) {
            return Ok(());
        }
        let changed = self.next_generation().await?;
        let statement = sqlx::query("UPDATE applications SET changed = $1 WHERE id = $2");
        self.run(statement.bind(changed).bind(id)).await?;
        self.touched.insert(id.to_owned());
        Ok(())
    }

    /// The generation that this change will be, as nobody else can commit before it.
    async fn next_generation(&mut self) -> Result<i64, StoreError> {
        if let Some(known) = self.generation {
            return Ok(known);
        }
        let number = sqlx::query_scalar("SELECT number FROM generations WHERE one = 1");
        let number: i64 = number.fetch_one(self.sight().on).await?;
        self.generation = Some(number + 1);
        Ok(number + 1)
    }
}

fn row(row: &AnyRow) -> Result<Application, StoreError> {
    Ok(Application {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        team: row.try_get("team")?,
        owner: row.try_get("owner")?,
        revision: row.try_get("revision")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn failed(error: sqlx::Error, name: &str, team: Option<&str>) -> StoreError {
    let team = format!("team {:?}", team.unwrap_or_default());
    StoreError::about(error, About::NewOf(&words(name), &team))
}

fn words(name: &str) -> String {
    format!("application {name:?}")
}

//! Teams, and who is in them.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::About;
use crate::reads::{Sight, reads};
use crate::{Change, Page, StoreError};

/// A team. Whatever belongs to one names it by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// `team_…`.
    pub id: String,
    /// One team's alone.
    pub name: String,
    /// What it is called.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// What all of its applications together may use up: a list, in the words of a gateway file.
    pub budgets: serde_json::Value,
    /// How many times it was written.
    pub revision: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub updated_at: i64,
}

/// A team that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTeam {
    /// One team's alone.
    pub name: String,
    /// What it is called.
    pub display_name: String,
    /// What it is for.
    pub description: String,
}

/// A user in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The name of the team.
    pub team: String,
    /// The id of the user.
    pub user: String,
    /// What they are in it.
    pub role: String,
    /// Since when they are in it, in microseconds UTC.
    pub created_at: i64,
}

/// What every query of teams begins with.
macro_rules! teams {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, display_name, description, budgets, revision, created_at, \
             updated_at FROM teams ",
            $rest
        )
    };
}

reads! {
    /// One team, by name.
    fn team(name: &str) -> Option<Team>;

    /// Teams, by name.
    fn teams(page: &Page) -> (Vec<Team>, Option<String>);

    /// Of these teams, those whose name another had before, each with the moment until which it had
    /// it, in microseconds UTC.
    fn team_names_had_by_others(teams: &[String]) -> Vec<(String, i64)>;

    /// What teams may use up that may not use up all, by name.
    fn team_budgets() -> Vec<(String, serde_json::Value)>;

    /// One user in one team.
    fn membership(team: &str, user: &str) -> Option<Membership>;

    /// The teams that a user is in, by name.
    fn memberships_of(user: &str) -> Vec<Membership>;

    /// Who is in a team, by id of the user.
    fn members_of(team: &str, page: &Page) -> (Vec<Membership>, Option<String>);
}

async fn team(sight: Sight<'_>, name: &str) -> Result<Option<Team>, StoreError> {
    let query = sqlx::query(teams!("WHERE name = $1")).bind(name);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn teams(sight: Sight<'_>, page: &Page) -> Result<(Vec<Team>, Option<String>), StoreError> {
    let query = sqlx::query(teams!("WHERE name > $1 ORDER BY name LIMIT $2"));
    let rows = query.bind(page.start()).bind(page.limit()).fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |team: &Team| team.name.clone()))
}

async fn team_names_had_by_others(
    sight: Sight<'_>,
    teams: &[String],
) -> Result<Vec<(String, i64)>, StoreError> {
    let query = "SELECT r.name, MAX(r.removed_at) FROM name_removals r \
                 JOIN teams t ON t.name = r.name \
                 WHERE r.kind = 'team' AND r.name = $1 AND r.holder <> t.id GROUP BY r.name";
    let mut names = Vec::new();
    for team in teams {
        names.extend(sqlx::query_as(query).bind(team).fetch_all(&mut *sight.on).await?);
    }
    Ok(names)
}

async fn team_budgets(sight: Sight<'_>) -> Result<Vec<(String, serde_json::Value)>, StoreError> {
    let query = "SELECT name, budgets FROM teams WHERE budgets <> '[]' ORDER BY name";
    let rows = sqlx::query(query).fetch_all(sight.on).await?;
    rows.iter().map(|row| Ok((row.try_get("name")?, budgets(row)?))).collect()
}

async fn membership(
    sight: Sight<'_>,
    team: &str,
    user: &str,
) -> Result<Option<Membership>, StoreError> {
    let query = sqlx::query(
        "SELECT team, user_id, role, created_at FROM memberships WHERE team = $1 AND user_id = $2",
    );
    let found = query.bind(team).bind(user).fetch_optional(sight.on).await?;
    found.as_ref().map(membership_row).transpose()
}

async fn memberships_of(sight: Sight<'_>, user: &str) -> Result<Vec<Membership>, StoreError> {
    let query = sqlx::query(
        "SELECT team, user_id, role, created_at FROM memberships WHERE user_id = $1 ORDER BY team",
    );
    let rows = query.bind(user).fetch_all(sight.on).await?;
    rows.iter().map(membership_row).collect()
}

async fn members_of(
    sight: Sight<'_>,
    team: &str,
    page: &Page,
) -> Result<(Vec<Membership>, Option<String>), StoreError> {
    let query = sqlx::query(
        "SELECT team, user_id, role, created_at FROM memberships \
         WHERE team = $1 AND user_id > $2 ORDER BY user_id LIMIT $3",
    );
    let query = query.bind(team).bind(page.start()).bind(page.limit());
    let rows = query.fetch_all(sight.on).await?;
    let rows = rows.iter().map(membership_row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |member: &Membership| member.user.clone()))
}

impl Change {
    /// Writes a team that is not there yet.
    ///
    /// # Errors
    /// When another has the name ([`StoreError::Taken`]), or the database fails.
    pub async fn insert_team(&mut self, team: NewTeam) -> Result<Team, StoreError> {
        let (id, at) = (self.new_id("team")?, self.at());
        let statement = sqlx::query(
            "INSERT INTO teams (id, name, display_name, description, revision, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, 1, $5, $5)",
        );
        let statement = statement.bind(&id).bind(&team.name).bind(&team.display_name);
        let run = self.run(statement.bind(&team.description).bind(at)).await;
        run.map_err(|error| StoreError::about(error, About::New(&words(&team.name))))?;
        let NewTeam { name, display_name, description } = team;
        Ok(Team {
            id,
            name,
            display_name,
            description,
            budgets: serde_json::json!([]),
            revision: 1,
            created_at: at,
            updated_at: at,
        })
    }

    /// Writes a team anew that is there in the revision of `team`; returns it as it is then. What
    /// belongs to it goes with its name.
    ///
    /// # Errors
    /// When it is not there as that any more ([`StoreError::Stale`]), another has the name
    /// ([`StoreError::Taken`]), or the database fails.
    pub async fn update_team(&mut self, mut team: Team) -> Result<Team, StoreError> {
        team.updated_at = self.at();
        let query = "SELECT name FROM teams WHERE id = $1 AND name <> $2";
        let old_name = sqlx::query_scalar(query).bind(&team.id).bind(&team.name);
        let old_name: Option<String> = old_name.fetch_optional(self.sight().on).await?;
        let statement = sqlx::query(
            "UPDATE teams SET name = $1, display_name = $2, description = $3, budgets = $4, \
             updated_at = $5, revision = revision + 1 WHERE id = $6 AND revision = $7",
        );
        let statement = statement.bind(&team.name).bind(&team.display_name).bind(&team.description);
        let statement = statement.bind(team.budgets.to_string()).bind(team.updated_at);
        let statement = statement.bind(&team.id).bind(team.revision);
        let run = self.run(statement).await;
        match run.map_err(|error| StoreError::about(error, About::New(&words(&team.name))))? {
            0 => Err(StoreError::Stale(words(&team.name))),
            _ => {
                if let Some(name) = old_name {
                    self.note_removal(("team", &name), Some(&team.id)).await?;
                }
                team.revision += 1;
                Ok(team)
            }
        }
    }

    /// Removes a team in the revision of `team`; nobody is in it any more.
    ///
    /// # Errors
    /// When something belongs to it ([`StoreError::InUse`]), it is not there as that any more
    /// ([`StoreError::Stale`]), or the database fails.
    pub async fn remove_team(&mut self, team: &Team) -> Result<(), StoreError> {
        let statement = sqlx::query("DELETE FROM teams WHERE id = $1 AND revision = $2");
        let run = self.run(statement.bind(&team.id).bind(team.revision)).await;
        match run.map_err(|error| StoreError::about(error, About::Old(&words(&team.name))))? {
            0 => Err(StoreError::Stale(words(&team.name))),
            // What was done under the name is shown to no other team that has it later.
            _ => self.note_removal(("team", &team.name), Some(&team.id)).await,
        }
    }

    /// Puts a user into a team, or gives them another role in it.
    ///
    /// # Errors
    /// When there is no such team or user ([`StoreError::Missing`]), or the database fails.
    pub async fn put_membership(
        &mut self,
        team: &str,
        user: &str,
        role: &str,
    ) -> Result<Membership, StoreError> {
        let statement = sqlx::query(
            "INSERT INTO memberships (team, user_id, role, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (team, user_id) DO UPDATE SET role = excluded.role",
        );
        let run = self.run(statement.bind(team).bind(user).bind(role).bind(self.at())).await;
        let both = format!("team {team:?} or user {user}");
        run.map_err(|error| StoreError::about(error, About::NewOf(&both, &both)))?;
        let written = membership(self.sight(), team, user).await?;
        written.ok_or(StoreError::Missing(both))
    }

    /// Takes a user out of a team; `false` when they were not in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_membership(&mut self, team: &str, user: &str) -> Result<bool, StoreError> {
        let statement = sqlx::query("DELETE FROM memberships WHERE team = $1 AND user_id = $2");
        Ok(self.run(statement.bind(team).bind(user)).await? > 0)
    }
}

fn row(row: &AnyRow) -> Result<Team, StoreError> {
    Ok(Team {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        display_name: row.try_get("display_name")?,
        description: row.try_get("description")?,
        budgets: budgets(row)?,
        revision: row.try_get("revision")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn budgets(row: &AnyRow) -> Result<serde_json::Value, StoreError> {
    let (name, budgets): (String, String) = (row.try_get("name")?, row.try_get("budgets")?);
    serde_json::from_str(&budgets)
        .map_err(|_| StoreError::Damaged(format!("the budgets of {}", words(&name))))
}

fn membership_row(row: &AnyRow) -> Result<Membership, StoreError> {
    Ok(Membership {
        team: row.try_get("team")?,
        user: row.try_get("user_id")?,
        role: row.try_get("role")?,
        created_at: row.try_get("created_at")?,
    })
}

fn words(name: &str) -> String {
    format!("team {name:?}")
}

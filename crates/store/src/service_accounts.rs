//! Service accounts: programs that use the API with tokens of their own.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::error::About;
use crate::reads::{Sight, reads};
use crate::{Change, Page, StoreError};

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// `sva_…`.
    pub id: String,
    /// One account's alone.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The name of the team that it acts in; `None` for the whole platform.
    pub team: Option<String>,
    /// What it is there.
    pub role: String,
    /// How many times it was written.
    pub revision: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub updated_at: i64,
}

/// A service account that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewServiceAccount {
    /// One account's alone.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The name of the team that it acts in; `None` for the whole platform.
    pub team: Option<String>,
    /// What it is there.
    pub role: String,
}

/// What every query of service accounts begins with.
macro_rules! service_accounts {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, description, team, role, revision, created_at, updated_at \
             FROM service_accounts ",
            $rest
        )
    };
}

reads! {
    /// One service account, by id.
    fn service_account(id: &str) -> Option<ServiceAccount>;

    /// One service account, by name.
    fn service_account_by_name(name: &str) -> Option<ServiceAccount>;

    /// Service accounts, by name.
    fn service_accounts(page: &Page) -> (Vec<ServiceAccount>, Option<String>);
}

async fn service_account(sight: Sight<'_>, id: &str) -> Result<Option<ServiceAccount>, StoreError> {
    let query = sqlx::query(service_accounts!("WHERE id = $1")).bind(id);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn service_account_by_name(
    sight: Sight<'_>,
    name: &str,
) -> Result<Option<ServiceAccount>, StoreError> {
    let query = sqlx::query(service_accounts!("WHERE name = $1")).bind(name);
    query.fetch_optional(sight.on).await?.as_ref().map(row).transpose()
}

async fn service_accounts(
    sight: Sight<'_>,
    page: &Page,
) -> Result<(Vec<ServiceAccount>, Option<String>), StoreError> {
    let query = sqlx::query(service_accounts!("WHERE name > $1 ORDER BY name LIMIT $2"));
    let rows = query.bind(page.start()).bind(page.limit()).fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |account: &ServiceAccount| account.name.clone()))
}

impl Change {
    /// Writes a service account that is not there yet.
    ///
    /// # Errors
    /// When another has the name ([`StoreError::Taken`]), there is no such team
    /// ([`StoreError::Missing`]), or the database fails.
    pub async fn insert_service_account(
        &mut self,
        account: NewServiceAccount,
    ) -> Result<ServiceAccount, StoreError> {
        let (id, at) = (self.new_id("sva")?, self.at());
        let statement = sqlx::query(
            "INSERT INTO service_accounts (id, name, description, team, role, revision, \
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $6)",
        );
        let statement = statement.bind(&id).bind(&account.name).bind(&account.description);
        let run = self.run(statement.bind(&account.team).bind(&account.role).bind(at)).await;
        run.map_err(|error| failed(error, &account.name, account.team.as_deref()))?;
        let NewServiceAccount { name, description, team, role } = account;
        let (revision, created_at, updated_at) = (1, at, at);
        Ok(ServiceAccount { id, name, description, team, role, revision, created_at, updated_at })
    }

    /// Writes a service account anew that is there in the revision of `account`; returns it as it
    /// is then.
    ///
    /// # Errors
    /// When it is not there as that any more ([`StoreError::Stale`]), another has the name
    /// ([`StoreError::Taken`]), there is no such team ([`StoreError::Missing`]), or the database
    /// fails.
    pub async fn update_service_account(
        &mut self,
        mut account: ServiceAccount,
    ) -> Result<ServiceAccount, StoreError> {
        account.updated_at = self.at();
        let statement = sqlx::query(
            "UPDATE service_accounts SET name = $1, description = $2, team = $3, role = $4, \
             updated_at = $5, revision = revision + 1 WHERE id = $6 AND revision = $7",
        );
        let statement = statement
            .bind(&account.name)
            .bind(&account.description)
            .bind(&account.team)
            .bind(&account.role)
            .bind(account.updated_at)
            .bind(&account.id)
            .bind(account.revision);
        let run = self.run(statement).await;
        match run.map_err(|error| failed(error, &account.name, account.team.as_deref()))? {
            0 => Err(StoreError::Stale(words(&account.name))),
            _ => {
                account.revision += 1;
                Ok(account)
            }
        }
    }

    /// Removes a service account in the revision of `account`, with its tokens.
    ///
    /// # Errors
    /// When it is not there as that any more ([`StoreError::Stale`]), or the database fails.
    pub async fn remove_service_account(
        &mut self,
        account: &ServiceAccount,
    ) -> Result<(), StoreError> {
        self.run(sqlx::query("DELETE FROM tokens WHERE owner = $1").bind(&account.id)).await?;
        let statement = sqlx::query("DELETE FROM service_accounts WHERE id = $1 AND revision = $2");
        match self.run(statement.bind(&account.id).bind(account.revision)).await? {
            0 => {
                self.spoil();
                Err(StoreError::Stale(words(&account.name)))
            }
            _ => Ok(()),
        }
    }
}

fn row(row: &AnyRow) -> Result<ServiceAccount, StoreError> {
    Ok(ServiceAccount {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        team: row.try_get("team")?,
        role: row.try_get("role")?,
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
    format!("service account {name:?}")
}

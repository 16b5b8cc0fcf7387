//! From what a provider says of somebody to a user here: known, invited, new or kept out, and with
//! which roles.

use std::collections::BTreeMap;

use architrave_config::{GroupRoles, IdentityProvider, PlatformRole, RoleOfGroup, TeamRole};
use architrave_store::{Change, NewUser, StoreError, Subject, User};
use serde_json::json;

use crate::caller::Origin;
use crate::code::Code;
use crate::error::ApiError;
use crate::oidc::Claims;
use crate::platform::Platform;
use crate::usecase::sessions::{self, Opened};
use crate::usecase::users::{check_display_name, check_email, keep_an_admin, user_body};
use crate::usecase::{Done, entry, teams};

/// Somebody who was kept out, for the audit log.
pub(super) struct Kept {
    pub(super) refusal: ApiError,
    /// Who it was, as far as their provider could be believed.
    pub(super) name: String,
}

impl Kept {
    fn new(name: &str, message: impl Into<String>) -> Self {
        let refusal = ApiError::new(Code::SignInNotPermitted, message.into());
        Self { refusal, name: name.to_owned() }
    }
}

impl From<ApiError> for Kept {
    fn from(refusal: ApiError) -> Self {
        Self { refusal, name: String::new() }
    }
}

impl From<StoreError> for Kept {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

/// What groups make of somebody.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Roles {
    /// The role in the whole gateway; `None` where groups say nothing of it.
    platform: Option<Option<PlatformRole>>,
    /// The roles in the teams that groups speak of.
    teams: BTreeMap<String, Option<TeamRole>>,
}

impl Roles {
    /// What the groups that somebody is in make of them.
    pub(super) fn of(rules: &GroupRoles, groups: &[&str]) -> Self {
        let mut roles = Self::default();
        for rule in &rules.roles {
            let is_in = groups.contains(&rule.group.as_str());
            match &rule.role {
                RoleOfGroup::OfPlatform(role) => {
                    let now = roles.platform.get_or_insert(None);
                    if is_in && now.is_none_or(|now| platform_rank(*role) < platform_rank(now)) {
                        *now = Some(*role);
                    }
                }
                RoleOfGroup::InTeam { team, role } => {
                    let now = roles.teams.entry(team.clone()).or_insert(None);
                    if is_in && now.is_none_or(|now| team_rank(*role) < team_rank(now)) {
                        *now = Some(*role);
                    }
                }
            }
        }
        roles
    }
}

/// Who may most comes first.
fn platform_rank(role: PlatformRole) -> u8 {
    match role {
        PlatformRole::Admin => 0,
        PlatformRole::Auditor => 1,
    }
}

fn team_rank(role: TeamRole) -> u8 {
    match role {
        TeamRole::Owner => 0,
        TeamRole::Maintainer => 1,
        TeamRole::Developer => 2,
    }
}

/// Lets somebody in whom a provider vouches for, all or nothing: the user, their roles, the session
/// and the row of the audit log are one change.
pub(super) async fn let_in(
    platform: &Platform,
    origin: &Origin,
    provider: &IdentityProvider,
    claims: &Claims,
) -> Result<Opened, Kept> {
    let mut change = platform.change().await?;
    let (user, is_new) = find_or_make(&mut change, provider, claims).await?;
    if user.state == "disabled" {
        return Err(Kept::new(&user.email, "this user is disabled"));
    }
    let rules = provider.groups.as_ref();
    let roles =
        rules.map(|rules| Roles::of(rules, &claims.texts(&rules.claim).unwrap_or_default()));
    let roles = roles.unwrap_or_default();
    let user = give_role(&mut change, user, &roles).await?;
    let teams = give_teams(&mut change, &user, &roles).await?;
    let shown = serde_json::to_value(user_body(&user)).ok();
    let opened = sessions::open(platform, &mut change, origin, user).await?;
    let done = Done {
        action: "sign_in".to_owned(),
        kind: "session",
        name: opened.caller.actor_name().to_owned(),
        after: Some(json!({
            "identity_provider": provider.name.as_str(),
            "is_new": is_new,
            "user": shown,
            "teams": teams,
        })),
        ..Done::default()
    };
    change.commit(entry(&opened.caller, done)).await?;
    Ok(opened)
}

/// The user of a subject; else the one of their address, where the provider may speak for it; else
/// a new one. Says whether it is new.
async fn find_or_make(
    change: &mut Change,
    provider: &IdentityProvider,
    claims: &Claims,
) -> Result<(User, bool), Kept> {
    let subject = Subject { issuer: provider.issuer.clone(), subject: claims.subject.clone() };
    if let Some(user) = change.user_by_subject(&subject).await? {
        return Ok((user, false));
    }
    let unknown = format!("{} of {}", claims.subject, provider.name);
    let Some(email) = claims.text("email").and_then(|email| check_email(email).ok()) else {
        return Err(Kept::new(&unknown, "nobody here is that, and no e-mail address is told"));
    };
    if !claims.is_true("email_verified") {
        return Err(Kept::new(&email, "the identity provider has not verified the address"));
    }
    let domain = email.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
    if !provider.domains.iter().any(|own| own == domain) {
        let message = format!("{} does not speak for the addresses of {domain}", provider.name);
        return Err(Kept::new(&email, message));
    }
    if let Some(user) = change.user_by_email(&email).await? {
        return link(change, user, subject).await;
    }
    if provider.is_invited_only {
        return Err(Kept::new(&email, "nobody has invited them; ask an admin"));
    }
    let told = claims.text("name").map(str::trim).unwrap_or_default();
    let display_name = match check_display_name(told) {
        Ok(()) => told,
        Err(_) => email.as_str(),
    };
    let user = NewUser {
        display_name: display_name.chars().take(100).collect(),
        email,
        password_hash: None,
        role: None,
        state: "active".to_owned(),
        subject: Some(subject),
    };
    Ok((change.insert_user(user).await?, true))
}

/// Makes a user of whom nobody has vouched yet the one of a subject.
async fn link(change: &mut Change, mut user: User, subject: Subject) -> Result<(User, bool), Kept> {
    if user.state == "disabled" {
        return Err(Kept::new(&user.email, "this user is disabled"));
    }
    if user.subject.is_some() {
        let message = "the user of this address signs in as somebody else at an identity provider";
        return Err(Kept::new(&user.email, message));
    }
    user.subject = Some(subject);
    user.state = "active".to_owned();
    Ok((change.update_user(user).await?, false))
}

async fn give_role(change: &mut Change, user: User, roles: &Roles) -> Result<User, Kept> {
    let Some(role) = roles.platform else { return Ok(user) };
    let role = role.map(|role| role.as_str().to_owned());
    if user.role == role {
        return Ok(user);
    }
    let after = User { role, ..user.clone() };
    if keep_an_admin(change, &user, &after).await.is_err() {
        let email = user.email.as_str();
        tracing::warn!(email, "stays an admin, as nobody else is one, whatever their groups are");
        return Ok(user);
    }
    Ok(change.update_user(after).await?)
}

/// Puts somebody into teams and out of them, and says where they are then.
async fn give_teams(
    change: &mut Change,
    user: &User,
    roles: &Roles,
) -> Result<BTreeMap<String, Option<&'static str>>, Kept> {
    let mut told = BTreeMap::new();
    for (team, role) in &roles.teams {
        let role = role.map(TeamRole::as_str);
        if change.team(team).await?.is_none() {
            tracing::warn!(team, "groups speak of a team that there is not");
            continue;
        }
        let before = change.membership(team, &user.id).await?;
        let was_owner = before.as_ref().is_some_and(|one| one.role == "owner");
        if was_owner
            && role != Some("owner")
            && teams::keep_an_owner(change, team, &user.id).await.is_err()
        {
            tracing::warn!(team, email = user.email, "stays the owner, as nobody else is one");
            told.insert(team.clone(), Some("owner"));
            continue;
        }
        match role {
            Some(role) if before.is_none_or(|before| before.role != role) => {
                change.put_membership(team, &user.id, role).await?;
            }
            Some(_) => {}
            None => {
                change.remove_membership(team, &user.id).await?;
            }
        }
        told.insert(team.clone(), role);
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use architrave_config::GroupRole;

    use super::*;

    #[test]
    fn of_several_groups_the_one_that_may_most_counts_and_what_is_not_named_stays() {
        let platform = |group: &str, role| GroupRole {
            group: group.to_owned(),
            role: RoleOfGroup::OfPlatform(role),
        };
        let in_blue = |group: &str, role| GroupRole {
            group: group.to_owned(),
            role: RoleOfGroup::InTeam { team: "blue".to_owned(), role },
        };
        let rules = |roles| GroupRoles { claim: "groups".to_owned(), roles };
        let both = rules(vec![
            platform("audit", PlatformRole::Auditor),
            platform("ops", PlatformRole::Admin),
            in_blue("dev", TeamRole::Developer),
            in_blue("lead", TeamRole::Owner),
        ]);
        let roles = Roles::of(&both, &["audit", "ops", "lead", "dev"]);
        assert_eq!(roles.platform, Some(Some(PlatformRole::Admin)));
        assert_eq!(roles.teams["blue"], Some(TeamRole::Owner));
        let none = Roles::of(&both, &["other"]);
        assert_eq!((none.platform, none.teams["blue"]), (Some(None), None));
        let team_alone = rules(vec![in_blue("dev", TeamRole::Developer)]);
        assert_eq!(Roles::of(&team_alone, &[]).platform, None);
    }
}

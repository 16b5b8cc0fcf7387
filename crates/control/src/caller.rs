//! Who calls: what was shown to prove it, and which roles that gives. Looked up anew for every
//! request, so that what is revoked is over with the next one.

mod cookie;
mod identify;
pub(crate) mod token;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

pub(crate) use cookie::{SessionCookie, SignInCookie, clearing_cookie, setting_cookie};
pub(crate) use identify::{again, identify};

use crate::operation::{Operation, Tag};
use crate::permission::{Permission, Role};

/// Who calls, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    /// The role in the whole gateway.
    pub(crate) platform: Option<Role>,
    /// The roles in teams, by the team's name.
    pub(crate) teams: BTreeMap<String, Role>,
    /// The hash of the token of the database that was shown, by which it is looked up again.
    pub(crate) token: Option<[u8; 32]>,
    /// What the token is for; `None` where everything is.
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) origin: Origin,
}

/// Where a request came from, and what it is called.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) address: IpAddr,
    pub(crate) request_id: Arc<str>,
    /// What the client says it is, cut short.
    pub(crate) agent: String,
    /// Whether it came from this machine, and from nobody who speaks for others.
    pub(crate) is_near: bool,
    /// Whether nobody on the way could read it.
    pub(crate) is_over_tls: bool,
}

/// What the caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Nobody known.
    Nobody,
    /// Somebody on this machine, before anybody has set up; `true` where nobody can, since there
    /// is no database.
    Local { has_no_database: bool },
    /// Whoever holds the token of the file.
    AdminToken,
    /// The gateway itself, by what was written down before.
    System,
    /// A command on this machine that has the database itself.
    Command,
    /// A person.
    User { id: String, email: String, by: By },
    /// A program.
    ServiceAccount { id: String, name: String },
}

/// What a person has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The cookie of a session, with what goes with it.
    Session(SessionCookie),
    /// A personal access token.
    Token,
}

impl Caller {
    pub(crate) fn nobody(origin: Origin) -> Self {
        let (platform, teams, token, scopes) = (None, BTreeMap::new(), None, None);
        Self { who: Who::Nobody, platform, teams, token, scopes, origin }
    }

    pub(crate) fn admin(who: Who, origin: Origin) -> Self {
        Self { who, platform: Some(Role::Admin), ..Self::nobody(origin) }
    }

    /// Whether it is somebody.
    pub(crate) fn is_known(&self) -> bool {
        self.who != Who::Nobody
    }

    /// Whether it has shown something that no foreign page can have made it show.
    pub(crate) fn has_proof(&self) -> bool {
        !matches!(self.who, Who::Nobody | Who::Local { .. })
    }

    /// Whether the table allows it, in that team or, without one, in the whole gateway.
    pub(crate) fn may(&self, permission: Permission, team: Option<&str>) -> bool {
        let in_team = team.and_then(|team| self.teams.get(team));
        [self.platform.as_ref(), in_team].into_iter().flatten().any(|role| role.allows(permission))
    }

    /// Whether the table allows it anywhere.
    pub(crate) fn may_somewhere(&self, permission: Permission) -> bool {
        let roles = self.platform.iter().chain(self.teams.values());
        roles.into_iter().any(|role| role.allows(permission))
    }

    /// The teams in which the table allows it; `None` when it does so everywhere.
    pub(crate) fn teams_for(&self, permission: Permission) -> Option<Vec<&str>> {
        if self.may(permission, None) {
            return None;
        }
        let teams = self.teams.iter().filter(|(_, role)| role.allows(permission));
        Some(teams.map(|(team, _)| team.as_str()).collect())
    }

    /// Whether the token is for this, too.
    pub(crate) fn has_scope_for(&self, operation: &Operation) -> bool {
        let Some(scopes) = &self.scopes else { return true };
        scopes.iter().any(|scope| match scope.as_str() {
            "write" => true,
            "read" => !operation.is_write(),
            tag => operation.tag.as_str() == tag,
        })
    }

    /// The session that the caller shows.
    pub(crate) fn session(&self) -> Option<&SessionCookie> {
        match &self.who {
            Who::User { by: By::Session(session), .. } => Some(session),
            _ => None,
        }
    }

    /// The id of the user that calls.
    pub(crate) fn user_id(&self) -> Option<&str> {
        match &self.who {
            Who::User { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The e-mail address of the user that calls.
    pub(crate) fn email(&self) -> Option<&str> {
        match &self.who {
            Who::User { email, .. } => Some(email),
            _ => None,
        }
    }

    /// The id in the audit log.
    pub(crate) fn actor(&self) -> &str {
        match &self.who {
            Who::Nobody => "nobody",
            Who::Local { .. } => "loopback",
            Who::AdminToken => "admin_token",
            Who::System | Who::Command => "system",
            Who::User { id, .. } | Who::ServiceAccount { id, .. } => id,
        }
    }

    /// The name in the audit log.
    pub(crate) fn actor_name(&self) -> &str {
        match &self.who {
            Who::User { email, .. } => email,
            Who::ServiceAccount { name, .. } => name,
            _ => self.actor(),
        }
    }

    /// By which of our front doors it came.
    pub(crate) fn via(&self) -> &'static str {
        if self.who == Who::System {
            "system"
        } else if self.session().is_some() {
            "console"
        } else if self.origin.agent.starts_with("architrave/") {
            "cli"
        } else {
            "api"
        }
    }
}

/// The scopes that a token may have.
pub(crate) fn scopes() -> Vec<&'static str> {
    let tags = Tag::all().into_iter().map(Tag::as_str);
    ["read", "write"].into_iter().chain(tags).collect()
}

//! An identity provider: whose word is taken for who somebody is, by OpenID Connect, and what that
//! makes of them here.
//!
//! Only what is written. How somebody signs in by it, `control` knows.

use architrave_core::Secret;
use architrave_core::name::IdentityProviderName;

use crate::read::{
    BaseUrl, Host, List, Name, NonEmpty, Reader, Scope, Shape, Text, Written, record, scalar, words,
};
use crate::tree::Node;

/// What is asked for beside `openid`: who they are, in words.
const SCOPES: [&str; 2] = ["email", "profile"];

/// Where groups are told by most providers.
const GROUPS_CLAIM: &str = "groups";

/// The longest title: it stands on a button.
const TITLE_CHARS_MAX: usize = 100;

/// Whose word is taken for who somebody is.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityProvider {
    /// Its name.
    pub name: IdentityProviderName,
    /// What people are shown; its name where nothing else is written.
    pub title: String,
    /// Who it is, as its tokens say; its description is found below it.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// What proves that; `None` for a public client, which PKCE alone guards.
    pub client_secret: Option<Secret>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The domains of which it knows every verified e-mail address, in lower case.
    pub domains: Vec<String>,
    /// Whether those are kept out whom nobody has invited.
    pub is_invited_only: bool,
    /// What its groups make of somebody.
    pub groups: Option<GroupRoles>,
    /// Whether its names may resolve to addresses that are not of the public internet.
    pub allow_private: bool,
}

record! {
    /// Whose word is taken for who somebody is, by OpenID Connect.
    #[derive(Debug)]
    pub(crate) struct IdentityProviderWritten => IdentityProvider by finish {
        /// Its name.
        "name": Name<IdentityProviderName> => name: IdentityProviderName,
        /// What people are shown; its name where nothing else is written.
        "title": Option<Title> = None => title: Option<String>,
        /// Who it is, exactly as its tokens say: `https`, or this machine. Its description is found
        /// below it, at `/.well-known/openid-configuration`.
        "issuer": Issuer => issuer: String,
        /// Who we are to it.
        "client_id": Text => client_id: String,
        /// What proves that; without it we are a public client, which PKCE alone guards.
        "client_secret": Option<Secret> = None => client_secret: Option<Secret>,
        /// What is asked for beside `openid`.
        "scopes": List<ScopeWord> = SCOPES.map(str::to_owned).to_vec() => scopes: Vec<String>,
        /// The domains whose people it knows. Somebody with a verified e-mail address there is taken
        /// for the user of that address, and made one where there is none. With no domain only those
        /// sign in who have before.
        "domains": List<Host> = Vec::new() => domains: Vec<String>,
        /// Whether those are kept out whom nobody has invited.
        "invited_only": bool = false => is_invited_only: bool,
        /// What its groups make of somebody, each time they sign in.
        "groups": Option<GroupRoles> = None => groups: Option<GroupRoles>,
        /// Whether its names may resolve to addresses that are not of the public internet. An address
        /// or `localhost` written in `issuer` is allowed anyway.
        "allow_private": bool = false => allow_private: bool,
    }
}

record! {
    /// What groups make of somebody.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GroupRoles {
        /// The claim that has the groups.
        "claim": Text = GROUPS_CLAIM.to_owned() => pub claim: String,
        /// Which group makes what of whom. The role in the whole gateway, and those in the teams that
        /// are named here, are then told by the provider alone.
        "roles": NonEmpty<GroupRoleWritten> => pub roles: Vec<GroupRole>,
    }
}

/// What one group makes of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRole {
    /// The group, as the provider calls it.
    pub group: String,
    /// What its members are.
    pub role: RoleOfGroup,
}

/// What the members of a group are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleOfGroup {
    /// This, in the whole gateway.
    OfPlatform(PlatformRole),
    /// This, in one team.
    InTeam {
        /// The team's name.
        team: String,
        /// What they are there.
        role: TeamRole,
    },
}

words! {
    /// A role in the whole gateway, the one that may most first.
    pub enum PlatformRole {
        /// Everything, everywhere.
        Admin = "admin",
        /// Reads everything.
        Auditor = "auditor",
    }
}

words! {
    /// A role in a team, the one that may most first.
    pub enum TeamRole {
        /// Everything of the team.
        Owner = "owner",
        /// Its objects.
        Maintainer = "maintainer",
        /// Looks at its objects.
        Developer = "developer",
    }
}

words! {
    /// A role, here or there.
    pub(crate) enum AnyRole {
        /// In the whole gateway: everything, everywhere.
        Admin = "admin",
        /// In the whole gateway: reads everything.
        Auditor = "auditor",
        /// In a team: everything of the team.
        Owner = "owner",
        /// In a team: its objects.
        Maintainer = "maintainer",
        /// In a team: looks at its objects.
        Developer = "developer",
    }
}

record! {
    /// What one group makes of somebody.
    #[derive(Debug)]
    pub(crate) struct GroupRoleWritten => GroupRole by finish {
        /// The group, as the provider calls it.
        "group": Text => group: String,
        /// The team in which its members are that; the whole gateway where it is left out.
        "team": Option<TeamText> = None => team: Option<String>,
        /// What they are: `admin` or `auditor` of the whole gateway; `owner`, `maintainer` or
        /// `developer` of a team.
        "role": AnyRole => role: AnyRole,
    }
}

impl IdentityProviderWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<IdentityProvider> {
        if self.is_invited_only && self.domains.is_empty() {
            scope.refuse_at(
                "invited_only",
                "needs `domains`: who is invited is known by an address of one of them",
            );
        }
        Some(IdentityProvider {
            title: self.title.unwrap_or_else(|| self.name.as_str().to_owned()),
            name: self.name,
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret: self.client_secret,
            scopes: self.scopes,
            domains: self.domains,
            is_invited_only: self.is_invited_only,
            groups: self.groups,
            allow_private: self.allow_private,
        })
    }
}

impl GroupRoleWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<GroupRole> {
        let word = self.role.as_str();
        let role = match (self.role, self.team) {
            (AnyRole::Admin, None) => RoleOfGroup::OfPlatform(PlatformRole::Admin),
            (AnyRole::Auditor, None) => RoleOfGroup::OfPlatform(PlatformRole::Auditor),
            (AnyRole::Owner, Some(team)) => RoleOfGroup::InTeam { team, role: TeamRole::Owner },
            (AnyRole::Maintainer, Some(team)) => {
                RoleOfGroup::InTeam { team, role: TeamRole::Maintainer }
            }
            (AnyRole::Developer, Some(team)) => {
                RoleOfGroup::InTeam { team, role: TeamRole::Developer }
            }
            (AnyRole::Admin | AnyRole::Auditor, Some(_)) => {
                scope.refuse_at("role", format!("`{word}` is a role in the whole gateway"));
                return None;
            }
            (_, None) => {
                scope.refuse_at("role", format!("`{word}` is a role in a team; needs `team`"));
                return None;
            }
        };
        Some(GroupRole { group: self.group, role })
    }
}

/// The issuer, kept as it is written: it is compared, byte by byte.
struct Issuer;

impl Written for Issuer {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let url = BaseUrl::read(node, reader)?;
        if url.starts_with("http://") && !is_this_machine(&url) {
            reader.refuse(
                node.place,
                "an issuer is `https`: only one on this machine may go without",
            );
            return None;
        }
        // A slash at its end is a part of who it is.
        node.text().map(str::to_owned)
    }

    fn shape() -> Shape {
        BaseUrl::shape()
    }
}

/// Whether an `http` URL is of this machine, by its host.
pub(crate) fn is_this_machine(url: &str) -> bool {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_loopback = host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}

/// A title for a button.
struct Title;

impl Written for Title {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let expected = format!("a title of up to {TITLE_CHARS_MAX} characters");
        scalar(node, reader, &expected, |text| {
            let fits = (1..=TITLE_CHARS_MAX).contains(&text.trim().chars().count());
            (fits && !text.chars().any(char::is_control)).then(|| text.trim().to_owned())
        })
    }

    fn shape() -> Shape {
        Text::shape()
    }
}

/// A scope as RFC 6749 has it.
struct ScopeWord;

impl Written for ScopeWord {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        scalar(node, reader, "a scope such as `email`", |text| {
            let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
            (!text.is_empty() && text.bytes().all(fits)).then(|| text.to_owned())
        })
    }

    fn shape() -> Shape {
        Text::shape()
    }

    fn show(value: &String) -> Option<serde_json::Value> {
        Some(value.as_str().into())
    }
}

/// The name of a team, which is not an object of the configuration.
struct TeamText;

impl Written for TeamText {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        scalar(node, reader, "the name of a team: 1 to 63 of `a-z0-9-`", |text| {
            architrave_core::name::check(text).then(|| text.to_owned())
        })
    }

    fn shape() -> Shape {
        Shape::Text { kind: "name", pattern: Some("^[a-z0-9-]{1,63}$") }
    }
}

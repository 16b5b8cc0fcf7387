//! The pages of docs/ that are made from the code: the description of the API, the permissions, and
//! the tables in the page about the API.

use crate::code::Code;
use crate::operation::{Access, Operation, Place, Tag};
use crate::permission::{Permission, Role};
use crate::{openapi, routes};

/// A generated piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The path in the repository.
    pub path: &'static str,
    /// The mark between which and its end the piece stands; `None` for a page of its own.
    pub mark: Option<&'static str>,
    /// The text.
    pub text: String,
}

/// All of them.
#[must_use]
pub fn pages() -> Vec<Page> {
    let operations = routes::operations();
    let description = openapi::document(&operations);
    let description = format!("{description:#}\n");
    let page = |path, mark, text| Page { path, mark, text };
    vec![
        page("docs/openapi.json", None, description),
        page("docs/permissions.md", None, permissions(&operations)),
        page("docs/admin-api.md", Some("operations"), operation_table(&operations)),
        page("docs/admin-api.md", Some("codes"), code_table()),
    ]
}

fn operation_table(operations: &[Operation]) -> String {
    let mut text = String::new();
    for tag in Tag::all() {
        text += &format!(
            "\n### {}\n\n| method and path | what it does |\n| --- | --- |\n",
            tag.as_str()
        );
        for operation in operations.iter().filter(|operation| operation.tag == tag) {
            let Operation { method, path, summary, .. } = operation;
            text += &format!("| `{method} {path}` | {summary} |\n");
        }
    }
    text
}

fn code_table() -> String {
    let mut text = String::from("\n| status | code | what it means |\n| --- | --- | --- |\n");
    for code in Code::ALL {
        let (status, word, about) = (code.status().as_u16(), code.as_str(), code.about());
        text += &format!("| {status} | `{word}` | {about} |\n");
    }
    text
}

fn permissions(operations: &[Operation]) -> String {
    let mut page = String::from(
        "# Permissions\n\n\
         <!-- Made by `cargo xtask gen` from crates/control/src/permission.rs and routes.rs. -->\n\n\
         Everything is denied that this table does not allow.\n\
         `admin` and `auditor` are roles of the platform and hold everywhere; `owner`, `maintainer` \
         and `developer` are roles in a team and hold for the team and its objects.\n\
         What belongs to no team is for the roles of the platform alone.\n\
         Whoever is signed in may see and change what is their own: their sessions, tokens and \
         password.\n\
         A token can do what its owner may do and its scopes have; both are looked up for every \
         request.\n\
         Who may not even see a thing is answered as if it did not exist.\n\n\
         | permission | to | admin | auditor | owner | maintainer | developer |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for permission in Permission::ALL {
        let cells = Role::ALL.map(|role| if role.allows(*permission) { "yes" } else { "" });
        let (word, about) = (permission.as_str(), permission.about());
        page += &format!("| `{word}` | {about} | {} |\n", cells.join(" | "));
    }
    page += "\n## Beyond the table\n\n\
        Through a role in a team, an object cannot be made to reach beyond the team; a platform \
        admin may do all of this.\n\n\
        - Its services lead to upstreams of the team and its routes to services of the team.\n\
        - Which listeners, hosts and paths a route has is decided by a platform admin, who makes \
        the route and gives it to the team with `:move`.\n\
        - Its upstreams do not lead to loopback or link-local addresses, nor to where clouds keep \
        credentials, and where they have names to look up, to the public internet alone \
        (`allow_private: false`).\n\
        - The key sets of its plans lie in the public internet, at an address as by a name.\n\
        - It names no files of the machine and no models of the platform.\n\n\
        ## What each operation asks for\n\n\
        | operation | permission | where | on the portal |\n| --- | --- | --- | --- |\n";
    for operation in operations {
        let (permission, place) = asked(operation.access);
        let portal = if operation.is_on_portal { "yes" } else { "" };
        page += &format!("| `{}` | {permission} | {place} | {portal} |\n", operation.id);
    }
    page
}

fn asked(access: Access) -> (String, &'static str) {
    match access {
        Access::Open => ("none: open to everybody".to_owned(), ""),
        Access::Own => ("none: whoever is known".to_owned(), "one's own"),
        Access::OwnInPerson => {
            ("none: whoever has signed in, not by a token".to_owned(), "one's own")
        }
        Access::Scrape(permission) => (
            format!("`{}`; none on loopback while the file names no token", permission.as_str()),
            "platform",
        ),
        Access::Needs(permission, place) => {
            let place = match place {
                Place::Platform => "platform",
                Place::Somewhere => "anywhere; the answer holds what the caller may see",
                Place::Team => "the team",
                Place::NewInTeam => "the team in `?team=`, else the platform",
                Place::Object => "the team that it belongs to, else the platform",
                Place::ServiceAccount => "the team that it acts in, else the platform",
                Place::Application => {
                    "the team that it belongs to, else the platform; none over one's own"
                }
                Place::NewApplication => "the team in `?team=`; none over what is to be one's own",
                Place::Subscription => {
                    "the team of the application or of the product, or one's own"
                }
                Place::SubscribedProduct => "the team of the product, else the platform",
                Place::User => "platform; none over oneself",
            };
            (format!("`{}`", permission.as_str()), place)
        }
    }
}

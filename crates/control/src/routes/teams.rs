//! Teams, and who is in them.

use axum::http::{Method, StatusCode};

use super::{REVISED, VALIDATE_ONLY};
use crate::admin::teams;
use crate::code::Code;
use crate::operation::{Access, Answered, Operation, Place, Tag};
use crate::page;
use crate::permission::Permission::{CreateTeams, ManageTeams, ReadTeams, SetBudgets};
use crate::usecase::limits::TeamLimits;
use crate::usecase::teams::{
    MemberBody, MemberPage, MemberRole, NewTeamBody, TeamBody, TeamBudgets, TeamPage, TeamPatch,
};

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

const TEAM_PATH: &str = "/api/v1/teams/{team}";
const MEMBER: &str = "/api/v1/teams/{team}/members/{user}";

pub(super) fn operations() -> Vec<Operation> {
    teams().into_iter().map(|one| one.refuses(&[Code::StoreUnavailable])).collect()
}

fn teams() -> Vec<Operation> {
    let members = || format!("{TEAM_PATH}/members");
    vec![
        Operation::new(Method::GET, "/api/v1/teams", "list_teams", teams::list::run)
            .about(Tag::Teams, "Those that the caller may see, by name.")
            .on_portal()
            .access(Access::Own)
            .query(&page::PARAMETERS)
            .answers_json::<TeamPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid]),
        Operation::new(Method::POST, "/api/v1/teams", "create_team", teams::create::run)
            .about(Tag::Teams, "Makes a team.")
            .needs(CreateTeams, Place::Platform)
            .query(&[VALIDATE_ONLY])
            .takes_json::<NewTeamBody>()
            .answers_json::<TeamBody>(CREATED, "It is there.")
            .answers_json::<TeamBody>(OK, "It would be possible.")
            .refuses(&[Code::NameTaken, Code::ValueOutOfRange]),
        Operation::new(Method::GET, TEAM_PATH, "get_team", teams::show::run)
            .about(Tag::Teams, "One team.")
            .on_portal()
            .needs(ReadTeams, Place::Team)
            .answers_json::<TeamBody>(OK, "As it is.")
            .unless_known()
            .refuses(&[Code::TeamNotFound]),
        Operation::new(Method::PATCH, TEAM_PATH, "update_team", teams::update::run)
            .about(Tag::Teams, "Changes what a team is called and for.")
            .needs(ManageTeams, Place::Team)
            .query(&[VALIDATE_ONLY])
            .takes_json::<TeamPatch>()
            .answers_json::<TeamBody>(OK, "As it is now.")
            .refuses(&REVISED)
            .refuses(&[Code::TeamNotFound, Code::ValueOutOfRange]),
        Operation::new(
            Method::PUT,
            format!("{TEAM_PATH}/budgets"),
            "set_team_budgets",
            teams::set_budgets::run,
        )
        .about(
            Tag::Teams,
            "Sets what all applications of a team together may use up, beside what their plans \
             say.",
        )
        .needs(SetBudgets, Place::Team)
        .query(&[VALIDATE_ONLY])
        .takes_json::<TeamBudgets>()
        .answers_json::<TeamBody>(OK, "As it is now.")
        .refuses(&REVISED)
        .refuses(&[Code::ReadOnlyObject, Code::TeamNotFound, Code::ValueOutOfRange]),
        Operation::new(
            Method::GET,
            format!("{TEAM_PATH}/limits"),
            "get_team_limits",
            teams::limits::run,
        )
        .about(
            Tag::Teams,
            "What all applications of a team together may use up, and what of it is left now, \
             here.",
        )
        .needs(ReadTeams, Place::Team)
        .on_portal()
        .answers_json::<TeamLimits>(OK, "As it is.")
        .refuses(&[Code::TeamNotFound]),
        Operation::new(Method::DELETE, TEAM_PATH, "delete_team", teams::delete::run)
            .about(Tag::Teams, "Removes a team to which nothing belongs any more.")
            .needs(CreateTeams, Place::Team)
            .query(&[VALIDATE_ONLY])
            .answers(NO_CONTENT, "It is gone.", Answered::Nothing)
            .refuses(&REVISED)
            .refuses(&[Code::TeamNotEmpty, Code::TeamNotFound]),
        Operation::new(Method::GET, members(), "list_members", teams::list_members::run)
            .about(Tag::Teams, "Who is in a team, and as what.")
            .needs(ReadTeams, Place::Team)
            .query(&page::PARAMETERS)
            .answers_json::<MemberPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid, Code::TeamNotFound]),
        Operation::new(Method::PUT, MEMBER, "put_member", teams::put_member::run)
            .about(
                Tag::Teams,
                "Puts a user, named by id or e-mail address, into a team, or makes them something \
                 else there.",
            )
            .needs(ManageTeams, Place::Team)
            .query(&[VALIDATE_ONLY])
            .takes_json::<MemberRole>()
            .answers_json::<MemberBody>(OK, "As they are now.")
            .refuses(&[
                Code::LastOwner,
                Code::TeamNotFound,
                Code::UserNotFound,
                Code::ValueOutOfRange,
            ]),
        Operation::new(Method::DELETE, MEMBER, "remove_member", teams::remove_member::run)
            .about(Tag::Teams, "Takes a user, named by id or e-mail address, out of a team.")
            .needs(ManageTeams, Place::Team)
            .query(&[VALIDATE_ONLY])
            .answers(NO_CONTENT, "They are in it no more.", Answered::Nothing)
            .refuses(&[Code::LastOwner, Code::MemberNotFound, Code::TeamNotFound]),
    ]
}

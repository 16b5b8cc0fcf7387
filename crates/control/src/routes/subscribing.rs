//! Who calls by subscriptions: applications, their credentials, what they have subscribed to, and
//! what people are told of it.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{TEAM, VALIDATE_ONLY};
use crate::admin::{applications, notifications, subscriptions};
use crate::code::Code;
use crate::operation::{Access, Answered, Form, Operation, Parameter, Place, Tag, Takes};
use crate::page;
use crate::permission::Permission::{
    DecideSubscriptions, OperateGateway, ReadApplications, WriteApplications,
};
use crate::usecase::applications::{
    ApplicationBody, ApplicationPage, ApplicationPatch, NewApplicationBody,
};
use crate::usecase::credentials::{
    CredentialBody, CredentialPage, FoundKeys, MadeCredential, NewCredentialBody, Rotation,
    WantedKeys,
};
use crate::usecase::limits::ApplicationLimits;
use crate::usecase::notifications::{NotificationBody, NotificationPage};
use crate::usecase::subscriptions::{
    NewSubscriptionBody, STEPS, SubscriptionBody, SubscriptionPage,
};

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

const APPLICATION: &str = "/api/v1/applications/{name}";
const CREDENTIAL: &str = "/api/v1/applications/{name}/credentials/{credential}";
const SUBSCRIPTION: &str = "/api/v1/subscriptions/{subscription}";

/// What changing a thing with a revision may be refused for.
const REVISED: [Code; 3] =
    [Code::HeaderInvalid, Code::PreconditionFailed, Code::PreconditionRequired];

const STATE: Parameter = Parameter {
    name: "state",
    about: "Only those in this state; `pending` is the inbox of who approves.",
    schema: || {
        json!({
            "type": "string",
            "enum": ["pending", "active", "rejected", "suspended", "cancelled"],
        })
    },
};
const PLAN: Parameter = Parameter {
    name: "plan",
    about: "Only those to this plan.",
    schema: || json!({ "type": "string", "minLength": 1 }),
};
const PRODUCT: Parameter = Parameter {
    name: "product",
    about: "Only those to plans of this product.",
    schema: || json!({ "type": "string", "minLength": 1 }),
};
const BY: Parameter = Parameter {
    name: "application",
    about: "Only those of this application.",
    schema: || json!({ "type": "string", "minLength": 1 }),
};
const UNREAD: Parameter = Parameter {
    name: "unread",
    about: "Whether to list only what was not read.",
    schema: || json!({ "type": "boolean", "default": false }),
};

pub(super) fn operations() -> Vec<Operation> {
    let groups = [applications(), credentials(), subscriptions(), notifications()];
    let all = groups.into_iter().flatten();
    all.map(|one| {
        // Who decides over subscriptions is who publishes, and not on the portal; nor is who operates.
        let is_decided =
            matches!(one.access, Access::Needs(_, Place::SubscribedProduct | Place::Platform));
        let one = one.refuses(&[Code::StoreUnavailable]);
        if is_decided { one } else { one.on_portal() }
    })
    .collect()
}

fn applications() -> Vec<Operation> {
    let all = "/api/v1/applications";
    vec![
        Operation::new(Method::GET, all, "list_applications", applications::list::run)
            .about(Tag::Applications, "Those that the caller may see, by name.")
            .access(Access::Own)
            .query(&page::PARAMETERS)
            .answers_json::<ApplicationPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid]),
        Operation::new(Method::POST, all, "create_application", applications::create::run)
            .about(Tag::Applications, "Makes one, of the team in `team` or of the caller's own.")
            .needs(WriteApplications, Place::NewApplication)
            .query(&[TEAM, VALIDATE_ONLY])
            .takes_json::<NewApplicationBody>()
            .answers_json::<ApplicationBody>(CREATED, "It is there.")
            .answers_json::<ApplicationBody>(OK, "It would be possible.")
            .refuses(&[Code::NameTaken, Code::TeamNotFound, Code::TooMany, Code::ValueOutOfRange]),
        Operation::new(Method::GET, APPLICATION, "get_application", applications::show::run)
            .about(Tag::Applications, "One application.")
            .needs(ReadApplications, Place::Application)
            .answers_json::<ApplicationBody>(OK, "As it is.")
            .unless_known(),
        Operation::new(
            Method::GET,
            format!("{APPLICATION}/limits"),
            "get_application_limits",
            applications::limits::run,
        )
        .about(
            Tag::Applications,
            "What it may use by each subscription, and what of each limit is left now, here.",
        )
        .needs(ReadApplications, Place::Application)
        .locally()
        .answers_json::<ApplicationLimits>(OK, "As it is."),
        Operation::new(Method::PATCH, APPLICATION, "update_application", applications::update::run)
            .about(Tag::Applications, "Changes what it is for.")
            .needs(WriteApplications, Place::Application)
            .query(&[VALIDATE_ONLY])
            .takes_json::<ApplicationPatch>()
            .answers_json::<ApplicationBody>(OK, "As it is now.")
            .refuses(&REVISED)
            .refuses(&[Code::ReadOnlyObject, Code::ValueOutOfRange]),
        Operation::new(
            Method::DELETE,
            APPLICATION,
            "delete_application",
            applications::delete::run,
        )
        .about(Tag::Applications, "Removes it, with its credentials and subscriptions, at once.")
        .needs(WriteApplications, Place::Application)
        .query(&[VALIDATE_ONLY])
        .answers(NO_CONTENT, "It is gone.", Answered::Nothing)
        .refuses(&REVISED)
        .refuses(&[Code::ReadOnlyObject]),
    ]
}

fn credentials() -> Vec<Operation> {
    let all = || format!("{APPLICATION}/credentials");
    let optional = |form: Form| Takes::Json { form, is_required: false };
    vec![
        Operation::new(Method::GET, all(), "list_credentials", applications::list_credentials::run)
            .about(Tag::Applications, "Its keys, the oldest first, without what they are.")
            .needs(ReadApplications, Place::Application)
            .query(&page::PARAMETERS)
            .answers_json::<CredentialPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid]),
        Operation::new(
            Method::POST,
            all(),
            "create_credential",
            applications::create_credential::run,
        )
        .about(Tag::Applications, "Makes a key for it. The answer shows it, once.")
        .needs(WriteApplications, Place::Application)
        .query(&[VALIDATE_ONLY])
        .takes(optional(Form::of::<NewCredentialBody>()))
        .answers_json::<MadeCredential>(CREATED, "The key.")
        .answers_json::<MadeCredential>(OK, "It would be possible.")
        .refuses(&[Code::ReadOnlyObject, Code::TooMany, Code::ValueOutOfRange]),
        Operation::new(
            Method::POST,
            "/api/v1/credentials:find",
            "find_credentials",
            applications::find_credentials::run,
        )
        .about(
            Tag::Applications,
            "Which of some digests are keys here, and of which applications, without what they are; \
             those that are not known are not in the answer. Writes nothing.",
        )
        .needs(OperateGateway, Place::Platform)
        .takes_json::<WantedKeys>()
        .answers_json::<FoundKeys>(OK, "Those that are known.")
        .refuses(&[Code::NoDatabase, Code::ValueOutOfRange]),
        Operation::new(
            Method::POST,
            format!("{CREDENTIAL}:rotate"),
            "rotate_credential",
            applications::rotate_credential::run,
        )
        .about(
            Tag::Applications,
            "Makes a key that takes the place of this one, which goes on for `grace`. The answer \
             shows the new one, once.",
        )
        .needs(WriteApplications, Place::Application)
        .query(&[VALIDATE_ONLY])
        .takes(optional(Form::of::<Rotation>()))
        .answers_json::<MadeCredential>(CREATED, "The new key.")
        .answers_json::<MadeCredential>(OK, "It would be possible.")
        .refuses(&[
            Code::CredentialNotFound,
            Code::ReadOnlyObject,
            Code::StateNotFitting,
            Code::TooMany,
            Code::ValueOutOfRange,
        ]),
        Operation::new(
            Method::POST,
            format!("{CREDENTIAL}:revoke"),
            "revoke_credential",
            applications::revoke_credential::run,
        )
        .about(Tag::Applications, "A key is worth nothing any more, at once.")
        .needs(WriteApplications, Place::Application)
        .query(&[VALIDATE_ONLY])
        .answers_json::<CredentialBody>(OK, "As it is now.")
        .refuses(&[Code::CredentialNotFound, Code::ReadOnlyObject]),
        Operation::new(
            Method::GET,
            CREDENTIAL,
            "get_credential",
            applications::show_credential::run,
        )
        .about(Tag::Applications, "One key, without what it is.")
        .needs(ReadApplications, Place::Application)
        .answers_json::<CredentialBody>(OK, "As it is.")
        .refuses(&[Code::CredentialNotFound]),
        Operation::new(
            Method::DELETE,
            CREDENTIAL,
            "delete_credential",
            applications::delete_credential::run,
        )
        .about(Tag::Applications, "Removes a key that was revoked or has expired from the list.")
        .needs(WriteApplications, Place::Application)
        .query(&[VALIDATE_ONLY])
        .answers(NO_CONTENT, "It is gone.", Answered::Nothing)
        .refuses(&[Code::CredentialNotFound, Code::ReadOnlyObject, Code::StateNotFitting]),
    ]
}

fn subscriptions() -> Vec<Operation> {
    let of_one = || format!("{APPLICATION}/subscriptions");
    let mut all = vec![
        Operation::new(
            Method::GET,
            of_one(),
            "list_application_subscriptions",
            applications::list_subscriptions::run,
        )
        .about(Tag::Subscriptions, "What an application has asked for, the oldest first.")
        .needs(ReadApplications, Place::Application)
        .query(&page::PARAMETERS)
        .query(&[STATE])
        .answers_json::<SubscriptionPage>(OK, "A page.")
        .refuses(&[Code::PageTokenInvalid]),
        Operation::new(
            Method::POST,
            of_one(),
            "create_subscription",
            applications::create_subscription::run,
        )
        .about(
            Tag::Subscriptions,
            "The application asks for a plan: it is active at once, or waits for approval, as the \
             plan says.",
        )
        .needs(WriteApplications, Place::Application)
        .query(&[VALIDATE_ONLY])
        .takes_json::<NewSubscriptionBody>()
        .answers_json::<SubscriptionBody>(CREATED, "It is there.")
        .answers_json::<SubscriptionBody>(OK, "It would be possible.")
        .refuses(&[
            Code::NameTaken,
            Code::PlanNotOpen,
            Code::ReadOnlyObject,
            Code::ValueOutOfRange,
        ]),
        Operation::new(
            Method::GET,
            "/api/v1/subscriptions",
            "list_subscriptions",
            subscriptions::list::run,
        )
        .about(
            Tag::Subscriptions,
            "Those of the caller's applications and to the caller's products, the oldest first.",
        )
        .access(Access::Own)
        .query(&page::PARAMETERS)
        .query(&[STATE, PLAN, PRODUCT, BY])
        .answers_json::<SubscriptionPage>(OK, "A page.")
        .refuses(&[Code::PageTokenInvalid]),
        Operation::new(Method::GET, SUBSCRIPTION, "get_subscription", subscriptions::show::run)
            .about(Tag::Subscriptions, "One subscription.")
            .needs(ReadApplications, Place::Subscription)
            .answers_json::<SubscriptionBody>(OK, "As it is.")
            .unless_known(),
    ];
    all.extend(STEPS.iter().map(|step| {
        let (permission, place) = match step.is_decided {
            true => (DecideSubscriptions, Place::SubscribedProduct),
            false => (WriteApplications, Place::Subscription),
        };
        Operation::new(
            Method::POST,
            format!("{SUBSCRIPTION}:{}", step.verb),
            format!("{}_subscription", step.verb),
            subscriptions::step::run,
        )
        .about(Tag::Subscriptions, step.about)
        .needs(permission, place)
        .query(&[VALIDATE_ONLY])
        .takes(Takes::Json {
            form: Form::of::<subscriptions::step::SubscriptionMove>(),
            is_required: false,
        })
        .answers_json::<SubscriptionBody>(OK, "As it is now.")
        .refuses(&[
            Code::HeaderInvalid,
            Code::PreconditionFailed,
            Code::StateNotFitting,
            Code::ValueOutOfRange,
        ])
    }));
    all
}

fn notifications() -> Vec<Operation> {
    vec![
        Operation::new(
            Method::GET,
            "/api/v1/notifications",
            "list_notifications",
            notifications::list::run,
        )
        .about(Tag::Notifications, "What the caller is told, the oldest first.")
        .access(Access::Own)
        .query(&page::PARAMETERS)
        .query(&[UNREAD])
        .answers_json::<NotificationPage>(OK, "A page.")
        .refuses(&[Code::PageTokenInvalid]),
        Operation::new(
            Method::POST,
            "/api/v1/notifications/{notification}:read",
            "read_notification",
            notifications::read::run,
        )
        .about(Tag::Notifications, "The caller has read it.")
        .access(Access::Own)
        .query(&[VALIDATE_ONLY])
        .answers_json::<NotificationBody>(OK, "As it is now.")
        .refuses(&[Code::NotificationNotFound]),
    ]
}

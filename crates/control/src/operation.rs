//! One operation of the API as data: what it is called, who may, what it takes and answers.
//!
//! Router, permission check, OpenAPI and pages are all made from these, so that none of them can
//! know of an operation that another does not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use architrave_config::object::ObjectKind;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::api::Dependencies;
use crate::code::Code;
use crate::permission::Permission;

/// What the handlers are given beside the request.
pub(crate) type Desk = Arc<Dependencies>;

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;
type Run = Box<dyn Fn(Request, Desk) -> Answering + Send + Sync>;

/// One operation.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// `/api/v1/users/{user}:disable`: names in braces, the custom method last.
    pub(crate) path: String,
    /// `<verb>_<resource>`.
    pub(crate) id: String,
    pub(crate) tag: Tag,
    pub(crate) summary: String,
    pub(crate) access: Access,
    /// Whether a loopback caller may call it while nobody has set up.
    pub(crate) is_local: bool,
    pub(crate) parameters: Vec<Parameter>,
    /// Whether query parameters that are not declared are passed over, as probes and scrapers
    /// have been used to.
    pub(crate) is_lenient: bool,
    pub(crate) takes: Takes,
    pub(crate) answers: Vec<Answer>,
    pub(crate) codes: Vec<Code>,
    /// The kind of object, where all kinds share a handler.
    pub(crate) kind: Option<ObjectKind>,
    pub(crate) audit: Audit,
    /// Whether it shows what a team shares with the caller, to whoever is known.
    pub(crate) is_shared: bool,
    /// Whether the portal answers it as well.
    pub(crate) is_on_portal: bool,
    /// Whether the portal answers it to those who have not signed in, with what is public.
    pub(crate) is_public: bool,
    run: Run,
}

/// What operations are about; a token's scopes may name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tag {
    Gateway,
    Endpoints,
    Usage,
    Requests,
    Objects(ObjectKind),
    Session,
    Users,
    Tokens,
    ServiceAccounts,
    Teams,
    Applications,
    Subscriptions,
    Notifications,
    Audit,
}

impl Tag {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Endpoints => "endpoints",
            Self::Usage => "usage",
            Self::Requests => "requests",
            Self::Objects(kind) => kind.plural(),
            Self::Session => "session",
            Self::Users => "users",
            Self::Tokens => "tokens",
            Self::ServiceAccounts => "service_accounts",
            Self::Teams => "teams",
            Self::Applications => "applications",
            Self::Subscriptions => "subscriptions",
            Self::Notifications => "notifications",
            Self::Audit => "audit",
        }
    }

    /// In the order of the pages.
    pub(crate) fn all() -> Vec<Self> {
        let mut tags = vec![Self::Gateway];
        tags.extend(ObjectKind::ALL.iter().copied().map(Self::Objects));
        tags.extend([Self::Endpoints, Self::Usage, Self::Requests, Self::Session, Self::Users]);
        tags.extend([Self::Tokens, Self::ServiceAccounts, Self::Teams]);
        tags.extend([Self::Applications, Self::Subscriptions, Self::Notifications, Self::Audit]);
        tags
    }
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Open,
    /// Anybody on loopback while the file names no token, and else whom the table allows.
    Scrape(Permission),
    /// Whoever is known, over what is their own.
    Own,
    /// A person who has signed in, over what is their own; not by a token.
    OwnInPerson,
    /// Whom the table allows it, there.
    Needs(Permission, Place),
}

/// Where a permission must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the whole gateway.
    Platform,
    /// Anywhere; the answer holds what the caller may see.
    Somewhere,
    /// In the team that the path names first.
    Team,
    /// In the team that `?team=` names, else in the whole gateway.
    NewInTeam,
    /// Where the object that the path names first is; where it is not there yet, as `NewInTeam`.
    Object,
    /// Where the service account that the path names first is.
    ServiceAccount,
    /// Where the application that the path names first is, or over one's own.
    Application,
    /// In the team that `?team=` names; without one it is the caller's own.
    NewApplication,
    /// Where the application of the subscription that the path names first is, or its product.
    Subscription,
    /// Where the product of the subscription that the path names first is.
    SubscribedProduct,
    /// In the whole gateway, or over oneself: the path names a user first.
    User,
}

/// One query parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Its JSON Schema.
    pub(crate) schema: fn() -> serde_json::Value,
}

/// The body that an operation takes.
#[derive(Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    /// JSON of a type of ours.
    Json {
        form: Form,
        is_required: bool,
    },
    /// The configuration of an object.
    Object,
    /// A JSON Merge Patch of it.
    ObjectPatch,
    /// A whole configuration, as YAML or JSON.
    Config,
}

/// A type of ours, by name, and how its schema is had.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) name: fn() -> String,
    pub(crate) collect: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Form {
    pub(crate) fn of<T: ToSchema>() -> Self {
        Self {
            name: || T::name().into_owned(),
            collect: |all| {
                all.push((T::name().into_owned(), T::schema()));
                T::schemas(all);
            },
        }
    }
}

/// One answer that is no refusal.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) about: &'static str,
    pub(crate) what: Answered,
}

/// The body of an answer.
#[derive(Clone, Copy)]
pub(crate) enum Answered {
    Nothing,
    Json(Form),
    /// The envelope of an object.
    Object,
    /// A page of objects.
    Objects,
    /// Text of these types.
    Text(&'static [&'static str]),
    /// Some JSON object.
    AnyJson,
}

/// By which listener an operation is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// The admin listener, which answers all of them.
    Admin,
    /// The portal listener: what is for those who subscribe and call.
    Portal,
}

/// Who writes the audit row of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audit {
    /// The use case, in the transaction of the write; or nobody, since nothing is written.
    Within,
    /// The dispatcher, once it has succeeded: it changes the running gateway alone.
    After,
}

impl Operation {
    /// An operation that answers 200 with nothing yet and that nobody may call.
    pub(crate) fn new<T: 'static, H: Handler<T, Desk>>(
        method: Method,
        path: impl Into<String>,
        id: impl Into<String>,
        handler: H,
    ) -> Self {
        let run: Run = Box::new(move |request, desk| {
            let handler = handler.clone();
            Box::pin(async move { handler.call(request, desk).await })
        });
        Self {
            method,
            path: path.into(),
            id: id.into(),
            tag: Tag::Gateway,
            summary: String::new(),
            access: Access::Needs(Permission::OperateGateway, Place::Platform),
            is_local: false,
            parameters: Vec::new(),
            is_lenient: false,
            takes: Takes::Nothing,
            answers: Vec::new(),
            codes: Vec::new(),
            kind: None,
            audit: Audit::Within,
            is_shared: false,
            is_on_portal: false,
            is_public: false,
            run,
        }
    }

    pub(crate) fn about(mut self, tag: Tag, summary: impl Into<String>) -> Self {
        self.tag = tag;
        self.summary = summary.into();
        self
    }

    pub(crate) fn open(mut self) -> Self {
        self.access = Access::Open;
        self
    }

    pub(crate) fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    pub(crate) fn needs(self, permission: Permission, place: Place) -> Self {
        self.access(Access::Needs(permission, place))
    }

    /// Also for loopback before anybody has set up, as it was before there were users.
    pub(crate) fn locally(mut self) -> Self {
        self.is_local = true;
        self
    }

    pub(crate) fn leniently(mut self) -> Self {
        self.is_lenient = true;
        self
    }

    pub(crate) fn query(mut self, parameters: &[Parameter]) -> Self {
        self.parameters.extend_from_slice(parameters);
        self
    }

    pub(crate) fn takes(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }

    pub(crate) fn takes_json<T: ToSchema>(self) -> Self {
        self.takes(Takes::Json { form: Form::of::<T>(), is_required: true })
    }

    pub(crate) fn answers(
        mut self,
        status: StatusCode,
        about: &'static str,
        what: Answered,
    ) -> Self {
        self.answers.push(Answer { status, about, what });
        self
    }

    /// Answers 304 to whoever has it already, by `If-None-Match`.
    pub(crate) fn unless_known(self) -> Self {
        self.answers(StatusCode::NOT_MODIFIED, "The caller has it.", Answered::Nothing)
    }

    /// Whether it does.
    pub(crate) fn is_unless_known(&self) -> bool {
        self.answers.iter().any(|answer| answer.status == StatusCode::NOT_MODIFIED)
    }

    pub(crate) fn answers_json<T: ToSchema>(self, status: StatusCode, about: &'static str) -> Self {
        self.answers(status, about, Answered::Json(Form::of::<T>()))
    }

    /// What it may be refused for, beside what every operation may be refused for.
    pub(crate) fn refuses(mut self, codes: &[Code]) -> Self {
        self.codes.extend_from_slice(codes);
        self
    }

    pub(crate) fn of_kind(mut self, kind: ObjectKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Also for those with whom what it shows is shared.
    pub(crate) fn shared(mut self) -> Self {
        self.is_shared = true;
        self
    }

    /// Also for those who subscribe and call: theirs, or open to all.
    pub(crate) fn on_portal(mut self) -> Self {
        self.is_on_portal = true;
        self
    }

    /// Also for those who have not signed in, at the portal: what is public, and nothing else.
    pub(crate) fn public(mut self) -> Self {
        self.is_on_portal = true;
        self.is_public = true;
        self
    }

    pub(crate) fn audited_after(mut self) -> Self {
        self.audit = Audit::After;
        self
    }

    /// Whether it may change something.
    pub(crate) fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    /// The path without its custom method, and the custom method.
    pub(crate) fn split_verb(&self) -> (&str, Option<&str>) {
        match self.path.rsplit_once("}:") {
            Some((path, verb)) => (&self.path[..=path.len()], Some(verb)),
            None => (&self.path, None),
        }
    }

    /// The names in braces.
    pub(crate) fn names(&self) -> Vec<&str> {
        let parts = self.path.split('{').skip(1);
        parts.filter_map(|part| part.split('}').next()).collect()
    }

    /// Answers a request that may be answered.
    pub(crate) fn run(&self, request: Request, desk: Desk) -> Answering {
        (self.run)(request, desk)
    }
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {} {}", self.id, self.method, self.path)
    }
}

//! A plan: on what terms a product may be used, and by what callers prove themselves.

use architrave_core::name::{PlanName, TeamName};

use crate::consumer::{BudgetWritten, ConsumerLimits, check_budgets};
use crate::jwt::{Jwt, JwtWritten};
use crate::read::{
    List, Method, Name, NonEmpty, Nothing, Pairs, Ref, Scope, Text, choice, record, words,
};
use crate::route::PathMatch;
use crate::snapshot::{ProductIndex, ServiceIndex};
use crate::{Budget, product};

/// Questions that one plan may ask; more are a form that nobody fills in.
const QUESTIONS_MAX: usize = 50;

/// The terms on which a product may be used.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub name: PlanName,
    /// What it is a plan of.
    pub product: ProductIndex,
    /// What people read.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Bounds on what each subscribed application may do.
    pub limits: ConsumerLimits,
    /// What each subscribed application may use up in a period; all of them hold.
    pub budgets: Vec<Budget>,
    /// What all subscribed applications together may use up in a period; all of them hold.
    pub shared_budgets: Vec<Budget>,
    /// What is said of its price. Nothing is charged by it.
    pub price_note: Option<String>,
    /// Who of those who see the product may subscribe.
    pub subscribers: Subscribers,
    /// By what callers prove themselves.
    pub credentials: PlanCredentials,
    /// How a subscription becomes active.
    pub approval: Approval,
    /// What subscribers are asked.
    pub questions: Vec<Question>,
    /// What of some services it opens; services that are not in it are open as a whole.
    pub operations: Vec<(ServiceIndex, Vec<PlanOperation>)>,
}

/// Who may subscribe, of those who see the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscribers {
    /// All of them.
    Anyone,
    /// Whoever has signed in.
    SignedIn,
    /// Applications of these teams.
    Teams(Vec<TeamName>),
}

/// By what callers prove themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanCredentials {
    /// By an API key of the application.
    ApiKey,
    /// By a token that an issuer has signed, one of whose claims names the application.
    Jwt(Jwt),
}

words! {
    /// How a subscription becomes active.
    pub enum Approval {
        /// At once. The default.
        Automatic = "automatic",
        /// Once the team of the product has approved it.
        ByHand = "by_hand",
    }
}

record! {
    /// What a subscriber is asked.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Question {
        /// What the answer is known by.
        "name": Text => pub name: String,
        /// What people read.
        "label": Text => pub label: String,
        /// Whether it must be answered.
        "required": bool = false => pub required: bool,
    }
}

/// Requests that a plan opens.
#[derive(Clone, Debug)]
pub enum PlanOperation {
    /// As clients send them: before a route rewrites the path.
    Requests {
        /// On the canonical path.
        path: PathMatch,
        /// Methods; any where there is none.
        methods: Vec<String>,
    },
    /// Those of an operation of the service's API, by what its description calls it.
    OfApi(String),
}

record! {
    /// Requests that a plan opens: by `operation_id`, or by path and method as clients send them,
    /// before a route rewrites the path.
    #[derive(Debug)]
    pub(crate) struct PlanOperationWritten => PlanOperation by finish {
        /// On the canonical path.
        "path": PathMatch = PathMatch::Prefix(String::new()) => path: PathMatch,
        /// Methods; any by default.
        "methods": List<Method> = Vec::new() => methods: Vec<String>,
        /// The operation of the service's API that has this id in its description; of one without an
        /// id, its method and path as they are there, such as `GET /orders/{id}`.
        "operation_id": Option<Text> = None => operation_id: Option<String>,
    }
    later "operation";
}

impl PlanOperationWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<PlanOperation> {
        let Self { path, methods, operation_id } = self;
        let Some(id) = operation_id else { return Some(PlanOperation::Requests { path, methods }) };
        for key in ["path", "methods"] {
            if scope.has(key) {
                scope.refuse_at(key, "the description says it: leave it out, or `operation_id`");
            }
        }
        Some(PlanOperation::OfApi(id))
    }
}

choice! {
    /// Who may subscribe, of those who see the product.
    Subscribers {
        /// All of them. The default.
        "anyone": Nothing => |_| Subscribers::Anyone,
        /// Whoever has signed in.
        "signed_in": Nothing => |_| Subscribers::SignedIn,
        /// Applications of these teams.
        "teams": NonEmpty<Name<TeamName>> => Subscribers::Teams,
    }
}

choice! {
    /// By what callers prove themselves.
    PlanCredentials {
        /// By an API key of the application. The default.
        "api_key": Nothing => |_| PlanCredentials::ApiKey,
        /// By a token (JWT) that an issuer has signed, one of whose claims names the application.
        "jwt": JwtWritten => PlanCredentials::Jwt,
    }
}

record! {
    /// On what terms a product may be used.
    #[derive(Debug)]
    pub(crate) struct PlanWritten => Plan by finish {
        /// Its name.
        "name": Name<PlanName> => name: PlanName,
        /// The product that it is a plan of.
        "product": Ref<ProductIndex> => product: ProductIndex,
        /// What people read.
        "title": Option<Text> = None => title: Option<String>,
        /// What it is for.
        "description": Option<Text> = None => description: Option<String>,
        /// Bounds on what each subscribed application may do.
        "limits": ConsumerLimits = ConsumerLimits::default() => limits: ConsumerLimits,
        /// What each subscribed application may use up of models in a period; all of them hold.
        "budgets": List<BudgetWritten> = Vec::new() => budgets: Vec<Budget>,
        /// What all subscribed applications together may use up of models in a period.
        "shared_budgets": List<BudgetWritten> = Vec::new() => shared_budgets: Vec<Budget>,
        /// What is said of its price. Nothing is charged by it.
        "price_note": Option<Text> = None => price_note: Option<String>,
        /// Who may subscribe, of those who see the product.
        "subscribers": Subscribers = Subscribers::Anyone => subscribers: Subscribers,
        /// By what callers prove themselves.
        "credentials": PlanCredentials = PlanCredentials::ApiKey => credentials: PlanCredentials,
        /// How a subscription becomes active.
        "approval": Approval = Approval::Automatic => approval: Approval,
        /// What subscribers are asked.
        "questions": List<Question> = Vec::new() => questions: Vec<Question>,
        /// What of some services it opens, by the service; the others are open as a whole.
        "operations": Pairs<Ref<ServiceIndex>, NonEmpty<PlanOperationWritten>> = Vec::new()
            => operations: Vec<(ServiceIndex, Vec<PlanOperation>)>,
        /// The team that it belongs to; in a database, whose it is is said beside it.
        "team": Option<Name<TeamName>> = None => team: Option<TeamName>,
    }
}

impl PlanWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Plan> {
        product::check_texts(scope);
        check_budgets(scope, "budgets", &self.budgets);
        check_budgets(scope, "shared_budgets", &self.shared_budgets);
        self.check_questions(scope);
        // It matters to the control side alone, which reads it from the object.
        drop(self.team);
        Some(Plan {
            name: self.name,
            product: self.product,
            title: self.title,
            description: self.description,
            limits: self.limits,
            budgets: self.budgets,
            shared_budgets: self.shared_budgets,
            price_note: self.price_note,
            subscribers: self.subscribers,
            credentials: self.credentials,
            approval: self.approval,
            questions: self.questions,
            operations: self.operations,
        })
    }

    fn check_questions(&self, scope: &mut Scope<'_, '_, '_>) {
        if self.questions.len() > QUESTIONS_MAX {
            scope.refuse_at("questions", format!("there may be up to {QUESTIONS_MAX}"));
        }
        if scope.count("questions") != self.questions.len() {
            return;
        }
        let items = scope.node.get("questions").map_or(&[][..], |list| list.items());
        for (at, item) in items.iter().enumerate() {
            let name = &self.questions[at].name;
            if self.questions[..at].iter().any(|earlier| earlier.name == *name) {
                scope.reader.refuse(item.place, format!("another question is named `{name}`"));
            }
        }
    }
}

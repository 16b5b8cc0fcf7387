//! The API described as OpenAPI 3.1, made from the list of operations.

use std::collections::{BTreeMap, BTreeSet};

use architrave_config::object::{ObjectKind, component_schemas};
use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::code::Code;
use crate::error::Problem;
use crate::json::MERGE_PATCH;
use crate::operation::{Access, Answered, Audit, Form, Operation, Place, Tag, Takes};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Statuses with which the listener answers what it cannot take in, as text.
const UNREAD: [(&str, &str); 5] = [
    ("400", "The request cannot be read."),
    ("408", "The request does not come to its end."),
    ("413", "The body is too long."),
    ("414", "The target is too long."),
    ("431", "The head is too long."),
];

/// The whole description.
pub(crate) fn document(operations: &[Operation]) -> Value {
    let objects = ObjectSchemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations {
        let methods = paths.entry(operation.path.as_str()).or_default();
        let described = Described { operation, objects: &objects };
        methods.insert(operation.method.as_str().to_lowercase(), described.operation());
    }
    let tags: Vec<Value> =
        Tag::all().into_iter().map(|tag| json!({ "name": tag.as_str() })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Architrave admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What an operator, the console and the command line see of a gateway \
                            and may change in it.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas(operations),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A personal access token, a service account's token, or the \
                                    token of the gateway file.",
                },
                "session": { "type": "apiKey", "in": "cookie", "name": "architrave_session" },
            },
        },
    })
}

/// What the body of each kind of object is called.
struct ObjectSchemas(Vec<(ObjectKind, String)>);

impl ObjectSchemas {
    fn new() -> Self {
        Self(component_schemas().1)
    }

    fn config(&self, kind: ObjectKind) -> &str {
        let found = self.0.iter().find(|(own, _)| *own == kind);
        found.map(|(_, name)| name.as_str()).unwrap_or_default()
    }
}

/// What the envelope of a kind of object is called.
fn envelope_name(kind: ObjectKind) -> String {
    let parts = kind.singular().split('_').map(|part| {
        let mut part = part.to_owned();
        part[..1].make_ascii_uppercase();
        part
    });
    parts.collect::<String>() + "Object"
}

fn page_name(kind: ObjectKind) -> String {
    format!("{}Page", envelope_name(kind))
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

struct Described<'a> {
    operation: &'a Operation,
    objects: &'a ObjectSchemas,
}

impl Described<'_> {
    fn operation(&self) -> Value {
        let operation = self.operation;
        let mut described = json!({
            "operationId": operation.id,
            "tags": [operation.tag.as_str()],
            "summary": operation.summary,
            "parameters": self.parameters(),
            "responses": self.responses(),
            "security": security(operation.access),
        });
        if let Some(permission) = permission(operation) {
            described["x-permission"] = permission.into();
        }
        if let Some(body) = self.body() {
            described["requestBody"] = body;
        }
        described
    }

    fn parameters(&self) -> Vec<Value> {
        let operation = self.operation;
        let mut all: Vec<Value> = operation
            .names()
            .into_iter()
            .map(|name| {
                let schema = json!({ "type": "string", "minLength": 1 });
                json!({ "name": name, "in": "path", "required": true, "schema": schema })
            })
            .collect();
        all.extend(operation.parameters.iter().map(|parameter| {
            json!({
                "name": parameter.name,
                "in": "query",
                "description": parameter.about,
                "schema": (parameter.schema)(),
            })
        }));
        let header = |name: &str, about: &str| {
            let schema = json!({ "type": "string" });
            json!({ "name": name, "in": "header", "description": about, "schema": schema })
        };
        if operation.codes.contains(&Code::PreconditionRequired) {
            let about = "The `ETag` of what is to be changed. Needed when it exists.";
            all.push(header("If-Match", about));
        }
        if operation.method == Method::PUT && operation.kind.is_some() {
            all.push(header("If-None-Match", "`*`: only when it does not exist."));
        }
        if operation.answers.iter().any(|answer| answer.status == StatusCode::NOT_MODIFIED) {
            all.push(header("If-None-Match", "The `ETag` of what the caller has."));
        }
        if takes_key(operation) {
            let about = "The same request with the same key is done once, and answered alike, for \
                         a day.";
            all.push(header("Idempotency-Key", about));
        }
        if operation.is_write() && operation.access != Access::Open {
            let about = "Needed with the cookie of a session: its `csrf_token`.";
            all.push(header("X-CSRF-Token", about));
        }
        all
    }

    fn body(&self) -> Option<Value> {
        let config = |kind: Option<ObjectKind>| {
            kind.map_or(json!({}), |kind| reference(self.objects.config(kind)))
        };
        let content = |types: &[&str], schema: &Value| -> Value {
            let content = types.iter().map(|one| ((*one).to_owned(), json!({ "schema": schema })));
            content.collect::<Map<_, _>>().into()
        };
        let (content, is_required) = match self.operation.takes {
            Takes::Nothing => return None,
            Takes::Json { form, is_required } => {
                let schema = reference(&(form.name)());
                match self.operation.method {
                    Method::PATCH => (content(&[MERGE_PATCH, JSON], &schema), is_required),
                    _ => (content(&[JSON], &schema), is_required),
                }
            }
            Takes::Object => (content(&[JSON], &config(self.operation.kind)), true),
            Takes::ObjectPatch => {
                (content(&[MERGE_PATCH, JSON], &json!({ "type": "object" })), true)
            }
            Takes::Config => {
                let schema = json!({ "type": "object" });
                (content(&[JSON, "application/yaml"], &schema), true)
            }
        };
        Some(json!({ "required": is_required, "content": content }))
    }

    fn responses(&self) -> Value {
        let mut all = Map::new();
        for answer in &self.operation.answers {
            let mut response = json!({ "description": answer.about });
            if let Some(content) = self.content(answer.what) {
                response["content"] = content;
            }
            match all.get_mut(answer.status.as_str()) {
                // The same in another form.
                Some(before) => {
                    let others = response["content"].as_object().cloned().unwrap_or_default();
                    if let Some(content) = before["content"].as_object_mut() {
                        content.extend(others);
                    }
                }
                None => {
                    all.insert(answer.status.as_str().to_owned(), response);
                }
            }
        }
        let mut refusals: BTreeMap<u16, BTreeSet<Code>> = BTreeMap::new();
        for code in codes(self.operation) {
            refusals.entry(code.status().as_u16()).or_default().insert(code);
        }
        // What cannot be read as a request is refused before it comes here.
        for (status, about) in UNREAD {
            let response =
                all.entry(status.to_owned()).or_insert_with(|| json!({ "description": about }));
            response["content"]["text/plain"] = json!({ "schema": { "type": "string" } });
        }
        for (status, codes) in refusals {
            let words: Vec<String> =
                codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
            let content = json!({ PROBLEM: { "schema": reference("Problem") } });
            let status = status.to_string();
            match all.get_mut(&status) {
                // The listener refuses with the same status, and `/readyz` answers 503 itself.
                Some(response) => {
                    let about = format!("{} {}", words.join(", "), response["description"]);
                    response["description"] = about.replace('"', "").into();
                    response["content"][PROBLEM] = content[PROBLEM].clone();
                }
                None => {
                    let description = words.join(", ");
                    let response = json!({ "description": description, "content": content });
                    all.insert(status, response);
                }
            }
        }
        all.into()
    }

    fn content(&self, what: Answered) -> Option<Value> {
        let json = |schema: Value| Some(json!({ JSON: { "schema": schema } }));
        match what {
            Answered::Nothing => None,
            Answered::Json(form) => json(reference(&(form.name)())),
            Answered::Object => {
                json(self.operation.kind.map_or(json!({}), |kind| reference(&envelope_name(kind))))
            }
            Answered::Objects => {
                json(self.operation.kind.map_or(json!({}), |kind| reference(&page_name(kind))))
            }
            Answered::AnyJson => json(json!({ "type": "object" })),
            Answered::Text(types) => {
                let schema = json!({ "type": "string" });
                let content =
                    types.iter().map(|one| ((*one).to_owned(), json!({ "schema": schema })));
                Some(content.collect::<Map<_, _>>().into())
            }
        }
    }
}

/// Whether an idempotency key is of use.
fn takes_key(operation: &Operation) -> bool {
    operation.method == Method::POST
        && operation.access != Access::Open
        && operation.audit == Audit::Within
        && !operation.is_lenient
}

/// Everything that an operation may be refused for: what it says itself, and what goes for all.
pub(crate) fn codes(operation: &Operation) -> BTreeSet<Code> {
    let mut all: BTreeSet<Code> = operation.codes.iter().copied().collect();
    // Whoever calls from where they should not, or breaks the rules of all.
    all.extend([Code::HostNotAllowed, Code::OriginNotAllowed, Code::PeerNotAllowed]);
    all.extend([Code::Internal, Code::MethodNotAllowed, Code::TooManyConnections]);
    all.insert(Code::QueryInvalid);
    if !operation.names().is_empty() {
        all.extend([Code::PathInvalid, Code::RouteNotFound]);
    }
    if operation.access != Access::Open {
        all.extend([Code::TokenMissing, Code::TokenInvalid, Code::SessionInvalid]);
        all.extend([Code::ScopeNotPermitted, Code::StoreUnavailable]);
        if operation.is_write() {
            all.insert(Code::CsrfTokenWrong);
        }
    }
    match operation.access {
        Access::OwnInPerson => all.extend([Code::SessionNeeded, Code::NoDatabase]),
        Access::Own if !operation.is_local => all.extend([Code::NoDatabase]),
        Access::Needs(_, place) => {
            all.insert(Code::NotPermitted);
            match (place, operation.kind) {
                (Place::Object, Some(ObjectKind::Upstream)) => all.extend([Code::UpstreamNotFound]),
                (Place::Object, Some(ObjectKind::Model)) => all.extend([Code::ModelNotFound]),
                (Place::Object, Some(_)) => all.extend([Code::ObjectNotFound]),
                (Place::Application, _) => all.extend([Code::ApplicationNotFound]),
                (Place::Subscription | Place::SubscribedProduct, _) => {
                    all.extend([Code::SubscriptionNotFound]);
                }
                (Place::Team | Place::NewInTeam | Place::NewApplication, _) => {
                    all.extend([Code::TeamNotFound])
                }
                _ => {}
            }
            if operation.kind.is_none() && !operation.is_local {
                all.insert(Code::NoDatabase);
            }
        }
        _ => {}
    }
    match operation.takes {
        Takes::Nothing => {}
        _ => all.extend([Code::BodyInvalid, Code::BodyTooLarge, Code::ContentTypeNotSupported]),
    }
    if operation.is_write() {
        // A body that nobody asked for is still received.
        all.insert(Code::BodyTooLarge);
    }
    if operation.path.contains("}:") {
        all.insert(Code::ActionNotFound);
    }
    if operation.codes.contains(&Code::PreconditionRequired) || operation.kind.is_some() {
        all.insert(Code::HeaderInvalid);
    }
    if takes_key(operation) {
        all.extend([Code::HeaderInvalid, Code::IdempotencyKeyInUse, Code::IdempotencyKeyReused]);
    }
    all
}

/// The permission that it asks for, and where.
pub(crate) fn permission(operation: &Operation) -> Option<String> {
    match operation.access {
        Access::Needs(permission, _) | Access::Scrape(permission) => {
            Some(permission.as_str().to_owned())
        }
        _ => None,
    }
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::OwnInPerson => json!([{ "session": [] }]),
        // A scraper beside the gateway, while the file names no token.
        Access::Scrape(_) => json!([{}, { "token": [] }, { "session": [] }]),
        Access::Own | Access::Needs(..) => json!([{ "token": [] }, { "session": [] }]),
    }
}

fn schemas(operations: &[Operation]) -> Map<String, Value> {
    let (mut all, _) = component_schemas();
    let mut forms: Vec<(String, RefOr<Schema>)> = Vec::new();
    (Form::of::<Problem>().collect)(&mut forms);
    for operation in operations {
        if let Takes::Json { form, .. } = operation.takes {
            (form.collect)(&mut forms);
        }
        for answer in &operation.answers {
            if let Answered::Json(form) = answer.what {
                (form.collect)(&mut forms);
            }
        }
    }
    for (name, schema) in forms {
        let schema = serde_json::to_value(schema).expect("schemas are JSON");
        let before = all.insert(name.clone(), schema.clone());
        assert!(before.is_none_or(|before| before == schema), "two schemas are named {name}");
    }
    let objects = ObjectSchemas::new();
    for kind in ObjectKind::ALL {
        all.insert(envelope_name(kind), envelope(kind, objects.config(kind)));
        let page = json!({
            "type": "object",
            "required": [kind.plural()],
            "properties": {
                kind.plural(): { "type": "array", "items": reference(&envelope_name(kind)) },
                "next_page_token": { "type": ["string", "null"] },
            },
        });
        all.insert(page_name(kind), page);
    }
    all
}

/// The envelope of an object. Upstreams and models say in it how they do, besides.
fn envelope(kind: ObjectKind, config: &str) -> Value {
    let live = match kind {
        ObjectKind::Upstream => Some("UpstreamBody"),
        ObjectKind::Model => Some("ModelBody"),
        _ => None,
    };
    let maybe = |format: Value| json!({ "type": ["string", "null"], "format": format });
    let mut schema = json!({
        "type": "object",
        "description": format!("The {} in its envelope.", kind.singular()),
        "required": ["name"],
        "properties": {
            "id": { "type": ["string", "null"], "description": "`null` for one of a file." },
            "kind": { "type": "string", "const": kind.singular() },
            "name": { "type": "string" },
            "team": { "type": ["string", "null"] },
            "origin": { "type": "string", "enum": ["database", "file"] },
            "file": { "type": ["string", "null"] },
            "revision": { "type": ["integer", "null"] },
            "created_at": maybe(json!("date-time")),
            "updated_at": maybe(json!("date-time")),
            "config": reference(config),
        },
    });
    if kind == ObjectKind::Service {
        schema["properties"]["callers"] = json!({
            "anyOf": [reference("CallerList"), { "type": "null" }],
            "description": "Who called it in the last 30 days; in answers to `:retire` alone, and \
                            `null` where nobody keeps count.",
        });
    }
    if matches!(kind, ObjectKind::Service | ObjectKind::Product) {
        schema["properties"]["warnings"] = json!({
            "description": "What is worth telling whoever has written it; only where there is something.",
            "type": "array",
            "items": { "type": "string" },
        });
    }
    if live.is_none() {
        schema["required"] = json!(["id", "kind", "name", "origin", "config"]);
    } else {
        schema["description"] = format!(
            "The {} in its envelope, and how it does: those fields are missing while it is not \
             live, as the envelope's are where nobody has configured it.",
            kind.singular()
        )
        .into();
    }
    schema
}

//! The audit log: who did what.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::admin::audit;
use crate::code::Code;
use crate::operation::{Answered, Operation, Parameter, Place, Tag};
use crate::page;
use crate::permission::Permission::ReadAudit;
use crate::usecase::audit::AuditPage;

const OK: StatusCode = StatusCode::OK;

pub(super) fn operations() -> Vec<Operation> {
    audit_log().into_iter().map(|one| one.refuses(&[Code::StoreUnavailable])).collect()
}

fn audit_log() -> Vec<Operation> {
    let csv = &["application/x-ndjson", "text/csv"];
    vec![
        Operation::new(Method::GET, "/api/v1/audit", "list_audit", audit::list::run)
            .about(
                Tag::Audit,
                "Every write and sign-in, the latest first. Owners of teams see their team's.",
            )
            .needs(ReadAudit, Place::Somewhere)
            .query(&page::PARAMETERS)
            .query(&FILTERS)
            .answers_json::<AuditPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid, Code::TeamNotFound]),
        Operation::new(Method::GET, "/api/v1/audit:export", "export_audit", audit::export::run)
            .about(
                Tag::Audit,
                "The same as a file, of 100,000 rows at most; `audit-truncated: true` says that \
                 there are more.",
            )
            .needs(ReadAudit, Place::Somewhere)
            .query(&[FORMAT])
            .query(&FILTERS)
            .answers(OK, "A JSON object in each line, or CSV.", Answered::Text(csv))
            .refuses(&[Code::TeamNotFound]),
    ]
}

const FORMAT: Parameter = Parameter {
    name: "format",
    about: "`json` (a JSON object in each line) or `csv`.",
    schema: || json!({ "type": "string", "enum": ["json", "csv"], "default": "json" }),
};

const FILTERS: [Parameter; 8] = [
    Parameter { name: "actor", about: "The id of who did it.", schema: text },
    Parameter { name: "via", about: "`console`, `api`, `cli` or `system`.", schema: text },
    Parameter { name: "action", about: "What was done.", schema: text },
    Parameter { name: "kind", about: "To what kind of thing.", schema: text },
    Parameter { name: "name", about: "To which.", schema: text },
    Parameter { name: "team", about: "Whose.", schema: text },
    Parameter { name: "since", about: "Not before this time.", schema: moment },
    Parameter { name: "until", about: "Before this time.", schema: moment },
];

fn text() -> serde_json::Value {
    json!({ "type": "string", "maxLength": 512 })
}

fn moment() -> serde_json::Value {
    json!({ "type": "string", "format": "date-time" })
}

//! What was used: over time, at the top, broken down, and single exchanges.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::admin::requests;
use crate::admin::usage::list::UsageList;
use crate::admin::usage::{self, UsageBody};
use crate::code::Code;
use crate::operation::{Access, Answered, Operation, Parameter, Place, Tag};
use crate::page;
use crate::permission::Permission::ReadGateway;
use crate::usecase::usage::{
    FollowBody, FollowedList, RequestBody, RequestPage, STEP_WORDS, UsageBreakdown, UsageSeries,
    UsageTop, metric_words,
};

const OK: StatusCode = StatusCode::OK;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = budgets();
    all.extend(sums());
    all.extend(request_log());
    all
}

fn budgets() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/api/v1/usage", "list_usage", usage::list::run)
            .about(Tag::Usage, "What every consumer with budgets has used of them.")
            .needs(ReadGateway, Place::Platform)
            .locally()
            .leniently()
            .answers_json::<UsageList>(OK, "By consumer."),
        Operation::new(Method::GET, "/api/v1/usage/{consumer}", "get_usage", usage::show::run)
            .about(Tag::Usage, "What one consumer has used of its budgets.")
            .needs(ReadGateway, Place::Platform)
            .locally()
            .leniently()
            .answers_json::<UsageBody>(OK, "By budget.")
            .refuses(&[Code::UsageNotFound]),
    ]
}

fn sums() -> Vec<Operation> {
    let series = "/api/v1/usage/series";
    let top = "/api/v1/usage/top";
    let breakdown = "/api/v1/usage/breakdown";
    vec![
        Operation::new(Method::GET, series, "get_usage_series", usage::series::run)
            .about(
                Tag::Usage,
                "One metric over time, one series for each name of a dimension. Who is in a team \
                 sees the team's services and what its applications call; everybody sees what \
                 their own applications do.",
            )
            .query(&[METRIC, STEP, GROUP_BY, SERIES_LIMIT])
            .answers_json::<UsageSeries>(OK, "The series."),
        Operation::new(Method::GET, top, "get_usage_top", usage::top::run)
            .about(Tag::Usage, "The names of a dimension with the most of a metric.")
            .query(&[METRIC, BY_ONE, LIMIT])
            .answers_json::<UsageTop>(OK, "The names."),
        Operation::new(Method::GET, breakdown, "get_usage_breakdown", usage::breakdown::run)
            .about(
                Tag::Usage,
                "Every amount and quantile by none, one or two dimensions, the most of a metric \
                 first.",
            )
            .query(&[METRIC, BY, LIMIT])
            .answers_json::<UsageBreakdown>(OK, "The rows."),
    ]
    .into_iter()
    .map(|operation| {
        let csv = Answered::Text(&["text/csv"]);
        operation
            .access(Access::Own)
            .on_portal()
            .query(&[FROM, TO, FORM])
            .query(&FILTERS)
            .answers(OK, "The same as CSV, where that is asked for.", csv)
            .refuses(&[Code::NoDatabase, Code::NoUsage])
    })
    .collect()
}

fn request_log() -> Vec<Operation> {
    let lines = &["application/x-ndjson", "text/csv"];
    vec![
        Operation::new(Method::GET, "/api/v1/requests", "list_requests", requests::list::run)
            .about(
                Tag::Requests,
                "Exchanges of the request log, the latest first: every error, a share of the rest, \
                 and all of who is followed.",
            )
            .access(Access::Own)
            .query(&page::PARAMETERS)
            .query(&REQUEST_FILTERS)
            .answers_json::<RequestPage>(OK, "A page.")
            .refuses(&[Code::PageTokenInvalid]),
        Operation::new(
            Method::GET,
            "/api/v1/requests:export",
            "export_requests",
            requests::export::run,
        )
        .about(
            Tag::Requests,
            "The same as a file, of 50,000 exchanges at most; `requests-truncated: true` says that \
             there are more.",
        )
        .access(Access::Own)
        .query(&[FORM])
        .query(&REQUEST_FILTERS)
        .answers(OK, "A JSON object in each line, or CSV.", Answered::Text(lines)),
        Operation::new(
            Method::GET,
            "/api/v1/requests/{request}",
            "get_request",
            requests::show::run,
        )
        .about(Tag::Requests, "One exchange: phases, attempts, and whatever else is known of it.")
        .access(Access::Own)
        .answers_json::<RequestBody>(OK, "The exchange.")
        .refuses(&[Code::RequestNotFound]),
        Operation::new(
            Method::GET,
            "/api/v1/requests:followed",
            "list_followed",
            requests::followed::run,
        )
        .about(
            Tag::Requests,
            "Whose exchanges are all put into the request log, and until when, of those whom the \
             caller may see.",
        )
        .access(Access::Own)
        .answers_json::<FollowedList>(OK, "By name."),
        Operation::new(
            Method::POST,
            "/api/v1/requests:follow",
            "follow_requests",
            requests::follow::run,
        )
        .about(
            Tag::Requests,
            "Puts every exchange of a consumer or application into the request log for a while, on \
             the gateway that is asked and until it ends. Whoever may change an application may \
             have it followed.",
        )
        .access(Access::Own)
        .audited_after()
        .takes_json::<FollowBody>()
        .answers_json::<FollowedList>(OK, "All who are followed.")
        .refuses(&[Code::NotPermitted, Code::ValueOutOfRange, Code::TooManyFollowed]),
    ]
    .into_iter()
    .chain([tail()])
    .map(|operation| operation.on_portal().refuses(&[Code::NoDatabase, Code::NoUsage]))
    .collect()
}

fn tail() -> Operation {
    Operation::new(Method::GET, "/api/v1/requests:tail", "tail_requests", requests::tail::run)
        .about(
            Tag::Requests,
            "Exchanges that fit the filters as they end, all of them and not only those of the \
             request log, as server-sent events `request`; `left_out` says how many there was no \
             time for. Of the gateway that is asked, for 15 minutes.",
        )
        .access(Access::Own)
        .query(&REQUEST_FILTERS)
        .answers(OK, "Events.", Answered::Text(&["text/event-stream"]))
        .refuses(&[Code::TooManyWatchers])
}

const METRIC: Parameter = Parameter {
    name: "metric",
    about: "Which number; `requests` where it is left out.",
    schema: || json!({ "type": "string", "enum": metric_words(), "default": "requests" }),
};

const STEP: Parameter = Parameter {
    name: "step",
    about: "How long each point is; so that there are some hundred where it is left out, and 1,500 \
            at most.",
    schema: || json!({ "type": "string", "enum": STEP_WORDS }),
};

const GROUP_BY: Parameter = Parameter {
    name: "group_by",
    about: "What is told apart: a dimension, or `class`.",
    schema: text,
};

const BY_ONE: Parameter = Parameter {
    name: "by",
    about: "Of what the names are: a dimension, or `class`.",
    schema: text,
};

const BY: Parameter = Parameter {
    name: "by",
    about: "What is told apart: up to two dimensions or `class`, separated by a comma.",
    schema: text,
};

const SERIES_LIMIT: Parameter = Parameter {
    name: "limit",
    about: "How many series at most; those with the most.",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 10 }),
};

const LIMIT: Parameter = Parameter {
    name: "limit",
    about: "How many at most; 10 of the top and 100 of a breakdown where it is left out.",
    schema: || json!({ "type": "integer", "minimum": 1, "maximum": 1000 }),
};

const FROM: Parameter = Parameter {
    name: "from",
    about: "Not before this time; a day before the end where it is left out.",
    schema: moment,
};

const TO: Parameter =
    Parameter { name: "to", about: "Before this time; now where it is left out.", schema: moment };

const FORM: Parameter = Parameter {
    name: "format",
    about: "`json` or `csv`; `accept: text/csv` asks for the latter, too.",
    schema: || json!({ "type": "string", "enum": ["json", "csv"] }),
};

/// One for each dimension, and the class.
const FILTERS: [Parameter; 15] = [
    Parameter {
        name: "service",
        about: "Only of these services, separated by commas.",
        schema: text,
    },
    Parameter { name: "version", about: "Only of these versions.", schema: text },
    Parameter { name: "route", about: "Only of these routes.", schema: text },
    Parameter { name: "operation", about: "Only of these operations.", schema: text },
    Parameter { name: "consumer", about: "Only of these consumers or applications.", schema: text },
    Parameter { name: "application", about: "Only of these applications.", schema: text },
    Parameter { name: "plan", about: "Only by these plans.", schema: text },
    Parameter { name: "product", about: "Only of these products.", schema: text },
    Parameter { name: "team", about: "Only of applications of these teams.", schema: text },
    Parameter { name: "model", about: "Only of these models.", schema: text },
    Parameter { name: "deployment", about: "Only of these deployments.", schema: text },
    Parameter { name: "provider", about: "Only of these providers.", schema: text },
    Parameter { name: "status", about: "Only with these statuses.", schema: text },
    Parameter { name: "reason", about: "Only for these reasons.", schema: text },
    Parameter {
        name: "class",
        about: "Only with statuses of these classes, such as `5xx`.",
        schema: text,
    },
];

const REQUEST_FILTERS: [Parameter; 12] = [
    Parameter { name: "from", about: "Not before this time.", schema: moment },
    Parameter { name: "to", about: "Before this time.", schema: moment },
    Parameter { name: "service", about: "Of this service.", schema: text },
    Parameter { name: "route", about: "Of this route.", schema: text },
    Parameter { name: "consumer", about: "Of this consumer or application.", schema: text },
    Parameter { name: "model", about: "Of this model.", schema: text },
    Parameter { name: "method", about: "With this method.", schema: text },
    Parameter { name: "status_min", about: "With this status and above.", schema: number },
    Parameter { name: "status_max", about: "With this status and below.", schema: number },
    Parameter { name: "reason", about: "That failed for this.", schema: text },
    Parameter {
        name: "latency_us_min",
        about: "That took so many microseconds, or more.",
        schema: number,
    },
    Parameter { name: "request_id", about: "With this request id or trace id.", schema: text },
];

fn text() -> Value {
    json!({ "type": "string", "maxLength": 4096 })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
}

fn moment() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

#[cfg(test)]
mod tests {
    use architrave_core::usage::Dimension;

    use super::*;

    #[test]
    fn there_is_a_filter_for_each_dimension() {
        let expected = Dimension::ALL.iter().map(|one| one.as_str()).chain(["class"]);
        let filters: Vec<_> = FILTERS.iter().map(|one| one.name).collect();
        assert_eq!(filters, expected.collect::<Vec<_>>());
    }
}

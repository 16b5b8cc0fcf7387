//! What a call asks for: names that are told apart, values that must fit, how much, in which form.

use architrave_core::usage::Dimension;
use architrave_store::UsageGroup;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use crate::call::Call;
use crate::error::{ApiError, Fault};

/// The class of the status, which is no dimension of its own.
const CLASS: &str = "class";

/// Values of one filter at most.
const VALUES_MAX: usize = 100;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    /// RFC 4180.
    Csv,
}

impl Form {
    /// What `format` says, else what the caller accepts.
    pub(crate) fn read(call: &Call, headers: &HeaderMap) -> Result<Self, ApiError> {
        match call.query.get("format") {
            Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            Some(_) => Err(refuse("format", "format is json or csv")),
            None => {
                let accepted = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
                let first = accepted.and_then(|accept| accept.split([',', ';']).next());
                let is_csv =
                    first.is_some_and(|first| first.trim().eq_ignore_ascii_case("text/csv"));
                Ok(if is_csv { Self::Csv } else { Self::Json })
            }
        }
    }
}

pub(super) fn refuse(parameter: &str, message: impl Into<String>) -> ApiError {
    ApiError::query_fault(Fault::of_parameter(parameter, message))
}

pub(super) fn group_word(group: UsageGroup) -> &'static str {
    match group {
        UsageGroup::Dimension(dimension) => dimension.as_str(),
        UsageGroup::Class => CLASS,
    }
}

fn group_of(word: &str) -> Option<UsageGroup> {
    match word {
        CLASS => Some(UsageGroup::Class),
        word => Dimension::of(word).map(UsageGroup::Dimension),
    }
}

fn words() -> impl Iterator<Item = &'static str> {
    Dimension::ALL.iter().map(|one| one.as_str()).chain([CLASS])
}

/// What is told apart, by the words of a parameter, separated by commas.
pub(super) fn groups(
    call: &Call,
    parameter: &str,
    max: usize,
) -> Result<Vec<UsageGroup>, ApiError> {
    let Some(text) = call.query.get(parameter) else { return Ok(Vec::new()) };
    let mut groups = Vec::new();
    for word in text.split(',') {
        let Some(group) = group_of(word) else {
            let near = architrave_config::nearest(word, words());
            let all: Vec<_> = words().collect();
            let message = format!("`{word}` is none of {}", all.join(", "));
            let fault = Fault::of_parameter(parameter, message).with_suggestion(near);
            return Err(ApiError::query_fault(fault));
        };
        if groups.contains(&group) {
            return Err(refuse(parameter, format!("`{word}` is there twice")));
        }
        groups.push(group);
    }
    if groups.len() > max {
        return Err(refuse(parameter, format!("at most {max} can be told apart at once")));
    }
    Ok(groups)
}

/// Which values the dimensions may have that a call names.
pub(super) fn filters(call: &Call) -> Result<Vec<(UsageGroup, Vec<String>)>, ApiError> {
    let mut filters = Vec::new();
    for word in words() {
        let (Some(text), Some(group)) = (call.query.get(word), group_of(word)) else { continue };
        let values: Vec<String> = text.split(',').map(str::to_owned).collect();
        if values.len() > VALUES_MAX {
            return Err(refuse(word, format!("at most {VALUES_MAX} values can be given")));
        }
        filters.push((group, values));
    }
    Ok(filters)
}

/// How many are wanted: the first of the bounds where nothing is said, the second at most.
pub(super) fn limit(call: &Call, (usual, max): (usize, usize)) -> Result<usize, ApiError> {
    let Some(text) = call.query.get("limit") else { return Ok(usual) };
    let limit = text.parse().ok().filter(|limit| (1..=max).contains(limit));
    limit.ok_or_else(|| refuse("limit", format!("limit is 1 to {max}")))
}

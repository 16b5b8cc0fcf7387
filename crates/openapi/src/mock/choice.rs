//! Which answer: its status, its media type, and which of its examples.

use architrave_config::{ApiAnswer, ApiRequest};
use serde_json::Value;

use super::problem::{self, Fault};
use super::{header, sample};
use crate::description::{Description, Found};
use crate::operation::{self, Operation};

/// What the client asks for in `Prefer` (RFC 7240): `code=404`, `example=name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    code: Option<u16>,
    example: Option<String>,
}

impl Wish {
    pub(super) fn read(request: &ApiRequest<'_>) -> Result<Self, ApiAnswer> {
        let mut wish = Self::default();
        let fields = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("prefer"));
        for preference in fields.flat_map(|(_, value)| value.split([',', ';'])) {
            let Some((name, value)) = preference.trim().split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "code" => match value.parse().ok().filter(|code| (200..600).contains(code)) {
                    Some(code) => wish.code = Some(code),
                    None => {
                        let message = format!("`Prefer: code={value}` is no status");
                        return Err(problem::refused(400, &message, &[]));
                    }
                },
                "example" => wish.example = Some(value.to_owned()),
                _ => {}
            }
        }
        Ok(wish)
    }
}

/// The answer of an operation.
pub(super) fn answer(
    description: &Description,
    operation: &Operation,
    request: &ApiRequest<'_>,
    wish: &Wish,
) -> Result<ApiAnswer, ApiAnswer> {
    let responses = description.at(&operation::place(operation, "responses"));
    let all: Vec<(&str, Found<'_>)> = responses
        .iter()
        .flat_map(Found::members)
        .filter(|(status, _)| !status.starts_with("x-"))
        .filter_map(|(status, found)| Some((status, description.resolved(found)?)))
        .collect();
    let (status, response) = chosen(&all, wish)?;
    let mut answer = ApiAnswer { status, headers: Vec::new(), body: Vec::new() };
    headers(description, &response, &mut answer);
    let contents: Vec<(&str, Found<'_>)> =
        response.get("content").iter().flat_map(Found::members).collect();
    let has_body = !contents.is_empty() && !matches!(status, 204 | 205 | 304);
    if !has_body {
        return match &wish.example {
            Some(name) => Err(no_example(name, &[])),
            None => Ok(answer),
        };
    }
    let accept = header(request, "accept").unwrap_or("*/*");
    let Some((media, found)) = acceptable(&contents, accept) else {
        let known: Vec<&str> = contents.iter().map(|(media, _)| *media).collect();
        let message = format!("there is no `{accept}` here: {} there is", known.join(", "));
        return Err(problem::refused(406, &message, &[]));
    };
    let value = example(description, &found, wish)?;
    let media = concrete(media);
    answer.body = match (&value, is_json(media)) {
        (Value::String(text), false) => text.clone().into_bytes(),
        (value, true) => serde_json::to_vec_pretty(value).unwrap_or_default(),
        (value, false) => value.to_string().into_bytes(),
    };
    answer.headers.push(("content-type".to_owned(), media.to_owned()));
    if request.method == "HEAD" {
        answer.body.clear();
    }
    Ok(answer)
}

/// The status, and what is told of it: as wished, else the first of 2xx, else what there is.
fn chosen<'d>(all: &[(&str, Found<'d>)], wish: &Wish) -> Result<(u16, Found<'d>), ApiAnswer> {
    let find = |wanted: &str| {
        let mut all = all.iter();
        all.find(|(status, _)| status.eq_ignore_ascii_case(wanted)).map(|(_, found)| found.clone())
    };
    if let Some(code) = wish.code {
        let range = format!("{}XX", code / 100);
        let found = find(&code.to_string()).or_else(|| find(&range)).or_else(|| find("default"));
        return found.map(|found| (code, found)).ok_or_else(|| {
            let known: Vec<&str> = all.iter().map(|(status, _)| *status).collect();
            let message = format!("there is no answer {code} here: {} there is", known.join(", "));
            problem::refused(400, &message, &[])
        });
    }
    let number = |status: &str| -> Option<u16> {
        let first = status.get(..1)?.parse::<u16>().ok()?;
        match status.get(1..)?.eq_ignore_ascii_case("xx") {
            true => Some(first * 100),
            false => status.parse().ok().filter(|code| (200..600).contains(code)),
        }
    };
    let mut numbered: Vec<(u16, &Found<'d>)> =
        all.iter().filter_map(|(status, found)| Some((number(status)?, found))).collect();
    numbered.sort_by_key(|(code, _)| *code);
    let success = numbered.iter().find(|(code, _)| (200..300).contains(code));
    let success = success.map(|(code, found)| (*code, (*found).clone()));
    let otherwise = || find("default").map(|found| (200, found));
    let any = || numbered.first().map(|(code, found)| (*code, (*found).clone()));
    success.or_else(otherwise).or_else(any).ok_or_else(|| {
        let message = "the description has no answer for this operation";
        problem::refused(404, message, &[])
    })
}

/// Header fields of the answer for which something is told.
fn headers(description: &Description, response: &Found<'_>, answer: &mut ApiAnswer) {
    let Some(headers) = response.get("headers") else { return };
    for (name, header) in headers.members() {
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let own = ["content-type", "content-length", "transfer-encoding", "connection"];
        if !is_name || own.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            continue;
        }
        let Some(header) = description.resolved(header) else { continue };
        let Ok(value) = example(description, &header, &Wish::default()) else { continue };
        let text = match value {
            Value::String(text) => text,
            Value::Null => continue,
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(plain).collect();
                items.join(",")
            }
            value => value.to_string(),
        };
        if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            answer.headers.push((name.to_ascii_lowercase(), text));
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// The example of a media type or header: as wished, else the first, else a sample of the schema.
fn example(description: &Description, thing: &Found<'_>, wish: &Wish) -> Result<Value, ApiAnswer> {
    let examples: Vec<(&str, Found<'_>)> =
        thing.get("examples").iter().flat_map(Found::members).collect();
    let value_of = |found: &Found<'_>| -> Option<Value> {
        description.resolved(found.clone())?.get("value").map(|value| value.value.clone())
    };
    if let Some(name) = &wish.example {
        let named = examples.iter().find(|(known, _)| known == name);
        let known: Vec<&str> = examples.iter().map(|(known, _)| *known).collect();
        let value = named.and_then(|(_, found)| value_of(found));
        return value.ok_or_else(|| no_example(name, &known));
    }
    if let Some(example) = thing.get("example") {
        return Ok(example.value.clone());
    }
    if let Some(value) = examples.iter().find_map(|(_, found)| value_of(found)) {
        return Ok(value);
    }
    Ok(thing.get("schema").map_or(Value::Null, |schema| sample::of(description, schema)))
}

fn no_example(name: &str, known: &[&str]) -> ApiAnswer {
    let there = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let fault = Fault {
        pointer: None,
        parameter: Some(("header".to_owned(), "Prefer".to_owned())),
        detail: format!("no example `{name}`; there is: {there}"),
    };
    problem::refused(400, "there is no such example in this answer", &[fault])
}

/// The media type that the client likes best; of equals, the first of the description.
fn acceptable<'c, 'd>(
    contents: &[(&'c str, Found<'d>)],
    accept: &str,
) -> Option<(&'c str, Found<'d>)> {
    let liking = |media: &str| -> u32 {
        let likes = accept.split(',').filter_map(|range| {
            let (range, parameters) = range.split_once(';').unwrap_or((range, ""));
            let range = range.trim();
            let is_fitting = covers(range, media) || covers(media, range);
            let quality = parameters.split(';').find_map(|it| it.trim().strip_prefix("q="));
            let quality = quality.map_or(1.0, |text| text.trim().parse::<f32>().unwrap_or(0.0));
            // The more exactly named, the better.
            let exactness = 2 - u32::from(range.contains('*')) - u32::from(range.starts_with("*/"));
            let thousandths = (quality.clamp(0.0, 1.0) * 1000.0) as u32;
            (is_fitting && thousandths > 0).then_some(thousandths * 4 + exactness)
        });
        likes.max().unwrap_or(0)
    };
    let best = contents.iter().map(|(media, _)| liking(media)).max().filter(|best| *best > 0)?;
    contents.iter().find(|(media, _)| liking(media) == best).cloned()
}

/// Whether a range such as `application/*` takes a media type.
pub(super) fn covers(range: &str, media: &str) -> bool {
    let plain = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (range, media) = (plain(range), plain(media));
    let sort = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
    range == media || range == "*/*" || range.ends_with("/*") && sort(&range) == sort(&media)
}

/// A range has one of its own in an answer.
fn concrete(media: &str) -> &str {
    match media {
        "*/*" | "application/*" => "application/json",
        "text/*" => "text/plain",
        media => media,
    }
}

/// Whether a media type is written in JSON.
pub(super) fn is_json(media: &str) -> bool {
    let plain = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    plain == "application/json" || plain.ends_with("+json") || plain == "*/*"
}

//! The portal as Markdown, for programs that read: the catalogue at `/portal/index.md`, each service
//! at `/portal/services/{name}.md`, and `/llms.txt`, which says where both are.
//!
//! They say what the pages say, to the same callers: without a sign-in, what is public.

use std::fmt::Write as _;

use architrave_config::object::ObjectKind;
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Method, Request, Response};
use serde_json::Value;

use crate::api::Dependencies;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::ApiError;
use crate::operation::Surface;
use crate::page::Paging;
use crate::usecase::objects::{self, Shown};

/// A text that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    /// Where everything is.
    Guide,
    /// Every service.
    Catalogue,
    /// One service, by its name.
    Service(&'a str),
}

/// The text that a request asks for, where it asks for one.
pub(crate) fn asked<B>(surface: Surface, request: &Request<B>) -> Option<Text<'_>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if surface != Surface::Portal || !is_read {
        return None;
    }
    match request.uri().path() {
        "/llms.txt" | "/portal/llms.txt" => Some(Text::Guide),
        "/portal/index.md" => Some(Text::Catalogue),
        path => {
            let name = path.strip_prefix("/portal/services/")?.strip_suffix(".md")?;
            let is_name = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            is_name.then_some(Text::Service(name))
        }
    }
}

/// The text, for whoever asks.
pub(crate) async fn answer(
    dependencies: &Dependencies,
    caller: &Caller,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, ApiError> {
    let text = match asked(dependencies.surface, request) {
        Some(Text::Guide) => guide(dependencies, caller).await?,
        Some(Text::Catalogue) => catalogue(dependencies, caller, "").await?,
        Some(Text::Service(name)) => service(dependencies, caller, name).await?,
        None => return Err(ApiError::route_not_found()),
    };
    let mut answer = Response::new(Bytes::from(text));
    let sort = match asked(dependencies.surface, request) {
        Some(Text::Guide) => "text/plain; charset=utf-8",
        _ => "text/markdown; charset=utf-8",
    };
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(sort));
    Ok(answer)
}

async fn guide(dependencies: &Dependencies, caller: &Caller) -> Result<String, ApiError> {
    let mut text = String::from(
        "# Services\n\n> Services behind one gateway: what each is for, on what terms it may be \
         used, and how it is called.\n\nA call shows a key as `Authorization: Bearer KEY`, unless \
         the service says otherwise. Keys are made at the portal, for an application that has \
         subscribed to a plan.\n\n",
    );
    text.push_str(&catalogue(dependencies, caller, "portal/").await?);
    Ok(text)
}

/// The services, with links below `base` from where the text is.
async fn catalogue(
    dependencies: &Dependencies,
    caller: &Caller,
    base: &str,
) -> Result<String, ApiError> {
    let services = all(dependencies, caller, ObjectKind::Service).await?;
    let products = all(dependencies, caller, ObjectKind::Product).await?;
    let mut text = String::from("## Catalogue\n\n");
    let mut count = 0;
    for shown in services.iter().filter(|shown| shown.is_in_use()) {
        count += 1;
        let name = &shown.name;
        let _infallible = write!(text, "- [{name}]({base}services/{name}.md)");
        let about = products.iter().find_map(|product| {
            let is_in = product.config.get("services")?.as_array()?.iter();
            let is_in = is_in.filter_map(Value::as_str).any(|service| service == name);
            is_in.then(|| said(&product.config, "description")).flatten()
        });
        if let Some(about) = about {
            let _infallible = write!(text, ": {about}");
        }
        if let Some(end) = said(&shown.config, "sunset_at") {
            let _infallible = write!(text, " (ends {end})");
        }
        text.push('\n');
    }
    if count == 0 {
        text.push_str("Nothing is offered to whoever asks like this; others may see more.\n");
    }
    Ok(text)
}

async fn service(
    dependencies: &Dependencies,
    caller: &Caller,
    name: &str,
) -> Result<String, ApiError> {
    let hidden = || objects::not_found(ObjectKind::Service, name);
    let shown = objects::read(dependencies, ObjectKind::Service, name).await?;
    let shown = shown.and_then(|shown| objects::seen(dependencies, caller, shown));
    let shown = shown.ok_or_else(hidden)?;
    let mut text = format!("# {name}\n\n");
    let facts = ["state", "version", "deprecated_at", "sunset_at", "successor", "notice"];
    for key in facts {
        let value = shown.config.get(key);
        let value = value.map(|value| value.as_str().map_or_else(|| value.to_string(), one_line));
        if let Some(value) = value {
            let _infallible = writeln!(text, "- {}: {value}", key.replace('_', " "));
        }
    }
    text.push_str(&terms(dependencies, caller, name).await?);
    match objects::description_for(dependencies, caller, name).await {
        Ok((description, _)) => text.push_str(&reference(&description)),
        Err(error) if error.code() == Code::DescriptionNotFound => {}
        Err(error) => return Err(error),
    }
    Ok(text)
}

/// The plans by which a service may be used.
async fn terms(
    dependencies: &Dependencies,
    caller: &Caller,
    service: &str,
) -> Result<String, ApiError> {
    let products = all(dependencies, caller, ObjectKind::Product).await?;
    let within: Vec<&str> = products
        .iter()
        .filter(|product| {
            let services = product.config.get("services").and_then(Value::as_array);
            services.into_iter().flatten().filter_map(Value::as_str).any(|one| one == service)
        })
        .map(|product| product.name.as_str())
        .collect();
    let mut text = String::new();
    for plan in all(dependencies, caller, ObjectKind::Plan).await? {
        let product = said(&plan.config, "product").unwrap_or_default();
        if !within.contains(&&*product) {
            continue;
        }
        if text.is_empty() {
            text.push_str("\n## Plans\n\n");
        }
        let title = said(&plan.config, "title").unwrap_or_else(|| plan.name.clone());
        let _infallible = write!(text, "- {title} (`{}`)", plan.name);
        let limits = plan.config.get("limits").and_then(Value::as_object);
        for (unit, limit) in limits.into_iter().flatten() {
            let limit = limit.as_str().map_or_else(|| limit.to_string(), one_line);
            let _infallible = write!(text, ", {unit} {limit}");
        }
        if said(&plan.config, "approval").as_deref() == Some("by_hand") {
            text.push_str(", looked at before it begins");
        }
        if let Some(about) = said(&plan.config, "description") {
            let _infallible = write!(text, ": {about}");
        }
        text.push('\n');
    }
    Ok(text)
}

/// The operations of a description, as the portal has it.
fn reference(description: &str) -> String {
    const METHODS: [&str; 8] =
        ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let Ok(root) = serde_json::from_str::<Value>(description) else { return String::new() };
    let mut text = String::from("\n## Reference\n\n");
    let about = root.pointer("/info/description").and_then(Value::as_str);
    if let Some(about) = about {
        let _infallible = write!(text, "{}\n\n", about.trim());
    }
    let server = root.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let base = server.trim_end_matches('/');
    let paths = root.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let _infallible = write!(text, "- `{} {base}{path}`", method.to_uppercase());
            if let Some(summary) = said(operation, "summary") {
                let _infallible = write!(text, ": {summary}");
            }
            if operation.get("deprecated").and_then(Value::as_bool) == Some(true) {
                text.push_str(" (deprecated)");
            }
            text.push('\n');
        }
    }
    text
}

async fn all(
    dependencies: &Dependencies,
    caller: &Caller,
    kind: ObjectKind,
) -> Result<Vec<Shown>, ApiError> {
    let (shown, _) = objects::list(dependencies, caller, kind, &Paging::whole(), true).await?;
    Ok(shown)
}

fn said(of: &Value, key: &str) -> Option<String> {
    of.get(key).and_then(Value::as_str).map(one_line)
}

/// A text as an item of a list has it.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_portal_has_texts_and_only_to_read() {
        let request = |method: &str, path: &str| {
            Request::builder().method(method).uri(path.to_owned()).body(()).unwrap()
        };
        let get = request("GET", "/portal/services/orders.md");
        assert_eq!(asked(Surface::Portal, &get), Some(Text::Service("orders")));
        assert_eq!(asked(Surface::Admin, &get), None);
        assert_eq!(asked(Surface::Portal, &request("GET", "/llms.txt")), Some(Text::Guide));
        assert_eq!(asked(Surface::Portal, &request("POST", "/llms.txt")), None);
        assert_eq!(asked(Surface::Portal, &request("GET", "/portal/services/.md")), None);
        assert_eq!(asked(Surface::Portal, &request("GET", "/portal/services/a%2Fb.md")), None);
    }

    #[test]
    fn operations_are_listed_with_where_they_are_called() {
        let description = r#"{"servers":[{"url":"/orders"}],"paths":{"/x":{
            "parameters":[],"get":{"summary":"Lists\n them","deprecated":true}}}}"#;
        let text = reference(description);
        assert!(text.ends_with("- `GET /orders/x`: Lists them (deprecated)\n"), "{text}");
    }
}

//! How far the objects of a team reach: to what is the team's own, and to nothing of the machine.
//!
//! Whoever may change a team's objects is trusted with the team, not with the gateway. So through a
//! team's role nobody can send traffic to another team's service, read a file, reach what only this
//! machine should, or take paths and hosts that others have. The platform's admin may all of that.

use std::net::IpAddr;

use architrave_config::egress::{self, Kind};
use architrave_config::object::{ObjectKind, file_pointers};
use serde_json::Value;

use super::read::read;
use crate::api::Dependencies;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::{ApiError, Fault};

/// What is to take a service's place, of which callers are told the path.
const SUCCESSOR: &str = "/successor";
/// What of a route decides which requests it gets.
const CLAIMS: [&str; 3] = ["listeners", "hosts", "match"];

/// A body that is to take the place of another, if there is one.
pub(super) struct Reach<'a> {
    pub(super) kind: ObjectKind,
    pub(super) team: &'a str,
    pub(super) before: Option<&'a Value>,
    pub(super) body: &'a Value,
}

/// Refuses what reaches too far, where it did not before.
pub(super) async fn check(
    dependencies: &Dependencies,
    caller: &Caller,
    reach: Reach<'_>,
) -> Result<(), ApiError> {
    let mut faults = within_machine(&reach);
    faults.extend(claims(&reach));
    let before = reach.before.map(|before| references(reach.kind, before)).unwrap_or_default();
    for reference in references(reach.kind, reach.body) {
        let is_new =
            !before.iter().any(|old| old.kind == reference.kind && old.name == reference.name);
        if !is_new {
            continue;
        }
        let shown = read(dependencies, reference.kind, &reference.name).await?;
        // What is not there at all is for validation to say.
        let Some(shown) = shown else { continue };
        let is_shown = reference.may_be_shared && shown.is_shared_with(caller);
        if !is_shown && shown.team.as_deref() != Some(reach.team) {
            let (kind, name) = (reference.kind, reference.name);
            let message = format!("{kind} {name} is not one of team {}", reach.team);
            faults.push(Fault::at(reference.pointer, message));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let message = "an object of a team reaches beyond the team; a platform admin may do that";
    Err(ApiError::new(Code::ReachNotPermitted, message).with_faults(faults))
}

/// Bounds an upstream of a team whose endpoints are found by name: a name leads where others want,
/// and elsewhere a moment later. What a platform admin has allowed before stays allowed.
pub(super) fn bound(kind: ObjectKind, before: Option<&Value>, body: &mut Value) {
    if kind != ObjectKind::Upstream || !has_names(body) || is_allowed(before, body) {
        return;
    }
    if let Value::Object(members) = body
        && !members.contains_key("allow_private")
    {
        members.insert("allow_private".to_owned(), false.into());
    }
}

/// Whether names may lead to private addresses: a platform admin has said so, or they are as an admin
/// has given them.
fn is_allowed(before: Option<&Value>, body: &Value) -> bool {
    before.is_some_and(|before| {
        let is_same = |key: &str| before.get(key) == body.get(key);
        before.get("allow_private") == Some(&true.into())
            || (is_same("endpoints") && is_same("allow_private"))
    })
}

/// Whether endpoints are found by name.
fn has_names(upstream: &Value) -> bool {
    let endpoints = upstream.get("endpoints").and_then(Value::as_array);
    let is_name =
        |endpoint: &Value| ["dns", "dns_srv"].iter().any(|key| endpoint.get(key).is_some());
    endpoints.is_some_and(|endpoints| endpoints.iter().any(is_name))
}

/// One object that another refers to.
struct Reference {
    pointer: String,
    kind: ObjectKind,
    name: String,
    /// Whether one that another team shares may be named, too.
    may_be_shared: bool,
}

fn references(kind: ObjectKind, body: &Value) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut add = |pointer: String, kind| {
        if let Some(name) = body.pointer(&pointer).and_then(Value::as_str) {
            let may_be_shared = pointer == SUCCESSOR;
            found.push(Reference { pointer, kind, name: name.to_owned(), may_be_shared });
        }
    };
    match kind {
        ObjectKind::Service => {
            add("/http/upstream".to_owned(), ObjectKind::Upstream);
            add("/prompt/model".to_owned(), ObjectKind::Model);
            add("/version_of".to_owned(), ObjectKind::Service);
            // A URL or a path is the name of nothing that is there.
            add(SUCCESSOR.to_owned(), ObjectKind::Service);
            let servers = body.pointer("/mcp/servers").and_then(Value::as_array);
            for index in 0..servers.map_or(0, Vec::len) {
                add(format!("/mcp/servers/{index}"), ObjectKind::McpServer);
            }
            let models = body.pointer("/llm/models").and_then(Value::as_array);
            for index in 0..models.map_or(0, Vec::len) {
                add(format!("/llm/models/{index}"), ObjectKind::Model);
            }
        }
        ObjectKind::Product => {
            let services = body.get("services").and_then(Value::as_array);
            for index in 0..services.map_or(0, Vec::len) {
                add(format!("/services/{index}"), ObjectKind::Service);
            }
        }
        ObjectKind::Plan => add("/product".to_owned(), ObjectKind::Product),
        ObjectKind::Route => {
            add("/service".to_owned(), ObjectKind::Service);
            add("/mirror/service".to_owned(), ObjectKind::Service);
            let services = body.pointer("/services").and_then(Value::as_array);
            for index in 0..services.map_or(0, Vec::len) {
                add(format!("/services/{index}/name"), ObjectKind::Service);
            }
        }
        _ => {}
    }
    found
}

/// What of this machine is named that was not before: its files, its own addresses, leave to go
/// to private ones, models that cost the platform money.
fn within_machine(reach: &Reach<'_>) -> Vec<Fault> {
    let was = |pointer: &str, value: &Value| {
        reach.before.and_then(|before| before.pointer(pointer)) == Some(value)
    };
    let mut faults = Vec::new();
    for pointer in file_pointers(reach.kind, reach.body) {
        let value = reach.body.pointer(&pointer).unwrap_or(&Value::Null);
        if !was(&pointer, value) {
            faults.push(Fault::at(pointer, "files of the machine are named by a platform admin"));
        }
    }
    if reach.kind == ObjectKind::Upstream {
        let endpoints = reach.body.get("endpoints").and_then(Value::as_array);
        for (index, endpoint) in endpoints.into_iter().flatten().enumerate() {
            for key in ["/address", "/dns/name", "/dns_srv/name"] {
                let Some(value) = endpoint.pointer(key) else { continue };
                let pointer = format!("/endpoints/{index}{key}");
                let text = value.as_str().unwrap_or_default();
                if is_of_machine(text) && !was(&pointer, value) {
                    let message = "this machine's own addresses are given out by a platform admin";
                    faults.push(Fault::at(pointer, message));
                }
            }
        }
    }
    if reach.kind == ObjectKind::Upstream && has_names(reach.body) {
        let is_bound = reach.body.get("allow_private") == Some(&false.into());
        if !is_bound && !is_allowed(reach.before, reach.body) {
            let message =
                "names may lead anywhere; a platform admin lets them lead to private ones";
            faults.push(Fault::at("/allow_private", message));
        }
    }
    if reach.kind == ObjectKind::Plan {
        let key_set = "/credentials/jwt/jwks_url";
        if let Some(url) = reach.body.pointer(key_set).filter(|url| !was(key_set, url)) {
            let host = url.as_str().and_then(|url| url.split_once("://"));
            let host = host.map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
            let host = match host.rsplit_once(':') {
                Some((_, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                    host.to_owned()
                }
                _ => format!("{host}:443"),
            };
            // An address there is leave to go to it, which a name is not.
            if is_of_machine(&host) || address_of(&host).and_then(egress::kind).is_some() {
                let message = "addresses that are not of the public internet are given out by a \
                               platform admin";
                faults.push(Fault::at(key_set, message));
            }
        }
        let private = "/credentials/jwt/allow_private";
        let is_private = reach.body.pointer(private) == Some(&Value::Bool(true));
        if is_private && !was(private, &Value::Bool(true)) {
            let message = "leave to go to private addresses is given by a platform admin";
            faults.push(Fault::at(private, message));
        }
    }
    // A service that asks every model, since it names none.
    if let Some(llm) = reach.body.get("llm").filter(|_| reach.kind == ObjectKind::Service) {
        let names_any = llm.get("models").and_then(Value::as_array);
        let is_wide = names_any.is_none_or(|names| {
            names.iter().any(|name| name.as_str().is_none_or(|name| name.contains(['*', '/'])))
        });
        if is_wide && !was("/llm", llm) {
            let message = "models of the platform are given out by a platform admin";
            faults.push(Fault::at("/llm/models", message));
        }
    }
    faults
}

/// Whether it is loopback, link-local, where clouds keep credentials, or leads to one of them by a tunnel
/// or translation, as far as the text tells.
fn is_of_machine(text: &str) -> bool {
    let name = host_of(text).trim_end_matches('.').to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        return true;
    }
    let kind = address_of(text).and_then(egress::kind);
    kind.is_some_and(|kind| match kind {
        Kind::Metadata | Kind::Loopback | Kind::LinkLocal | Kind::Tunnel | Kind::Nat64 => true,
        Kind::Private | Kind::CarrierNat | Kind::Reserved => false,
    })
}

/// The host of a host with a port.
fn host_of(text: &str) -> &str {
    let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// The address that stands there, where it is no name.
fn address_of(text: &str) -> Option<IpAddr> {
    host_of(text).parse().ok()
}

/// What a route may get is decided by a platform admin: nobody takes the paths of others.
fn claims(reach: &Reach<'_>) -> Vec<Fault> {
    if reach.kind != ObjectKind::Route {
        return Vec::new();
    }
    let Some(before) = reach.before else {
        let message = "a platform admin gives a team its routes, with their hosts and paths";
        return vec![Fault::at("", message)];
    };
    let changed = CLAIMS.iter().filter(|key| reach.body.get(**key) != before.get(**key));
    let fault = |key| {
        Fault::at(format!("/{key}"), "which requests a route gets is decided by a platform admin")
    };
    changed.map(fault).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(kind: ObjectKind, before: Option<&Value>, body: &Value) -> Vec<String> {
        let reach = Reach { kind, team: "a", before, body };
        let mut faults = within_machine(&reach);
        faults.extend(claims(&reach));
        faults.into_iter().filter_map(|fault| fault.pointer).collect()
    }

    #[test]
    fn a_teams_upstream_does_not_lead_to_the_machine_itself() {
        for (address, is_refused) in [
            ("127.0.0.1:9080", true),
            ("[::1]:80", true),
            ("[::ffff:127.0.0.1]:80", true),
            ("169.254.169.254:80", true),
            ("0.0.0.0:80", true),
            ("0.0.0.1:80", true),
            ("100.100.100.200:80", true),
            ("168.63.129.16:80", true),
            ("192.0.0.192:80", true),
            ("[fd00:ec2::254]:80", true),
            ("[fd20:ce::254]:80", true),
            ("[64:ff9b::7f00:1]:80", true),
            ("[2002:7f00:1::]:80", true),
            ("[fd00::7]:80", false),
            ("100.64.0.7:80", false),
            ("10.0.0.7:80", false),
            ("[2001:db8::1]:80", false),
        ] {
            let body = json!({ "endpoints": [{ "address": address }] });
            let found = pointers(ObjectKind::Upstream, None, &body);
            assert_eq!(!found.is_empty(), is_refused, "{address}");
            assert!(pointers(ObjectKind::Upstream, Some(&body), &body).is_empty(), "{address}");
        }
        for name in ["localhost", "LOCALHOST.", "x.localhost"] {
            let endpoints = json!([{ "dns": { "name": name, "port": 1 } }]);
            let body = json!({ "endpoints": endpoints, "allow_private": false });
            assert_eq!(pointers(ObjectKind::Upstream, None, &body), ["/endpoints/0/dns/name"]);
        }
    }

    #[test]
    fn a_key_set_of_a_teams_plan_is_of_the_public_internet() {
        for (url, is_refused) in [
            ("https://10.0.0.7/keys", true),
            ("https://192.168.1.1:8443/keys", true),
            ("https://[fd00::7]/keys", true),
            ("https://100.100.100.200/keys", true),
            ("https://localhost/keys", true),
            ("https://id.example/keys", false),
            ("https://id.example:8443/keys", false),
            ("https://1.1.1.1/keys", false),
            ("https://[2606:4700::1111]/keys", false),
        ] {
            let body = json!({ "credentials": { "jwt": { "jwks_url": url } } });
            let found = pointers(ObjectKind::Plan, None, &body);
            assert_eq!(!found.is_empty(), is_refused, "{url}");
            assert!(pointers(ObjectKind::Plan, Some(&body), &body).is_empty(), "{url}");
        }
    }

    #[test]
    fn a_name_of_a_team_leads_to_the_public_internet_unless_an_admin_has_said_otherwise() {
        let named = |name: &str, allow_private: Option<bool>| {
            let mut body = json!({ "endpoints": [{ "dns": { "name": name, "port": 1 } }] });
            if let Some(allow_private) = allow_private {
                body["allow_private"] = allow_private.into();
            }
            body
        };
        let plain = json!({ "endpoints": [{ "address": "10.0.0.7:80" }] });
        let check = |before: Option<&Value>, mut body: Value| {
            bound(ObjectKind::Upstream, before, &mut body);
            let found = pointers(ObjectKind::Upstream, before, &body);
            (body.get("allow_private").cloned(), found)
        };
        let refused = vec!["/allow_private".to_owned()];
        assert_eq!(check(None, named("a.example", None)), (Some(false.into()), vec![]));
        assert_eq!(
            check(None, named("a.example", Some(true))),
            (Some(true.into()), refused.clone())
        );
        assert_eq!(check(Some(&plain), named("a.example", None)), (Some(false.into()), vec![]));
        assert_eq!(check(None, plain.clone()), (None, vec![]));
        let bound_one = named("a.example", Some(false));
        let loosened = check(Some(&bound_one), named("a.example", Some(true)));
        assert_eq!(loosened, (Some(true.into()), refused));
        // Made by an admin, and given to the team.
        let given = named("a.example", None);
        assert_eq!(check(Some(&given), given.clone()), (None, vec![]));
        assert_eq!(check(Some(&given), named("b.example", None)), (Some(false.into()), vec![]));
        let trusted = named("a.example", Some(true));
        let moved = named("b.example", Some(true));
        assert_eq!(check(Some(&trusted), moved), (Some(true.into()), vec![]));
    }

    #[test]
    fn a_team_takes_no_files_and_no_model_that_it_was_not_given() {
        let body = json!({ "endpoints": [], "tls": { "ca_file": "/etc/passwd" } });
        assert_eq!(pointers(ObjectKind::Upstream, None, &body), ["/tls/ca_file"]);
        for models in [json!({}), json!({ "models": ["*"] }), json!({ "models": ["openai/x"] })] {
            let body = json!({ "llm": models });
            assert_eq!(pointers(ObjectKind::Service, None, &body), ["/llm/models"]);
            assert!(pointers(ObjectKind::Service, Some(&body), &body).is_empty());
        }
    }

    #[test]
    fn a_team_changes_what_its_route_does_and_not_what_it_gets() {
        let before = json!({ "hosts": ["a.example"], "service": "a" });
        let slower = json!({ "hosts": ["a.example"], "service": "a", "timeout": "9s" });
        let wider = json!({ "service": "a", "match": [{ "path": { "prefix": "/" } }] });
        assert!(pointers(ObjectKind::Route, Some(&before), &slower).is_empty());
        assert_eq!(pointers(ObjectKind::Route, Some(&before), &wider), ["/hosts", "/match"]);
        assert_eq!(pointers(ObjectKind::Route, None, &slower), [""]);
    }

    #[test]
    fn references_are_found_where_they_stand() {
        let found = |kind, body: &Value| -> Vec<String> {
            references(kind, body)
                .into_iter()
                .map(|one| format!("{} {}", one.pointer, one.name))
                .collect()
        };
        let route = json!({
            "services": [{ "name": "a" }, { "name": "b" }], "mirror": { "service": "c" },
        });
        let expected = ["/mirror/service c", "/services/0/name a", "/services/1/name b"];
        assert_eq!(found(ObjectKind::Route, &route), expected);
        let service = json!({ "http": { "upstream": "u" } });
        assert_eq!(found(ObjectKind::Service, &service), ["/http/upstream u"]);
    }
}

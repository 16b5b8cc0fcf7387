//! `/api/v1/upstreams/{name}/endpoints` and what can be done to one of them.

use crate::gateway::{Gateway, Reply};

const ENDPOINTS: &str = "/api/v1/upstreams/orders/endpoints";

fn act(gateway: &Gateway, address: &str, action: &str, body: &str) -> Reply {
    gateway.post(&format!("{ENDPOINTS}/{address}:{action}"), body)
}

fn show(gateway: &Gateway, address: &str) -> Reply {
    gateway.get(&format!("{ENDPOINTS}/{address}"))
}

#[test]
fn a_drained_endpoint_takes_nothing_until_it_is_ready_again() {
    let gateway = Gateway::start();
    let endpoint = gateway.upstream("orders").endpoint("127.0.0.1:9001".parse().unwrap()).unwrap();
    insta::assert_snapshot!(act(&gateway, "127.0.0.1:9001", "drain", ""));
    assert!(!endpoint.is_available());
    let reply = act(&gateway, "127.0.0.1:9001", "ready", "");
    assert_eq!(reply.json()["is_draining"], false);
    assert!(endpoint.is_available());
}

#[test]
fn a_weight_is_in_force_when_the_answer_comes() {
    let gateway = Gateway::start();
    let reply = act(&gateway, "127.0.0.1:9001", "set_weight", r#"{"weight":7}"#);
    assert_eq!((reply.status(), &reply.json()["weight"]), (200, &7.into()));
    assert_eq!(show(&gateway, "127.0.0.1:9001").json()["weight"], 7);
    let reply = act(&gateway, "127.0.0.1:9001", "set_weight", r#"{"weight":0}"#);
    assert_eq!(reply.json()["weight"], 0);
}

#[test]
fn addresses_of_version_six_are_found_with_and_without_escapes() {
    let gateway = Gateway::start();
    for address in ["[::1]:9003", "%5B::1%5D:9003", "%5B%3A%3A1%5D%3A9003", "[0:0::1]:9003"] {
        let reply = act(&gateway, address, "drain", "");
        assert_eq!((reply.status(), &reply.json()["address"]), (200, &"[::1]:9003".into()));
    }
}

#[test]
fn a_body_that_is_not_meant_is_refused() {
    let gateway = Gateway::start();
    for (body, code) in [
        ("", "body_invalid"),
        ("7", "body_invalid"),
        ("{}", "body_invalid"),
        (r#"{"weight":-1}"#, "body_invalid"),
        (r#"{"weight":1.5}"#, "body_invalid"),
        (r#"{"weight":1,"weigth":2}"#, "body_invalid"),
        (r#"{"weight":65536}"#, "value_out_of_range"),
    ] {
        let reply = act(&gateway, "127.0.0.1:9001", "set_weight", body);
        assert_eq!(reply.code(), code, "{body}");
    }
    let path = format!("{ENDPOINTS}/127.0.0.1:9001:set_weight");
    for headers in [&[][..], &[("content-type", "text/plain")]] {
        let reply = gateway.send("POST", &path, headers, r#"{"weight":3}"#);
        assert_eq!(reply.status(), 415);
        assert_eq!(reply.code(), "content_type_not_supported");
    }
    assert_eq!(show(&gateway, "127.0.0.1:9001").json()["weight"], 1);
}

#[test]
fn what_is_not_there_is_said() {
    let gateway = Gateway::start();
    insta::assert_snapshot!(act(&gateway, "127.0.0.1:1", "drain", ""));
    for (target, code) in [
        ("127.0.0.1:9001:explode", "action_not_found"),
        ("127.0.0.1:9001", "method_not_allowed"),
        ("localhost:9001:drain", "address_invalid"),
        ("drain", "method_not_allowed"),
        (":drain", "address_invalid"),
    ] {
        assert_eq!(gateway.post(&format!("{ENDPOINTS}/{target}"), "").code(), code, "{target}");
    }
    let other = gateway.post("/api/v1/upstreams/missing/endpoints/127.0.0.1:9001:drain", "");
    assert_eq!(other.code(), "upstream_not_found");
}

#[test]
fn an_endpoint_is_added_shown_and_removed() {
    let gateway = Gateway::start();
    let reply = gateway.post(ENDPOINTS, r#"{"address":"[::1]:9009","weight":2,"priority":1}"#);
    assert_eq!(reply.header("location"), Some("/api/v1/upstreams/orders/endpoints/[::1]:9009"));
    insta::assert_snapshot!("an_endpoint_is_added", reply);
    assert_eq!(show(&gateway, "[::1]:9009").status(), 200);
    let removed = gateway.delete(&format!("{ENDPOINTS}/[::1]:9009"));
    assert_eq!((removed.status(), removed.text()), (204, ""));
    assert_eq!(show(&gateway, "[::1]:9009").code(), "endpoint_not_found");
    assert_eq!(gateway.delete(&format!("{ENDPOINTS}/[::1]:9009")).code(), "endpoint_not_found");
}

#[test]
fn what_the_configuration_has_is_neither_added_nor_removed() {
    let gateway = Gateway::start();
    let reply = gateway.post(ENDPOINTS, r#"{"address":"127.0.0.1:9001"}"#);
    assert_eq!((reply.status(), reply.code().as_str()), (409, "endpoint_exists"));
    insta::assert_snapshot!(gateway.delete(&format!("{ENDPOINTS}/127.0.0.1:9001")));
    assert_eq!(show(&gateway, "127.0.0.1:9001").status(), 200);
}

#[test]
fn what_cannot_be_an_endpoint_is_not_added() {
    let gateway = Gateway::start();
    for (body, code) in [
        (r#"{"address":"orders.internal:80"}"#, "address_invalid"),
        (r#"{"address":"127.0.0.1"}"#, "address_invalid"),
        (r#"{"address":"127.0.0.1:0"}"#, "value_out_of_range"),
        (r#"{"address":"127.0.0.1:1","weight":0}"#, "value_out_of_range"),
        (r#"{"address":"127.0.0.1:1","priority":256}"#, "body_invalid"),
        (r#"{"address":"127.0.0.1:1","wait":1}"#, "body_invalid"),
        (r#"{"weight":1}"#, "body_invalid"),
    ] {
        assert_eq!(gateway.post(ENDPOINTS, body).code(), code, "{body}");
    }
}

//! Which era a request is of, and every way in which a modern one is refused.

use super::{Arrival, heads_of};
use crate::header::Heads;
use crate::message::{Message, MessageLimits};
use crate::refusal::{Refusal, RefusalKind};
use crate::revision::{Era, Revision};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn arrive(text: &str, heads: &[(&'static str, &'static str)]) -> Result<Arrival, (Refusal, Era)> {
    let message = Message::read(text, &MessageLimits::default()).expect(text);
    Arrival::of(&message, text, &Heads::of(heads.iter().copied()).unwrap())
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#)
}

#[test]
fn an_era_is_picked_by_the_request() {
    let heads = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
    let modern = Arrival::Modern { revision: Revision::V2026_07_28 };
    assert_eq!(arrive(&request("tools/list", META), &heads), Ok(modern));
    let list = request("tools/list", "");
    for (heads, revision) in [
        (&[][..], Revision::V2025_03_26),
        (&[("mcp-protocol-version", "2025-11-25")], Revision::V2025_11_25),
        (&[("mcp-protocol-version", "2025-06-18"), ("mcp-session-id", "s")], Revision::V2025_06_18),
    ] {
        assert_eq!(arrive(&list, heads), Ok(Arrival::Legacy { revision }));
    }
    let opening = request("initialize", r#""protocolVersion":"2025-06-18""#);
    let revision = Revision::V2025_06_18;
    assert_eq!(arrive(&opening, &[]), Ok(Arrival::Opening { revision }));
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    let revision = Revision::UNSAID;
    assert_eq!(arrive(answer, &[]), Ok(Arrival::Legacy { revision }));
    let told = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    assert_eq!(arrive(told, &[("mcp-protocol-version", "2026-07-28")]), Ok(modern));
}

#[test]
fn a_modern_request_is_refused_by_what_is_wrong_with_it() {
    let version = ("mcp-protocol-version", "2026-07-28");
    let list = ("mcp-method", "tools/list");
    let call = ("mcp-method", "tools/call");
    let meta = |members: &str| format!(r#""_meta":{{{members}}}"#);
    let said = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
    let can = r#""io.modelcontextprotocol/clientCapabilities":{}"#;
    let named = |name: &str| format!("\"name\":\"{name}\",{META}");
    let cases = [
        (request("tools/list", META), vec![list], RefusalKind::HeaderMismatch, 400),
        (
            request("tools/list", META),
            vec![("mcp-protocol-version", "2025-11-25"), list],
            RefusalKind::HeaderMismatch,
            400,
        ),
        (request("tools/list", META), vec![version], RefusalKind::HeaderMismatch, 400),
        (request("tools/list", META), vec![version, call], RefusalKind::HeaderMismatch, 400),
        (request("tools/call", &named("a")), vec![version, call], RefusalKind::HeaderMismatch, 400),
        (
            request("tools/call", &named("a")),
            vec![version, call, ("mcp-name", "b")],
            RefusalKind::HeaderMismatch,
            400,
        ),
        (request("tools/list", ""), vec![version, list], RefusalKind::WrongParams, 400),
        (request("tools/list", &meta(can)), vec![version, list], RefusalKind::WrongParams, 400),
        (request("tools/list", &meta(said)), vec![version, list], RefusalKind::WrongParams, 400),
        (
            request("tools/list", &meta(&format!("{said},{}", can.replace("{}", "[]")))),
            vec![version, list],
            RefusalKind::WrongParams,
            400,
        ),
        (
            request(
                "tools/list",
                &meta(&format!(r#"{said},{can},"io.modelcontextprotocol/logLevel":"loud""#)),
            ),
            vec![version, list],
            RefusalKind::WrongParams,
            400,
        ),
        (
            request("tools/list", &META.replace("2026-07-28", "1900-01-01")),
            vec![("mcp-protocol-version", "1900-01-01"), list],
            RefusalKind::UnsupportedVersion,
            400,
        ),
        (
            request("tools/list", &META.replace("2026-07-28", "2025-11-25")),
            vec![("mcp-protocol-version", "2025-11-25"), list],
            RefusalKind::UnsupportedVersion,
            400,
        ),
        (
            request("ping", META),
            vec![version, ("mcp-method", "ping")],
            RefusalKind::UnknownMethod,
            404,
        ),
        (
            request("logging/setLevel", &format!(r#""level":"info",{META}"#)),
            vec![version, ("mcp-method", "logging/setLevel")],
            RefusalKind::UnknownMethod,
            404,
        ),
        (
            request("initialize", &format!(r#""protocolVersion":"2026-07-28",{META}"#)),
            vec![version, ("mcp-method", "initialize")],
            RefusalKind::UnknownMethod,
            404,
        ),
        (
            request("sampling/createMessage", META),
            vec![version, ("mcp-method", "sampling/createMessage")],
            RefusalKind::UnknownMethod,
            404,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(),
            vec![version],
            RefusalKind::Response,
            400,
        ),
        (
            request("tools/list", ""),
            vec![("mcp-protocol-version", "1900-01-01")],
            RefusalKind::WrongParams,
            400,
        ),
    ];
    for (text, heads, kind, status) in cases {
        let (refusal, era) = arrive(&text, &heads).expect_err(&text);
        assert_eq!(
            (refusal.kind, era, refusal.status(era)),
            (kind, Era::Modern, status),
            "{text} {heads:?}"
        );
    }
    let name = ("mcp-name", "=?base64?w6k=?=");
    let called = arrive(&request("tools/call", &named("é")), &[version, call, name]);
    assert_eq!(called, Ok(Arrival::Modern { revision: Revision::V2026_07_28 }));
    let unknown = arrive(&request("vendor/x", META), &[version, ("mcp-method", "vendor/x")]);
    assert!(unknown.is_ok(), "a rule decides of it");
}

#[test]
fn headers_must_not_lie_in_the_legacy_era_either() {
    let call = request("tools/call", r#""name":"secret""#);
    for heads in [&[("mcp-name", "echo")], &[("mcp-method", "tools/list")]] {
        let (refusal, era) = arrive(&call, heads).expect_err("a lie");
        assert_eq!((refusal.kind, era), (RefusalKind::HeaderMismatch, Era::Legacy));
    }
    for (text, heads, kind) in [
        (request("server/discover", ""), &[][..], RefusalKind::UnknownMethod),
        (request("roots/list", ""), &[], RefusalKind::UnknownMethod),
        (
            request("ping", ""),
            &[("mcp-protocol-version", "x"), ("mcp-session-id", "s")],
            RefusalKind::UnsupportedVersion,
        ),
    ] {
        let (refusal, era) = arrive(&text, heads).expect_err(&text);
        assert_eq!((refusal.kind, era), (kind, Era::Legacy), "{text}");
    }
}

#[test]
fn what_goes_to_a_modern_server_has_headers_that_it_takes() {
    let text = request("tools/call", &format!("\"name\":\"é\",{META}"));
    let message = Message::read(&text, &MessageLimits::default()).unwrap();
    let heads = heads_of(&message, &text);
    let borrowed = heads.iter().map(|(name, value)| (*name, value.as_str()));
    let heads = Heads::of(borrowed).unwrap();
    assert!(Arrival::of(&message, &text, &heads).is_ok());
}

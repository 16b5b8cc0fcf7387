//! What a provider said of a failure, as it may be passed on: whole, but for whose account it is.

use crate::json::{Cursor, JsonError, Kind, Writer};

/// Members that say whose account it is, wherever they stand: the gateway's, which is no business of
/// its clients.
const OF_ACCOUNTS: [&str; 12] = [
    "account",
    "account_id",
    "consumer",
    "org_id",
    "organization",
    "organization_id",
    "project",
    "project_id",
    "quota_consumer",
    "user",
    "user_id",
    "workspace_id",
];

/// Deeper than any failure is; what is deeper is left out.
const DEPTH_MAX: usize = 32;

/// The body without what says whose account it is; nothing where it is no JSON.
pub(super) fn passable(body: &str) -> Option<String> {
    let mut out = Vec::with_capacity(body.len());
    let mut cursor = Cursor::new(body);
    copy(&mut cursor, 0, &mut Writer::new(&mut out)).ok()?;
    cursor.end().ok()?;
    String::from_utf8(out).ok()
}

fn copy(cursor: &mut Cursor<'_>, depth: usize, w: &mut Writer<'_>) -> Result<(), JsonError> {
    let mut copied = Ok(());
    match cursor.kind() {
        Kind::Object | Kind::Array if depth >= DEPTH_MAX => {
            w.null();
            cursor.skip()
        }
        Kind::Object => {
            w.object(|w| {
                copied = cursor.object(|cursor, name| {
                    if OF_ACCOUNTS.contains(&name) || !is_plain(name) {
                        return cursor.skip();
                    }
                    w.key(name);
                    copy(cursor, depth + 1, w)
                });
            });
            copied
        }
        Kind::Array => {
            w.array(|w| copied = cursor.array(|cursor| copy(cursor, depth + 1, w)));
            copied
        }
        _ => cursor.json().map(|json| w.json(json.as_str())),
    }
}

/// Whether a name stands in JSON as it is; no other is known of any failure.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_but_accounts_is_passed_on() {
        let body = r#"{"error":{"message":"no","code":null,"metadata":{"raw":[1,{"a":"b"}],
            "consumer":"projects/7"},"user":{"id":"u"},"a\"b":1},"user_id":"user_1"}"#;
        let told = r#"{"error":{"message":"no","code":null,"metadata":{"raw":[1,{"a":"b"}]}}}"#;
        assert_eq!(passable(body).as_deref(), Some(told));
        assert_eq!(passable("<html>"), None);
        assert_eq!(passable("{} x"), None);
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(passable(&deep).unwrap().matches('[').count(), DEPTH_MAX);
    }
}

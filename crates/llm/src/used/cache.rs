//! What it takes to keep the beginning of a prompt at Gemini: its tokens, each read once.

use crate::chat::Usage;
use crate::json::{Cursor, Kind};

/// What the answer tells of it.
pub(super) fn usage_of_reply(body: &str) -> Option<Usage> {
    let mut total = None;
    let read = Cursor::new(body).object(|cursor, name| match (name, cursor.kind()) {
        ("usageMetadata", Kind::Object) => cursor.object(|cursor, name| {
            match name {
                "totalTokenCount" => total = cursor.maybe(Cursor::count)?,
                _ => cursor.skip()?,
            }
            Ok(())
        }),
        _ => cursor.skip(),
    });
    read.ok()?;
    Some(Usage { input: total?, ..Usage::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_beginning_counts_each_of_its_tokens_once() {
        let body = r#"{"name":"cachedContents/a","usageMetadata":{"totalTokenCount":4096}}"#;
        assert_eq!(usage_of_reply(body), Some(Usage { input: 4_096, ..Usage::default() }));
        for body in [r#"{"name":"cachedContents/a"}"#, r#"{"usageMetadata":{}}"#, "<html>"] {
            assert_eq!(usage_of_reply(body), None, "{body}");
        }
    }
}

//! The outermost object written anew with some members added, replaced or left out.
//!
//! For the few providers whose every request needs that: the body is gone over a second time. All
//! other edits are a splice.

use crate::json::{Cursor, JsonError, Writer};

/// A change of one member of the outermost object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberEdit<'e> {
    /// It says this string.
    Set(&'e str, &'e str),
    /// It is not there.
    Remove(&'e str),
}

impl MemberEdit<'_> {
    const fn name(&self) -> &str {
        match self {
            Self::Set(name, _) | Self::Remove(name) => name,
        }
    }
}

/// The body with the edits; values that are kept stand as they came.
///
/// # Errors
/// Where the body is no JSON object.
pub fn rewrite(body: &[u8], edits: &[MemberEdit<'_>]) -> Result<Vec<u8>, JsonError> {
    let text = String::from_utf8_lossy(body);
    let mut cursor = Cursor::new(&text);
    let mut out = Vec::with_capacity(body.len() + 64);
    let mut writer = Writer::new(&mut out);
    let mut result = Ok(());
    writer.object(|writer| {
        for edit in edits {
            if let MemberEdit::Set(name, value) = edit {
                writer.name(name).text(value);
            }
        }
        result = cursor.object(|cursor, name| {
            let value = cursor.json()?;
            if !edits.iter().any(|edit| edit.name() == name) {
                writer.name(name).json(value.as_str());
            }
            Ok(())
        });
    });
    result.map(|()| out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_set_and_left_out_and_the_rest_stands_as_it_came() {
        let body = br#"{"model":"a","n":1.50, "x":{"y":[1]}}"#;
        let edits = [MemberEdit::Remove("model"), MemberEdit::Set("version", "v \"1\"")];
        let out = rewrite(body, &edits).unwrap();
        assert_eq!(out, br#"{"version":"v \"1\"","n":1.50,"x":{"y":[1]}}"#);
        assert_eq!(rewrite(b"{}", &[]).unwrap(), b"{}");
        assert!(rewrite(b"[]", &[]).is_err());
    }
}

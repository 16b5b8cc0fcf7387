//! The ids of calls in a body that stays in its dialect: edits where the provider takes them
//! otherwise than the dialect has them, and no byte changed where it does not.

use super::CallIds;
use crate::dialect::{Dialect, Quirks};
use crate::json::{Cursor, JsonError, Kind, Writer};
use crate::scan::Edit;

impl Dialect {
    /// Edits by which the provider takes the ids of calls in a body of this dialect; `body` was
    /// scanned before. What is not where the dialect has it is left for the provider to judge.
    #[must_use]
    pub fn call_id_edits(self, quirks: &Quirks, body: &[u8]) -> Vec<Edit> {
        let mut edits = Vec::new();
        let Ok(text) = std::str::from_utf8(body) else { return edits };
        let cursor = &mut Cursor::new(text);
        let _as_far_as_it_is_sound = match self {
            Self::OpenaiChat if quirks.call_ids_of_nine => chat(cursor, &mut edits),
            Self::GeminiGenerateContent if quirks.lacks_call_ids => {
                gemini(cursor, text, &mut edits)
            }
            _ => Ok(()),
        };
        edits
    }
}

impl Quirks {
    /// Whether the provider takes ids of calls otherwise than its dialect has them, so that those
    /// of a body that stays in its dialect must be looked at.
    #[must_use]
    pub const fn has_own_call_ids(&self) -> bool {
        self.call_ids_of_nine || self.lacks_call_ids
    }
}

/// `messages[].tool_calls[].id` and `messages[].tool_call_id`.
fn chat(cursor: &mut Cursor<'_>, edits: &mut Vec<Edit>) -> Result<(), JsonError> {
    members(cursor, |cursor, name| match name {
        "messages" => items(cursor, |cursor| {
            members(cursor, |cursor, name| match name {
                "tool_call_id" => of_nine(cursor, edits),
                "tool_calls" => items(cursor, |cursor| {
                    members(cursor, |cursor, name| match name {
                        "id" => of_nine(cursor, edits),
                        _ => cursor.skip(),
                    })
                }),
                _ => cursor.skip(),
            })
        }),
        _ => cursor.skip(),
    })
}

/// Makes the id that is here one that Mistral takes: the same that it is made where a request is
/// written, so that a conversation that was translated before goes on.
fn of_nine(cursor: &mut Cursor<'_>, edits: &mut Vec<Edit>) -> Result<(), JsonError> {
    if cursor.kind() != Kind::Text {
        return cursor.skip();
    }
    let from = cursor.at();
    let id = cursor.text()?;
    if !CallIds::Nine.takes(&id) {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes).text(&CallIds::Nine.made_of(&id));
        edits.push(Edit { range: from..cursor.at(), bytes });
    }
    Ok(())
}

/// `contents[].parts[].functionCall.id` and `…functionResponse.id`, in either spelling.
fn gemini(cursor: &mut Cursor<'_>, text: &str, edits: &mut Vec<Edit>) -> Result<(), JsonError> {
    members(cursor, |cursor, name| match name {
        "contents" => items(cursor, |cursor| {
            members(cursor, |cursor, name| match name {
                "parts" => items(cursor, |cursor| {
                    members(cursor, |cursor, name| match name {
                        "functionCall" | "function_call" | "functionResponse"
                        | "function_response" => members(cursor, |cursor, name| {
                            let behind_colon = cursor.at();
                            cursor.skip()?;
                            if name == "id" {
                                edits.push(without(text, behind_colon, cursor.at()));
                            }
                            Ok(())
                        }),
                        _ => cursor.skip(),
                    })
                }),
                _ => cursor.skip(),
            })
        }),
        _ => cursor.skip(),
    })
}

/// Takes out the member `id` whose value lies between these places, with the comma that parts it
/// from the next member or from the one before.
fn without(text: &str, behind_colon: usize, end: usize) -> Edit {
    let quote = |before: usize| text[..before].rfind('"').unwrap_or_default();
    // However it is spelled, no quote is in this name.
    let start = quote(quote(behind_colon));
    let rest = text[end..].trim_ascii_start();
    let before = text[..start].trim_ascii_end();
    let range = match (rest.starts_with(','), before.ends_with(',')) {
        (true, _) => start..text.len() - rest.len() + 1,
        (false, true) => before.len() - 1..end,
        (false, false) => start..end,
    };
    Edit { range, bytes: Vec::new() }
}

/// Goes through an object, and over anything else.
fn members(
    cursor: &mut Cursor<'_>,
    field: impl FnMut(&mut Cursor<'_>, &str) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    if cursor.kind() == Kind::Object { cursor.object(field) } else { cursor.skip() }
}

/// Goes through an array, takes an object for an array of one, and goes over anything else.
fn items(
    cursor: &mut Cursor<'_>,
    mut item: impl FnMut(&mut Cursor<'_>) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    match cursor.kind() {
        Kind::Array => cursor.array(item),
        Kind::Object => item(cursor),
        _ => cursor.skip(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Splice;

    fn edited(dialect: Dialect, quirks: &Quirks, body: &str) -> String {
        let mut splice = Splice::new();
        for Edit { range, bytes } in dialect.call_id_edits(quirks, body.as_bytes()) {
            splice.edit(range, bytes);
        }
        String::from_utf8(splice.apply(body.as_bytes())).unwrap()
    }

    #[test]
    fn only_ids_that_are_not_taken_change_and_both_ways_make_the_same_of_them() {
        let nine = Quirks { call_ids_of_nine: true, ..Quirks::default() };
        let body = |id: &str| {
            format!(
                r#"{{ "messages": [ {{"role":"user","content":[{{"id":"call_1"}}]}},
                {{"role":"assistant","tool_calls": [ {{"type":"function", "id" : "{id}",
                  "function":{{"name":"f","arguments":"{{\"id\":\"call_1\"}}"}},"x":[1.50]}},
                  {{"id":"D681PevKs"}}, {{"id":null}}, 7 ]}}, null,
                {{"role":"tool","tool_call_id":"{id}","content":"a é"}} ],
                "tools":[{{"id":"call_1"}}],"id":"call_1" }}"#
            )
        };
        for id in ["call_abcdef0123456789abcdef01", "functions.f:0", "a\\u0062c", ""] {
            let plain = id.replace("\\u0062", "b");
            let made = CallIds::Nine.made_of(&plain);
            assert_eq!(edited(Dialect::OpenaiChat, &nine, &body(id)), body(&made));
        }
        let taken = body("D681PevKs");
        assert!(Dialect::OpenaiChat.call_id_edits(&nine, taken.as_bytes()).is_empty());
        let plain = Quirks::default();
        assert!(Dialect::OpenaiChat.call_id_edits(&plain, body("x").as_bytes()).is_empty());
        assert!(Dialect::OpenaiChat.call_id_edits(&nine, br#"{"messages":"x"}"#).is_empty());
        assert!(nine.has_own_call_ids() && !plain.has_own_call_ids());
    }

    #[test]
    fn who_refuses_ids_is_sent_none() {
        let none = Quirks { lacks_call_ids: true, ..Quirks::default() };
        let body = r#"{"contents":[{"role":"model","parts":[
            {"functionCall":{"id":"c1", "name":"f","args":{"id":"stays"}}},
            {"functionCall":{"name":"f" , "\u0069d" : "c2" }},
            {"function_call":{ "name":"f","id":"c3","args":{}}}]},
            {"parts":{"functionResponse":{"id":"c1"}}}],"id":"stays"}"#;
        let expected = r#"{"contents":[{"role":"model","parts":[
            {"functionCall":{ "name":"f","args":{"id":"stays"}}},
            {"functionCall":{"name":"f"  }},
            {"function_call":{ "name":"f","args":{}}}]},
            {"parts":{"functionResponse":{}}}],"id":"stays"}"#;
        assert_eq!(edited(Dialect::GeminiGenerateContent, &none, body), expected);
        assert_eq!(edited(Dialect::GeminiGenerateContent, &Quirks::default(), body), body);
    }
}

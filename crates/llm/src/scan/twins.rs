//! Fields of OpenAI's chat by which the same is said in newer and in older words. Of both at once
//! one provider would take the one, and one the other.

use super::Scanned;
use crate::chat::ChatError;

/// Each in its newer and its older word.
const TWINS: [[&str; 2]; 2] = [["tools", "functions"], ["tool_choice", "function_call"]];

/// The bit of a field at the top of a body, where it is one of those.
pub(super) fn bit(name: &[u8]) -> u8 {
    // By length first: most names are compared with none.
    match name.len() {
        5 if name == b"tools" => 1,
        9 if name == b"functions" => 1 << 1,
        11 if name == b"tool_choice" => 1 << 2,
        13 if name == b"function_call" => 1 << 3,
        _ => 0,
    }
}

impl Scanned {
    /// Refuses a body of OpenAI's chat that says the same in newer and in older words.
    ///
    /// # Errors
    /// Which fields say the same.
    pub fn no_twins(&self) -> Result<(), ChatError> {
        let are_both = |place: usize| self.twins >> (2 * place) & 0b11 == 0b11;
        for (place, [newer, older]) in TWINS.into_iter().enumerate() {
            if are_both(place) {
                let message =
                    format!("`{older}` is the older word for `{newer}`: give one of them");
                return Err(ChatError::invalid(older, message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    fn wrong(body: &str) -> Option<String> {
        let scanned = Scanned::whole(body.as_bytes(), Dialect::OpenaiChat.watch()).unwrap();
        scanned.no_twins().err().map(|error| error.message)
    }

    #[test]
    fn what_is_said_in_newer_and_in_older_words_is_refused_by_both_names() {
        for (body, names) in [
            (r#"{"tools":[],"functions":[]}"#, ["`tools`", "`functions`"]),
            (r#"{"functi\u006fns":[],"x":{},"tools":[]}"#, ["`tools`", "`functions`"]),
            (
                r#"{"function_call":"auto","tool_choice":"none"}"#,
                ["`tool_choice`", "`function_call`"],
            ),
        ] {
            let told = wrong(body).expect(body);
            assert!(names.iter().all(|name| told.contains(name)), "{told}");
        }
        for body in [
            r#"{"tools":[],"functions":null}"#,
            r#"{"tools": null,"functions":[null]}"#,
            r#"{"tools":[],"function_call":"auto"}"#,
            r#"{"tools":[],"tool_choice":"auto"}"#,
            r#"{"tools":[{"functions":[]}],"metadata":{"functions":1}}"#,
        ] {
            assert_eq!(wrong(body), None, "{body}");
        }
    }
}

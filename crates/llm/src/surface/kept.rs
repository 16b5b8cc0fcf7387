//! The ids of what a reply says was made and lives at the provider now.

use super::{Family, Kept, Operation, Surface};
use crate::json::{Cursor, JsonError, Kind};

impl Surface {
    /// What a reply at this surface says was made, with the id by which paths name it. Nothing
    /// where nothing was made, or the reply says no id.
    #[must_use]
    pub fn kept_in_reply(self, body: &str) -> Option<(Kept, String)> {
        let kept = match self.operation() {
            _ if self == Self::OpenaiResponses => Kept::Reply,
            Operation::ReplyCompact => Kept::Reply,
            Operation::FileUpload => Kept::File,
            Operation::BatchCreate => Kept::Batch,
            _ => return None,
        };
        let mut id = None;
        let is_gemini = self.family() == Family::Gemini;
        let read = read(&mut Cursor::new(body), is_gemini, &mut id);
        read.ok().and(id).map(|id| (kept, id))
    }
}

/// Reads `id`, or Gemini's `name`, which has the collection before the id and may be within `file`.
fn read(
    cursor: &mut Cursor<'_>,
    is_gemini: bool,
    id: &mut Option<String>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, field| {
        match (field, cursor.kind()) {
            ("id", Kind::Text) if !is_gemini => *id = Some(cursor.text()?.into_owned()),
            ("name", Kind::Text) if is_gemini => {
                let name = cursor.text()?;
                *id = name.rsplit('/').next().map(str::to_owned);
            }
            ("file", Kind::Object) if is_gemini => read(cursor, is_gemini, id)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

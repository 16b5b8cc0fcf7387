//! The failures of a dialect: read from what a provider says, and told to a client.

use super::{Dialect, said};
use crate::chat::ChatError;
use crate::json::{Cursor, Writer};

impl Dialect {
    /// The dialect whose errors its own are.
    fn fails_like(self) -> Self {
        match self {
            Self::OpenaiResponses => Self::OpenaiChat,
            other => other,
        }
    }

    /// Reads what a provider answered with a status that is no success; always an error, the status
    /// alone where the body is none of this dialect.
    #[must_use]
    pub fn read_error(self, status: u16, body: &[u8]) -> ChatError {
        let text = std::str::from_utf8(body).unwrap_or_default();
        let error = self.read_error_from(&mut Cursor::new(text), status);
        let unreadable = || ChatError::unreadable(status);
        let is_readable = error.is_ok();
        let mut error = error.unwrap_or_else(|_| unreadable());
        if is_readable && !error.message.is_empty() {
            error.said = said::passable(text).map(|said| Box::new((self, said)));
        }
        if error.message.is_empty() {
            error.message = unreadable().message;
        }
        error
    }

    /// Appends the body of an error: as its provider said it, where that speaks the same dialect.
    pub fn write_error(self, error: &ChatError, out: &mut Vec<u8>) {
        if let Some((dialect, said)) = error.said.as_deref()
            && dialect.fails_like() == self.fails_like()
        {
            return out.extend_from_slice(said.as_bytes());
        }
        self.write_error_to(error, &mut Writer::new(out));
    }
}

//! What is wrong with a configuration: one [`ConfigError`] per fault, with its place, its path and
//! what would be right. Not a log: whoever loads decides what is printed and where.

use std::fmt;

/// One fault of a configuration. Loading reports every fault it can find, in the order of the
/// text.
///
/// Printed as `file.yaml:12:7: routes[2].match[0].path: unknown key `prefx`, did you mean
/// `prefix`?`. It never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file as it was named by the caller; `database` for an object of the database.
    pub file: String,
    /// The line, from 1; 0 in the database, which has none.
    pub line: u32,
    /// The column, from 1, in characters; 0 in the database.
    pub column: u32,
    /// Where in the document, such as `routes[2].match[0].path`; empty for the whole document.
    pub path: String,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// The nearest thing that would be right, when there is one.
    pub suggestion: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: ", self.file)?,
            line => write!(formatter, "{}:{line}:{}: ", self.file, self.column)?,
        }
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        formatter.write_str(&self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(formatter, ", did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

//! What of the form each dialect can say, and what is lost where it cannot.
//!
//! The closed lists of fields, one for requests and one for replies, are the rows of the matrix in
//! `docs/dialects.md`. Which fields a request uses is computed in one place for all dialects
//! ([`request_fields`]); what a dialect makes of a field is one exhaustive table in its folder
//! (`says.rs`); the meeting of both is the loss. So no writer can drop a thing in silence: tests
//! hold each table to what reader and writer do.

pub(crate) mod left_out;
mod list;
mod losses;
mod reply_list;
mod reply_uses;
mod set;
mod uses;

pub use list::Field;
pub use losses::Losses;
pub use reply_list::ReplyField;
pub use reply_uses::{StreamUses, reply_fields};
pub use set::{FieldSet, Listed};
pub use uses::request_fields;

pub(crate) use set::listed;

/// What a dialect makes of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Say {
    /// It says it.
    Carried,
    /// It says something close to it; the words say what.
    Near(&'static str),
    /// It cannot say it, and the request keeps its meaning without: dropped with a warning. The
    /// words say why.
    Dropped(&'static str),
    /// It cannot say it, and the request means something else without: refused. The words say why.
    Refused(&'static str),
}

#[cfg(test)]
mod tests;

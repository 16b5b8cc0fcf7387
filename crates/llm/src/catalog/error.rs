//! What can be wrong with a row, in words for who wrote it.

use thiserror::Error;

use crate::cost::PriceError;
use crate::json::JsonError;

/// A line of a file that is no row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct CatalogError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: RowError,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowError {
    /// The name breaks the rules.
    #[error(
        "`{0}` is no name: providers are [a-z0-9-]{{1,63}}, models a provider, a slash and at most 255 printable characters"
    )]
    Name(String),
    /// The same name stands on an earlier line.
    #[error("`{0}` stands on line {1} already")]
    Doubled(String, usize),
    /// Words are missing at the end.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A word is none that is known there.
    #[error("`{0}` is no {1}")]
    Unknown(String, &'static str),
    /// A word stands there twice.
    #[error("`{0}` is said twice")]
    Twice(String),
    /// A base URL that is none, or that is not encrypted and does not stay on the machine.
    #[error(
        "`{0}` must be an https URL without query and slash at its end, or an http one of this machine"
    )]
    Url(String),
    /// A price that is none.
    #[error("`{0}`: {1}")]
    Price(String, PriceError),
    /// A price list that is no JSON of its form.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// Prices for long prompts that do not come in order.
    #[error("`above={0}` must be more than the one before it")]
    Order(u64),
}

//! Floor 2: descriptions of APIs, as OpenAPI 3.0 and 3.1 have them: read, linted, compared with one
//! another, answered from, and offered as tools.
//!
//! Pure: a text in, facts out. Nothing outside of a description is ever fetched for it.

pub mod breaking;
mod compiled;
mod description;
mod difference;
mod fault;
pub mod lint;
mod matcher;
pub mod mock;
mod operation;
mod page;
mod pointer;
mod read;
mod schema;
mod template;
mod tool;
mod walk;

pub use breaking::{BreakingChange, BreakingRule};
pub use compiled::{Compiled, DescriptionReader};
pub use description::{Description, Edition};
pub use difference::{Difference, difference, difference_until};
pub use fault::DescriptionFault;
pub use lint::{Finding, LintRule, Severity, lint};
pub use matcher::Matcher;
pub use operation::Operation;
pub use page::{breaking_page, lint_page};
pub use tool::{
    ANSWER_BYTES_MAX, LeftOut, Tool, ToolAnswer, ToolFault, ToolRequest, Tools, misfit, unanswered,
};

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;

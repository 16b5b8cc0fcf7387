//! Tools that a model may call, and how it may.

use std::collections::HashSet;

use super::{CacheMark, Json, ProviderOnly, Text};

/// Tools and how they may be used.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tooling<'a> {
    /// The tools.
    pub tools: Vec<Tool<'a>>,
    /// Whether and which must be called; none: the model decides.
    pub choice: Option<ToolChoice<'a>>,
    /// Whether several may be called at once; none: as the provider does.
    pub parallel: Option<bool>,
    /// Options of a search of the web before the answer, in OpenAI's form; none: there is none.
    pub web_search: Option<Json<'a>>,
}

impl<'a> Tooling<'a> {
    /// The tools that may be called: all of them, or those that the choice leaves.
    pub fn allowed(&self) -> impl Iterator<Item = &Tool<'a>> {
        let names: Option<HashSet<&str>> = match &self.choice {
            Some(ToolChoice::Allowed { names, .. }) => {
                Some(names.iter().map(AsRef::as_ref).collect())
            }
            _ => None,
        };
        let may = move |tool: &&Tool<'_>| names.as_ref().is_none_or(|it| it.contains(&*tool.name));
        self.tools.iter().filter(may)
    }
}

/// One tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool<'a> {
    /// Its name; a provider's own tool may have none.
    pub name: Text<'a>,
    /// What it does.
    pub description: Option<Text<'a>>,
    /// What it is.
    pub kind: ToolKind<'a>,
    /// Whether the prompt up to here shall be kept in the provider's cache.
    pub cache: Option<CacheMark>,
}

/// What a tool is.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolKind<'a> {
    /// A function with named arguments.
    Function {
        /// JSON schema of its arguments; none: it takes none.
        schema: Option<Json<'a>>,
        /// Whether the model is held to the schema; none: as the provider does.
        strict: Option<bool>,
    },
    /// A tool that takes free text.
    FreeForm {
        /// The grammar of the text in OpenAI's form; none: any text.
        format: Option<Json<'a>>,
    },
    /// A tool that the provider runs.
    ProviderOnly(ProviderOnly<'a>),
}

/// Whether and which tools must be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// The model decides.
    Auto,
    /// None may be called.
    None,
    /// Some tool must be called.
    Required,
    /// This one must be called.
    Named(Text<'a>),
    /// Only these may be called.
    Allowed {
        /// Whether one of them must be.
        is_required: bool,
        /// Their names.
        names: Vec<Text<'a>>,
    },
}

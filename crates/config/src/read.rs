//! From the tree to typed values: what can be written declares its keys once, and that one
//! declaration reads, feeds the JSON Schema and writes the reference page.
//!
//! Reading never stops at a fault: it notes it and goes on, so that all are reported at once.
//! Whoever returns `None` has noted why.

mod address;
mod choice;
mod collection;
mod http;
mod json;
mod meant;
mod names;
mod near;
mod number;
mod path;
pub(crate) mod pattern;
mod record;
mod scalar;
mod shape;

pub(crate) use address::{Bind, Cidr, Ports, SocketAddress};
pub(crate) use choice::{choice, words};
pub(crate) use collection::{List, NonEmpty, Pairs};
pub use http::HOP_FIELDS;
pub(crate) use http::{
    BaseUrl, CookieName, EditableHeader, HeaderName, HeaderValue, Host, HostAndPort,
    HostPatternText, Method, QueryName, RequestTarget, ServerName, is_visible_ascii,
};
pub(crate) use json::{JsonText, is_number};
pub(crate) use names::{Name, Names, Ref, ServingListener};
pub use near::nearest;
pub(crate) use number::{Count, Number, Percent, Ratio};
pub(crate) use path::PathText;
pub(crate) use pattern::Pattern;
pub(crate) use record::{Nothing, Scope, empty, record};
pub(crate) use scalar::{
    AnyText, Days, FilePath, Money, Size, Span, Text, Time, VisibleSecret, scalar,
};
pub(crate) use shape::{FieldShape, OptionShape, RecordShape, Shape};

use crate::tree::{Fault, Node, Place};
use crate::{ProviderKinds, Sources};

/// Something that can be written in a configuration. Often a marker for *how* it is written
/// (such as [`Size`]), with the type that is kept as its `Value`.
pub(crate) trait Written {
    /// What reading gives.
    type Value;

    /// Reads it; `None` when a fault has been noted instead.
    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self::Value>;

    /// How it is written, for schema and reference.
    fn shape() -> Shape;

    /// A value as it would be written, for defaults; `None` when there is nothing to show.
    fn show(_value: &Self::Value) -> Option<serde_json::Value> {
        None
    }
}

/// What is known while reading, and the faults found so far.
pub(crate) struct Reader<'a> {
    pub(crate) names: &'a Names<'a>,
    /// What the catalogue knows of providers.
    pub(crate) kinds: &'a dyn ProviderKinds,
    /// The world outside of the text.
    pub(crate) sources: &'a dyn Sources,
    /// Where the places of the file end; those of objects of a database are behind.
    pub(crate) file_ends: Place,
    pub(crate) faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(names: &'a Names<'a>, sources: &'a dyn Sources) -> Self {
        Self {
            names,
            kinds: sources.provider_kinds(),
            sources,
            file_ends: Place::END,
            faults: Vec::new(),
        }
    }

    /// Whether something was written in a file, and not by who may change an object of a database.
    pub(crate) fn is_of_file(&self, node: &Node<'_>) -> bool {
        node.place < self.file_ends
    }

    /// Notes a fault at a place.
    pub(crate) fn refuse(&mut self, place: Place, message: impl Into<String>) {
        self.faults.push(Fault::new(place, message));
    }

    /// Notes a fault with what would be right.
    pub(crate) fn refuse_with(
        &mut self,
        place: Place,
        message: impl Into<String>,
        suggestion: Option<String>,
    ) {
        self.faults.push(Fault { suggestion, ..Fault::new(place, message) });
    }

    /// Notes that a value is not what was expected.
    pub(crate) fn refuse_type(&mut self, node: &Node<'_>, expected: &str) {
        self.refuse(node.place, format!("expected {expected}, found {}", node.described()));
    }

    /// Notes a word that is none of `known`, with the nearest of them.
    pub(crate) fn refuse_word<'w>(
        &mut self,
        node: &Node<'_>,
        message: String,
        known: impl Iterator<Item = &'w str>,
    ) {
        let word = node.text().filter(|_| !node.substituted);
        let suggestion = word.and_then(|word| self.nearest(word, known));
        self.refuse_with(node.place, message, suggestion);
    }

    /// The word of `known` that was meant, perhaps.
    pub(crate) fn nearest<'w>(
        &self,
        word: &str,
        known: impl Iterator<Item = &'w str>,
    ) -> Option<String> {
        // Nearness costs time: a file that is wrong throughout does not get it everywhere.
        const SUGGESTED_MAX: usize = 50;
        let is_worth_it = self.faults.len() < SUGGESTED_MAX;
        is_worth_it.then(|| near::nearest(word, known).map(str::to_owned))?
    }
}

/// What later versions will take: refused by name, never ignored.
pub(crate) fn later_message(word: &str) -> String {
    format!("`{word}` is not in this version")
}

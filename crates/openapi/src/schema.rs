//! Schemas of a description: held against values, and laid flat to be compared and answered from.
//!
//! What 3.0 says otherwise than JSON Schema is translated first, so that one library judges both.

mod flat;
pub(crate) mod patterns;
pub(crate) mod translate;

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use boon::{Compiler, ErrorKind, SchemaIndex, Schemas, UrlLoader, ValidationError};
use serde_json::Value;

use crate::description::{Description, Edition};

pub(crate) use flat::{Additional, Flat, Marks, flat, marks};

/// The name of the description to the library.
const NAME: &str = "description:///";
/// What is told of one value that does not fit.
const FAULTS_MAX: usize = 10;

/// One way in which a value does not fit a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueFault {
    /// Where in the value: a JSON Pointer (RFC 6901).
    pub(crate) pointer: String,
    pub(crate) message: String,
}

/// Which way a value goes: what is `readOnly` is not asked of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    Request,
    Response,
}

/// Makes schemas ready to be held against values.
pub(crate) struct SchemaCompiler {
    compiler: Compiler,
    schemas: Schemas,
    known: HashMap<String, Result<SchemaIndex, String>>,
    refused: Vec<ValueFault>,
    /// Set when the library has failed over a schema, and is not asked again.
    is_broken: bool,
}

/// Schemas that are ready, by pointer.
pub(crate) struct Validator {
    schemas: Schemas,
    known: HashMap<String, SchemaIndex>,
}

/// Nothing outside of a description is read for it.
pub(crate) struct Nothing;

impl UrlLoader for Nothing {
    fn load(&self, url: &str) -> Result<Value, Box<dyn Error>> {
        Err(format!("{url} is not in it").into())
    }
}

impl SchemaCompiler {
    pub(crate) fn new(description: &Description) -> Self {
        let mut value = description.value().clone();
        if description.edition() == Edition::V30 {
            translate::from_30(&mut value);
        }
        // It would choose how the schemas of the whole document are read.
        if let Some(members) = value.as_object_mut() {
            members.retain(|key, _| matches!(key.as_str(), "paths" | "components" | "webhooks"));
        }
        let refused = patterns::take_out(&mut value);
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(Nothing));
        compiler.enable_format_assertions();
        let added = compiler.add_resource(NAME, value);
        debug_assert!(added.is_ok(), "the name is a URL");
        let (schemas, known) = (Schemas::new(), HashMap::new());
        Self { compiler, schemas, known, refused, is_broken: false }
    }

    /// Patterns that are not held against anything, with their places in the description, and why.
    pub(crate) fn refused(&self) -> &[ValueFault] {
        &self.refused
    }

    /// Makes the schema at a pointer ready.
    ///
    /// # Errors
    /// Why it is no schema.
    pub(crate) fn add(&mut self, pointer: &str) -> Result<(), String> {
        self.index(pointer).map(drop)
    }

    fn index(&mut self, pointer: &str) -> Result<SchemaIndex, String> {
        if let Some(known) = self.known.get(pointer) {
            return known.clone();
        }
        let url = format!("{NAME}#{}", encoded(pointer));
        let index = match self.is_broken {
            true => Err(FAILED.to_owned()),
            // It was written for schemas by people who mean well.
            false => guarded(|| match self.compiler.compile(&url, &mut self.schemas) {
                Ok(index) => Ok(index),
                Err(error) => Err(in_a_line(&format!("{error:#}"))),
            })
            .unwrap_or_else(|| {
                self.is_broken = true;
                Err(FAILED.to_owned())
            }),
        };
        self.known.insert(pointer.to_owned(), index.clone());
        index
    }

    /// How a value does not fit the schema at a pointer; nothing where that is no schema.
    pub(crate) fn faults(&mut self, pointer: &str, value: &Value) -> Vec<ValueFault> {
        let Ok(index) = self.index(pointer) else { return Vec::new() };
        validated(&self.schemas, index, value, &|_| false)
    }

    /// What was made ready, to be kept.
    pub(crate) fn finish(self) -> Validator {
        let known = self.known.into_iter().filter_map(|(at, index)| Some((at, index.ok()?)));
        Validator { schemas: self.schemas, known: known.collect() }
    }
}

impl Validator {
    /// How a value does not fit the schema at a pointer of the description; nothing where none was
    /// made ready.
    pub(crate) fn faults(
        &self,
        description: &Description,
        pointer: &str,
        value: &Value,
        way: Way,
    ) -> Vec<ValueFault> {
        let Some(index) = self.known.get(pointer) else { return Vec::new() };
        validated(&self.schemas, *index, value, &|error| {
            way == Way::Request && is_of_answers(description, error)
        })
    }
}

/// What is said where the library has panicked.
const FAILED: &str = "the validator failed over it";

pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

pub(crate) fn validated(
    schemas: &Schemas,
    index: SchemaIndex,
    value: &Value,
    is_none: &dyn Fn(&ValidationError<'_, '_>) -> bool,
) -> Vec<ValueFault> {
    let faults = guarded(|| match schemas.validate(value, index) {
        Ok(()) => Vec::new(),
        Err(error) => told(&error, is_none),
    });
    faults
        .unwrap_or_else(|| vec![ValueFault { pointer: String::new(), message: FAILED.to_owned() }])
}

/// Whether all that is missing are properties that only answers have.
fn is_of_answers(description: &Description, error: &ValidationError<'_, '_>) -> bool {
    let ErrorKind::Required { want } = &error.kind else { return false };
    let Some((_, fragment)) = error.schema_url.split_once('#') else { return false };
    let schema = crate::pointer::decoded(fragment).and_then(|at| description.at(&at));
    let Some(properties) = schema.and_then(|schema| schema.get("properties")) else { return false };
    let is_read_only = |name: &str| {
        properties.get(name).is_some_and(|property| marks(description, &property).is_read_only)
    };
    !want.is_empty() && want.iter().all(|name| is_read_only(name))
}

/// The innermost faults, without those that do not count.
fn told(
    error: &ValidationError<'_, '_>,
    is_none: &dyn Fn(&ValidationError<'_, '_>) -> bool,
) -> Vec<ValueFault> {
    let mut faults = Vec::new();
    gather(error, is_none, &mut faults);
    faults
}

fn gather(
    error: &ValidationError<'_, '_>,
    is_none: &dyn Fn(&ValidationError<'_, '_>) -> bool,
    faults: &mut Vec<ValueFault>,
) {
    if error.causes.is_empty() && !is_none(error) && faults.len() < FAULTS_MAX {
        let fault = ValueFault {
            pointer: error.instance_location.to_string(),
            message: in_a_line(&error.kind.to_string()),
        };
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    error.causes.iter().for_each(|cause| gather(cause, is_none, faults));
}

/// A message of the library without the name that we gave, and in one line.
pub(crate) fn in_a_line(message: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 300;
    let message = message.replace(NAME, "");
    let lines: Vec<&str> =
        message.lines().map(|line| line.trim().trim_start_matches("- ")).collect();
    lines.join("; ").chars().take(SHOWN_CHARS_MAX).collect()
}

/// A pointer as it stands in a URL.
fn encoded(pointer: &str) -> String {
    let mut out = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"/~-._$".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;

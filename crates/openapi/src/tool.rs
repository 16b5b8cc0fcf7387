//! Operations of a description as tools of MCP: what each is called, what it takes, and the request
//! that a call of it becomes.
//!
//! Arguments are held against the schema that is published before anything is made of them, and
//! what is made of them cannot leave its place: every value is escaped, no element of a path is a
//! step up, and no header gets a line end. Only headers that the operation describes are sent, and
//! none by which servers are told who calls or how a body is framed.

mod answer;
mod arguments;
mod bundle;
mod encode;
mod input;
mod media;
mod object;

use std::collections::{HashMap, HashSet};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Map, Value, json};

use crate::description::{Description, Edition};
use crate::operation::Operation;
use crate::schema::{Nothing, guarded, in_a_line, patterns, translate, validated};

pub use answer::{ANSWER_BYTES_MAX, ToolAnswer, misfit, unanswered};
pub use arguments::ToolFault;
use input::Input;

/// Names that every client and model takes.
const NAME_CHARS_MAX: usize = 64;
/// What a model reads of one tool at most.
const ABOUT_CHARS_MAX: usize = 4096;
/// A schema that is larger costs more to read than the tool is worth.
const SCHEMA_BYTES_MAX: usize = 256 * 1024;

/// The tools of a description.
pub struct Tools {
    tools: Vec<Tool>,
    left_out: Vec<LeftOut>,
    places: HashMap<String, usize>,
    schemas: Schemas,
}

/// One operation as a tool.
#[derive(Debug)]
pub struct Tool {
    /// What it is called.
    pub name: String,
    /// Its entry in a list of tools, as JSON.
    pub entry: String,
    operation: Operation,
    inputs: Vec<Input>,
    schema: SchemaIndex,
}

/// An operation that is no tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is called in the description.
    pub label: String,
    /// Why.
    pub why: String,
}

/// The request that a call becomes, below the path at which the API is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRequest {
    /// The method.
    pub method: String,
    /// Path and query, escaped.
    pub target: String,
    /// Headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Tools {
    /// Makes tools of the operations of a description.
    #[must_use]
    pub fn new(description: &Description) -> Self {
        let mut whole = description.value().clone();
        if description.edition() == Edition::V30 {
            translate::from_30(&mut whole);
        }
        let _weaker_only = patterns::take_out(&mut whole);
        let mut making = Making {
            description,
            whole,
            compiler: Compiler::new(),
            schemas: Schemas::new(),
            names: HashSet::new(),
            attempts: 0,
            is_broken: false,
        };
        making.compiler.use_loader(Box::new(Nothing));
        making.compiler.enable_format_assertions();
        let (mut tools, mut left_out) = (Vec::new(), Vec::new());
        for operation in description.operations() {
            match making.tool(operation) {
                Ok(tool) => tools.push(tool),
                Err(why) => left_out.push(LeftOut { label: operation.label(), why }),
            }
        }
        let place = |(index, tool): (usize, &Tool)| (tool.name.clone(), index);
        let places = tools.iter().enumerate().map(place).collect();
        Self { tools, left_out, places, schemas: making.schemas }
    }

    /// All of them, in the order of the description.
    #[must_use]
    pub fn all(&self) -> &[Tool] {
        &self.tools
    }

    /// Operations that are none, and why.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// A tool by its name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Tool> {
        self.tools.get(*self.places.get(name)?)
    }

    /// The request that a call becomes; `arguments` is a JSON object in which no name comes twice.
    ///
    /// # Errors
    /// How the arguments do not fit.
    pub fn request(&self, tool: &Tool, arguments: &str) -> Result<ToolRequest, Vec<ToolFault>> {
        let fault = |message: String| vec![ToolFault { pointer: String::new(), message }];
        let value: Value = serde_json::from_str(arguments)
            .map_err(|error| fault(format!("the arguments are no JSON: {error}")))?;
        let faults = validated(&self.schemas, tool.schema, &value, &|_| false);
        if !faults.is_empty() {
            let told = |it: crate::schema::ValueFault| ToolFault {
                pointer: it.pointer,
                message: it.message,
            };
            return Err(faults.into_iter().map(told).collect());
        }
        arguments::request(&tool.operation, &tool.inputs, arguments).map_err(|fault| vec![fault])
    }
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} tools, {} left out", self.tools.len(), self.left_out.len())
    }
}

/// Tools that are being made.
struct Making<'d> {
    description: &'d Description,
    /// The description in words of JSON Schema, which has the same places.
    whole: Value,
    compiler: Compiler,
    schemas: Schemas,
    names: HashSet<String>,
    /// How many schemas were made ready, or not: each has a URL of its own.
    attempts: usize,
    is_broken: bool,
}

impl Making<'_> {
    fn tool(&mut self, operation: &Operation) -> Result<Tool, String> {
        // It would say again what the gateway has added to the request.
        if operation.method == "TRACE" {
            return Err("its method is TRACE".to_owned());
        }
        let inputs = input::gather(self.description, operation)?;
        let schema = bundle::schema(&self.whole, &inputs)?;
        if schema.to_string().len() > SCHEMA_BYTES_MAX {
            return Err(format!("its schema is larger than {} KiB", SCHEMA_BYTES_MAX >> 10));
        }
        let index = self.compiled(&schema)?;
        let name = self.name(operation);
        let entry = self.entry(operation, &name, schema);
        Ok(Tool { name, entry, operation: operation.clone(), inputs, schema: index })
    }

    fn compiled(&mut self, schema: &Value) -> Result<SchemaIndex, String> {
        const FAILED: &str = "the validator failed over its schema";
        if self.is_broken {
            return Err(FAILED.to_owned());
        }
        self.attempts += 1;
        let url = format!("tool:///{}", self.attempts);
        let (compiler, schemas) = (&mut self.compiler, &mut self.schemas);
        let schema = schema.clone();
        let made = guarded(|| {
            compiler
                .add_resource(&url, schema)
                .map_err(|error| in_a_line(&format!("{error:#}")))?;
            compiler.compile(&url, schemas).map_err(|error| in_a_line(&format!("{error:#}")))
        });
        match made {
            Some(Ok(index)) => Ok(index),
            Some(Err(error)) => Err(format!("its schema is none: {error}")),
            None => {
                self.is_broken = true;
                Err(FAILED.to_owned())
            }
        }
    }

    /// A name that no other tool has: the operation's id, or its method and path.
    fn name(&mut self, operation: &Operation) -> String {
        let said = match &operation.id {
            Some(id) => id.clone(),
            None => format!("{}{}", operation.method.to_ascii_lowercase(), operation.path),
        };
        let mut name = String::with_capacity(said.len());
        for letter in said.chars() {
            match letter {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' => name.push(letter),
                // One for whatever many.
                _ if name.ends_with('_') => {}
                _ => name.push('_'),
            }
        }
        let name = name.trim_matches('_');
        let short = |most: usize| name.chars().take(most).collect::<String>();
        let base = if name.is_empty() { "operation".to_owned() } else { short(NAME_CHARS_MAX) };
        let mut own = base.clone();
        let mut number = 2;
        while !self.names.insert(own.clone()) {
            let ending = format!("_{number}");
            let most = NAME_CHARS_MAX - ending.len();
            own = format!("{}{ending}", base.chars().take(most).collect::<String>());
            number += 1;
        }
        own
    }

    fn entry(&self, operation: &Operation, name: &str, schema: Value) -> String {
        let found = self.description.at(&operation.pointer);
        let about = found.as_ref().and_then(|it| it.text("description")).unwrap_or_default();
        let about = match (operation.summary.as_str(), about.trim()) {
            ("", about) => about.to_owned(),
            (summary, about) if about.is_empty() || about.starts_with(summary) => {
                if about.is_empty() { summary.to_owned() } else { about.to_owned() }
            }
            (summary, about) => format!("{summary}\n\n{about}"),
        };
        let about = match about.is_empty() {
            true => format!("{} {}", operation.method, operation.path),
            false => about.chars().take(ABOUT_CHARS_MAX).collect(),
        };
        let mut entry = Map::new();
        entry.insert("name".to_owned(), json!(name));
        if !operation.summary.is_empty() {
            entry.insert("title".to_owned(), json!(operation.summary));
        }
        entry.insert("description".to_owned(), json!(about));
        entry.insert("inputSchema".to_owned(), schema);
        let is_reading = matches!(operation.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        let is_idempotent = is_reading || matches!(operation.method.as_str(), "PUT" | "DELETE");
        let hints = json!({
            "readOnlyHint": is_reading,
            "destructiveHint": !is_reading && operation.method != "POST",
            "idempotentHint": is_idempotent,
        });
        entry.insert("annotations".to_owned(), hints);
        Value::Object(entry).to_string()
    }
}

#[cfg(test)]
mod tests;

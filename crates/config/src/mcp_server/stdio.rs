//! A server that is a program on this machine, spoken with over its standard streams: what is run,
//! how many of it, and for how long.
//!
//! It is only ever read from a file: whoever may change an object through the API may not run
//! programs where the gateway runs.

use std::path::PathBuf;
use std::time::Duration;

use architrave_core::Secret;

use super::McpTimeouts;
use crate::read::{
    AnyText, Count, FilePath, List, Pairs, Reader, Shape, Span, Written, empty, record, scalar,
};
use crate::tree::Node;

record! {
    /// A server that is a program on this machine; in a gateway file alone. Each session of the legacy
    /// era has a process of its own, all requests of the modern one share one.
    #[derive(Clone, Debug, PartialEq)]
    pub struct McpStdio {
        /// The program: a path, or a name that is looked for in `PATH`.
        "command": Command => pub command: String,
        /// Its arguments.
        "args": List<AnyText> = Vec::new() => pub arguments: Vec<String>,
        /// Variables of its environment. Of the gateway's own it has `PATH`, `HOME`, `USER`,
        /// `LOGNAME`, `LANG`, `LC_ALL`, `LC_CTYPE`, `TZ` and `TMPDIR`, and nothing else.
        "env": Pairs<VariableName, VariableValue> = Vec::new()
            => pub environment: Vec<(String, Secret)>,
        /// The folder that it runs in; by default that of the gateway.
        "cwd": Option<FilePath> = None => pub folder: Option<PathBuf>,
        /// Bounds on its processes.
        "limits": McpProcesses = McpProcesses::default() => pub limits: McpProcesses,
        /// Bounds on how long it may take.
        "timeouts": McpTimeouts = McpTimeouts::default() => pub timeouts: McpTimeouts,
    }
}

/// An interpreter with its libraries is some 50 MiB: with more of them, a small machine swaps.
const PROCESSES: usize = 32;
/// Somebody who thinks over an answer comes back within that.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// What leaks does so slowly; a fresh one each day is enough.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

record! {
    /// Bounds on the processes of a program.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct McpProcesses {
        /// How many run at the same time. Each session of the legacy era needs one.
        "processes": Count<usize, 1, 10_000> = PROCESSES => pub processes_max: usize,
        /// How long one may have nothing to say and be told nothing.
        "idle": Span = IDLE => pub idle: Duration,
        /// How long one may live.
        "lifetime": Span = LIFETIME => pub lifetime: Duration,
    }
}

impl Default for McpProcesses {
    fn default() -> Self {
        empty::<Self>()
    }
}

/// The program that is run.
pub(crate) struct Command;

impl Written for Command {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        if !reader.is_of_file(node) {
            reader.refuse(node.place, "a program is run only where a gateway file says so");
            return None;
        }
        let fits = |text: &str| !text.trim().is_empty() && !text.contains('\0');
        scalar(node, reader, "a program", |text| fits(text).then(|| text.to_owned()))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "program", pattern: None }
    }
}

/// The name of a variable.
pub(crate) struct VariableName;

impl Written for VariableName {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let fits = |text: &str| {
            let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            !text.starts_with(|first: char| first.is_ascii_digit())
                && !text.is_empty()
                && text.len() <= 255
                && text.bytes().all(is_of_it)
        };
        let expected = "the name of a variable: letters, digits and `_`, no digit first";
        scalar(node, reader, expected, |text| fits(text).then(|| text.to_owned()))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "variable", pattern: Some("[A-Za-z_][A-Za-z0-9_]*") }
    }
}

/// The value of a variable: as often as not a secret.
pub(crate) struct VariableValue;

impl Written for VariableValue {
    type Value = Secret;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Secret> {
        let value = node.text().filter(|text| !text.contains('\0'));
        if value.is_none() {
            // Never the text itself, whatever it is.
            reader.refuse(node.place, "expected the text of a variable");
        }
        value.map(Secret::new)
    }

    fn shape() -> Shape {
        Secret::shape()
    }
}

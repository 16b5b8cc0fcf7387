//! The reference page of the gateway file, in Markdown: made from the declarations that read it.
//!
//! Not a guide: it says what every key is, in the order of the file, and nothing else.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;

use crate::document::Document;
use crate::read::{FieldShape, OptionShape, RecordShape, Shape, Written};
use crate::schema::prose;

/// Where each named shape has its section: at the shallowest path that leads to it.
type Homes = HashMap<&'static str, String>;

/// The page.
#[must_use]
pub fn reference() -> String {
    let document = Document::shape();
    let homes = homes(&document);
    let mut page = String::from(
        "# The gateway file\n\n\
         Every key, how it is written, and what it means; [the tour](tour.md) shows the most used ones at work.\n\
         A key without a default is needed; *none* means that leaving it out is a choice of its own.\n\
         Any value may hold `${env:NAME}`, `${env:NAME:-default}` or `${file:path}`; `$${` stands for `${`.\n\
         Names are of lower-case letters, digits and `-`, at most 63.\n\
         Durations are `250ms`, `10s`, `5m` or `1h`; sizes `512B`, `64KiB`, `10MiB` or `1GiB`; rates `100/s`, `5000/m`, `10000/h` or `100000/d`; money `12.50 USD`.\n\
         Paths of files are relative to the folder that the gateway is started in.\n",
    );
    section(&mut page, "", &document, &homes);
    page
}

fn homes(document: &Shape) -> Homes {
    let mut homes = Homes::new();
    let mut waiting = VecDeque::from([(String::new(), document)]);
    while let Some((path, shape)) = waiting.pop_front() {
        let Some((name, children)) = named(shape) else { continue };
        if homes.contains_key(name) {
            continue;
        }
        for (key, child) in children {
            let (child, suffix) = unwrapped(child);
            let child_path = if path.is_empty() {
                format!("{key}{suffix}")
            } else {
                format!("{path}.{key}{suffix}")
            };
            waiting.push_back((child_path, child));
        }
        homes.insert(name, path);
    }
    homes
}

/// The name and children of what gets a section of its own.
fn named(shape: &Shape) -> Option<(&'static str, Vec<(&'static str, &Shape)>)> {
    match shape {
        Shape::Record(record) if record.fields.is_empty() => None,
        Shape::Record(record) => Some((
            record.name,
            record.fields.iter().map(|field| (field.key, &field.shape)).collect(),
        )),
        Shape::Choice { name, options, .. } => Some((
            name,
            options
                .iter()
                .filter_map(|option| Some((option.key, option.shape.as_ref()?)))
                .collect(),
        )),
        _ => None,
    }
}

/// What a list or map is of, and how that is shown in a path.
fn unwrapped(shape: &Shape) -> (&Shape, &'static str) {
    match shape {
        Shape::List { of, .. } => (said_at_length(of), "[]"),
        Shape::Pairs { of, .. } => match &**of {
            Shape::List { of, .. } => (said_at_length(of), ".*[]"),
            of => (said_at_length(of), ".*"),
        },
        other => (said_at_length(other), ""),
    }
}

/// Of two ways to write the same, the one with more to tell.
fn said_at_length(shape: &Shape) -> &Shape {
    match shape {
        Shape::Either { long, .. } => long,
        other => other,
    }
}

fn section(page: &mut String, path: &str, shape: &Shape, homes: &Homes) {
    let Some((name, children)) = named(shape) else { return };
    if homes.get(name).is_none_or(|home| home != path) {
        return;
    }
    if !path.is_empty() {
        let _ = write!(page, "\n## `{path}`\n\n");
    } else {
        page.push('\n');
    }
    match shape {
        Shape::Record(record) => record_table(page, record, homes),
        Shape::Choice { about, options, .. } => choice_table(page, about, options, homes),
        _ => {}
    }
    for (key, child) in children {
        let (child, suffix) = unwrapped(child);
        let child_path = match path {
            "" => format!("{key}{suffix}"),
            path => format!("{path}.{key}{suffix}"),
        };
        section(page, &child_path, child, homes);
    }
}

fn record_table(page: &mut String, record: &RecordShape, homes: &Homes) {
    let _ = write!(
        page,
        "{}\n\n| key | written as | default | |\n| --- | --- | --- | --- |\n",
        prose(record.about)
    );
    for FieldShape { key, about, shape, required, default } in &record.fields {
        let default = match default {
            Some(default) => format!("`{}`", flow(default)),
            None if *required => String::from("needed"),
            None => String::from("*none*"),
        };
        let written = written_as(shape, homes);
        let _ = writeln!(page, "| `{key}` | {written} | {default} | {} |", cell(about));
    }
    for field in &record.fields {
        if let (Shape::Words { words, .. }, _) = unwrapped(&field.shape) {
            let _ = write!(page, "\n`{}` is one of\n\n", field.key);
            for word in words {
                let _ = writeln!(page, "- `{}`: {}", word.key, prose(word.about));
            }
        }
    }
}

fn choice_table(page: &mut String, about: &[&str], options: &[OptionShape], homes: &Homes) {
    let _ = write!(
        page,
        "{} A map with exactly one of\n\n| key | written as | |\n| --- | --- | --- |\n",
        prose(about)
    );
    for OptionShape { key, about, shape } in options {
        let written = shape.as_ref().map_or(String::new(), |shape| written_as(shape, homes));
        let _ = writeln!(page, "| `{key}` | {written} | {} |", cell(about));
    }
}

/// How a shape is written, with a link where it has a section.
fn written_as(shape: &Shape, homes: &Homes) -> String {
    match shape {
        Shape::Text { kind, .. } => (*kind).to_owned(),
        Shape::Words { .. } => String::from("word"),
        Shape::Integer { min, max } if min == max => format!("`{min}`"),
        Shape::Integer { min, max } => format!("{min} to {max}"),
        Shape::Number { min, takes_min: false, max } => format!("number over {min}, up to {max}"),
        Shape::Number { min, max, .. } => format!("number from {min} to {max}"),
        Shape::Boolean => String::from("`true` or `false`"),
        Shape::Json => String::from("map"),
        Shape::Either { short, long } => {
            format!("{} or {}", written_as(short, homes), written_as(long, homes))
        }
        Shape::List { of, .. } => format!("list of {}", written_as(of, homes)),
        Shape::Pairs { key, of } => format!("map from {key} to {}", written_as(of, homes)),
        Shape::Record(_) | Shape::Choice { .. } => match named(shape) {
            Some((name, _)) => link(&homes[name]),
            None => String::from("`{}`"),
        },
    }
}

fn link(path: &str) -> String {
    let kept = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let anchor: String = path.chars().filter(kept).collect();
    format!("[`{path}`](#{anchor})")
}

/// As YAML writes it in one line, without quotes where none are needed.
fn flow(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) if text.is_empty() => String::from("\"\""),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

fn cell(about: &[&str]) -> String {
    prose(about).replace('|', "\\|")
}

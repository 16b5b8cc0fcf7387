//! Recorded exchanges read from their files: YAML documents of `when` and `then`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use saphyr_parser::{Event, Parser};

/// One request and its reply.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) is_stream: bool,
    pub(crate) reply: Vec<u8>,
}

/// All recorded exchanges whose request is a JSON object.
pub(crate) fn all() -> Vec<Exchange> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = option_env!("ARCHITRAVE_TEST_DATA").map_or(beside, PathBuf::from);
    let mut files = Vec::new();
    walk(&folder.join("cassettes"), &mut files);
    assert!(!files.is_empty(), "no recordings in {}", folder.display());
    files.sort();
    let exchanges = files.iter().flat_map(|path| read(path));
    exchanges.filter(|exchange| exchange.request.starts_with('{')).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
}

/// The exchanges of one file. All that is needed are scalars, known by the path of keys to them.
fn read(path: &Path) -> Vec<Exchange> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut exchanges = Vec::new();
    // For each open map or list: the key that was read last, and whether a value comes next.
    let mut open: Vec<Option<String>> = Vec::new();
    let mut is_map: Vec<bool> = Vec::new();
    let mut header = String::new();
    for event in Parser::new_from_str(&text) {
        let (event, _) = event.unwrap();
        match event {
            Event::DocumentStart(_) => {
                let name = path.display().to_string();
                exchanges.push(Exchange { name, ..Exchange::default() });
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                is_map.push(matches!(event, Event::MappingStart(..)));
                open.push(None);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                is_map.pop();
                if let (Some(key), Some(true)) = (open.last_mut(), is_map.last()) {
                    *key = None;
                }
            }
            Event::Scalar(value, ..) => {
                let (Some(key), Some(true)) = (open.last_mut(), is_map.last()) else { continue };
                let Some(name) = key.take() else {
                    *key = Some(value.into_owned());
                    continue;
                };
                let outer: Vec<&str> = open.iter().flatten().map(String::as_str).collect();
                let exchange = exchanges.last_mut().unwrap();
                set(exchange, &mut header, (&outer, &name), &value);
            }
            _ => {}
        }
    }
    exchanges
}

fn set(exchange: &mut Exchange, header: &mut String, (outer, name): (&[&str], &str), value: &str) {
    match (outer, name) {
        (["when"], "path") => value.clone_into(&mut exchange.path),
        (["when"], "body") => value.clone_into(&mut exchange.request),
        (["then"], "status") => exchange.status = value.parse().unwrap(),
        (["then"], "body") => exchange.reply = value.as_bytes().to_vec(),
        // It comes after the body.
        (["then"], "body_encoding") if value == "base64" => {
            exchange.reply.retain(|byte| !byte.is_ascii_whitespace());
            exchange.reply = STANDARD.decode(&exchange.reply).unwrap();
        }
        (["then", "header"], "name") => value.clone_into(header),
        (["then", "header"], "value") if header == "content-type" => {
            exchange.is_stream = value.contains("event-stream") || value.contains("eventstream");
        }
        _ => {}
    }
}

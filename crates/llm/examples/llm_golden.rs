//! Writes what the golden tests compare with: translations of the fixtures, and the matrix of
//! `docs/dialects.md` and `docs/surfaces.md`.
//!
//! It is an example so that it needs no flag in the tests to overwrite what they check.

#[path = "llm_golden/beside.rs"]
mod beside;

use std::path::{Path, PathBuf};

use architrave_llm::dialect::{Address, Context, Dialect, Quirks};
use architrave_llm::frame::{FrameReader, FrameWriter, Framing};
use architrave_llm::matrix;
use architrave_llm::translate::{StreamTranslation, read_request, reply, write_request};

fn main() -> std::io::Result<()> {
    files().into_iter().try_for_each(|(path, text)| std::fs::write(path, text))
}

/// All golden files.
pub(crate) fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = vec![
        (root.join("docs/dialects.md"), docs(&root)),
        (root.join("docs/surfaces.md"), matrix::beside()),
    ];
    for &from in Dialect::ALL {
        for &to in Dialect::ALL {
            let folder = root.join("fixtures/llm").join(from.name());
            let name = |what: &str| folder.join(format!("{what}.{}", to.name()));
            files.push((
                name("full"),
                each(&folder.join("full.json"), |body| request(from, to, body)),
            ));
            files.push((
                name("full_reply"),
                each(&folder.join("full_reply.json"), |body| {
                    // What failed has no reply in some dialects, but an error.
                    let written = reply(from, to, body.as_bytes(), &context()).map_or_else(
                        |error| {
                            let mut written = Vec::new();
                            to.write_error(&error, &mut written);
                            written
                        },
                        |reply| reply.body,
                    );
                    String::from_utf8_lossy(&written).into_owned()
                }),
            ));
            files.push((name("stream"), stream(from, to, &folder.join("stream.txt"))));
        }
    }
    files.extend(beside::files(&root.join("fixtures/llm")));
    files
}

fn context() -> Context {
    let id = String::from("x1");
    Context { id, model: String::from("asked"), created_s: 1_767_225_600, stream_usage: true }
}

/// A line for each item of a list.
fn each(path: &Path, write: impl Fn(&str) -> String) -> String {
    list(path).iter().map(|body| write(body) + "\n").collect()
}

fn list(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("the fixture is there");
    let mut cursor = architrave_llm::json::Cursor::new(&text);
    let list = cursor.list(|cursor| Ok(cursor.json()?.as_str().to_owned()));
    list.expect("the fixture is a list")
}

fn request(from: Dialect, to: Dialect, body: &str) -> String {
    let (request, read) = match read_request(from, &Address::default(), body.as_bytes()) {
        Ok(read) => read,
        Err(error) => return format!("wrong: {error}"),
    };
    match write_request((to, &Quirks::default()), &request, &read) {
        Ok(written) => {
            let header = written.losses.header().unwrap_or_default();
            let body = String::from_utf8_lossy(&written.body);
            format!("{} dropped: {header}\n{body}", written.path)
        }
        Err(error) => format!("refused: {error}"),
    }
}

fn stream(from: Dialect, to: Dialect, path: &Path) -> String {
    let bytes = stream_bytes(from, path);
    let mut translation =
        StreamTranslation::new((from, from.framing()), (to, to.framing()), &context());
    let mut out = Vec::new();
    translation.push(&bytes, &mut out);
    translation.end(&mut out);
    let shown = match to.framing() {
        Framing::AwsEvents => reframe(&out, Framing::AwsEvents, Framing::Sse),
        _ => out,
    };
    String::from_utf8(shown).expect("what is written is text")
}

/// The bytes of a stream's fixture. Those of binary framings are kept as server-sent events, so that
/// they can be read.
pub(crate) fn stream_bytes(dialect: Dialect, path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("the fixture is there");
    match dialect.framing() {
        Framing::AwsEvents => reframe(&bytes, Framing::Sse, Framing::AwsEvents),
        _ => bytes,
    }
}

fn reframe(bytes: &[u8], from: Framing, to: Framing) -> Vec<u8> {
    let (mut out, mut writer) = (Vec::new(), FrameWriter::new(to));
    let mut reader = FrameReader::new(from);
    reader.push(bytes, &mut |frame| {
        let frame = frame.expect("the stream is sound");
        if frame.name.ends_with("Exception") {
            writer.exception(&mut out, frame.name, |w| w.json(frame.data));
        } else {
            writer.event(&mut out, frame.name, |w| w.json(frame.data));
        }
    });
    out
}

fn docs(root: &Path) -> String {
    let folder = |dialect: Dialect| root.join("fixtures/llm").join(dialect.name());
    let requests = |dialect| list(&folder(dialect).join("full.json"));
    let replies = |dialect| list(&folder(dialect).join("full_reply.json"));
    matrix::document(&requests, &replies)
}

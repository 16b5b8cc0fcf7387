//! Golden files of what is no chat.

use std::path::{Path, PathBuf};

use architrave_llm::embedding::{self, Wire, Wish};
use architrave_llm::rerank;

use super::{context, each};

pub(super) fn files(root: &Path) -> Vec<(PathBuf, String)> {
    let mut files = embeddings(root);
    files.extend(rankings(root));
    files
}

fn embeddings(root: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for from in Wire::ALL {
        for to in Wire::ALL {
            let folder = root.join("embedding");
            let golden = |what: &str| folder.join(format!("{}{what}.{}", from.name(), to.name()));
            let given = |what: &str| folder.join(format!("{}{what}.json", from.name()));
            files.push((golden(""), each(&given(""), |body| embed(from, to, body))));
            let reply = |body: &str| embed_reply(from, to, body);
            files.push((golden("_reply"), each(&given("_reply"), reply)));
        }
    }
    files
}

fn embed(from: Wire, to: Wire, body: &str) -> String {
    let (request, read) = match embedding::read_request(from, None, body.as_bytes()) {
        Ok(read) => read,
        Err(error) => return format!("wrong: {error}"),
    };
    match embedding::write_requests(to, &request, &read) {
        Ok(written) => {
            let bodies = written.bodies.iter().map(|body| String::from_utf8_lossy(body));
            let header = written.losses.header().unwrap_or_default();
            format!("dropped: {header}\n{}", bodies.collect::<Vec<_>>().join("\n"))
        }
        Err(error) => format!("refused: {error}"),
    }
}

fn embed_reply(from: Wire, to: Wire, body: &str) -> String {
    let wish = Wish {
        wire: to,
        encodings: vec![embedding::Encoding::Float],
        says_encodings: false,
        inputs: body.matches("0.25").count().max(1),
        texts: vec![String::from("a")],
        tokens_estimate: 7,
    };
    match embedding::reply(from, &[body], &wish, &context()) {
        Ok(reply) => String::from_utf8_lossy(&reply.body).into_owned(),
        Err(error) => format!("failed: {error}"),
    }
}

fn rankings(root: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for from in rerank::Wire::ALL {
        for to in rerank::Wire::ALL {
            let folder = root.join("rerank");
            let golden = |what: &str| folder.join(format!("{}{what}.{}", from.name(), to.name()));
            let given = |what: &str| folder.join(format!("{}{what}.json", from.name()));
            files.push((golden(""), each(&given(""), |body| rank(to, body))));
            files.push((golden("_reply"), each(&given("_reply"), |body| rank_reply(to, body))));
        }
    }
    files
}

fn rank(to: rerank::Wire, body: &str) -> String {
    let (request, read) = match rerank::read_request(None, body.as_bytes()) {
        Ok(read) => read,
        Err(error) => return format!("wrong: {error}"),
    };
    match rerank::write_request(to, &request, &read) {
        Ok(written) => {
            let header = written.losses.header().unwrap_or_default();
            format!("dropped: {header}\n{}", String::from_utf8_lossy(&written.body))
        }
        Err(error) => format!("refused: {error}"),
    }
}

fn rank_reply(to: rerank::Wire, body: &str) -> String {
    let wish = rerank::Wish { wire: to, documents: Vec::new() };
    match rerank::reply(body.as_bytes(), &wish, &context()) {
        Ok(reply) => String::from_utf8_lossy(&reply.body).into_owned(),
        Err(error) => format!("failed: {error}"),
    }
}

//! From method and path to the row of the table.
//!
//! Clients are lenient about what stands before the path: the version may be missing, as base URLs
//! have it or not; a family may be named first (`/anthropic/v1/messages`); Azure names the model
//! there; Vertex names project and location before `models/`.

use super::{Asked, Family, Operation, Surface};
use crate::chat::Text;
use crate::dialect::Address;
use crate::segment::{decode, is_name, parameter};

/// Versions of Gemini that there are or were.
const GEMINI_VERSIONS: [&str; 4] = ["/v1beta", "/v1alpha", "/v1beta1", "/v1"];

/// What stands in a pattern for what belongs to a thing that is kept.
const PART: &str = "{part}";

/// What of Vertex's paths is another maker's than Google.
const OF_ANTHROPIC: &str = "/publishers/anthropic/models/";

/// A path with what may stand before it cut off.
#[derive(Debug, Clone, Copy)]
struct Cut<'a> {
    /// Without a family's name.
    whole: &'a str,
    /// Without `/v1`.
    bare: &'a str,
    /// Without the version, if it is one of Gemini's. What OpenAI has on the same path comes first.
    gemini: &'a str,
    /// The family that was named.
    family: Option<Family>,
    /// The deployment that Azure's path names.
    deployment: Option<&'a str>,
}

/// What a request asks for.
pub(super) fn find<'a>(method: &str, path: &'a str, query: &'a str) -> Option<Asked<'a>> {
    // What nearly all requests ask for is found without a search.
    let surface = match (method, path) {
        ("POST", "/v1/chat/completions") => Surface::OpenaiChat,
        ("POST", "/v1/messages") => Surface::AnthropicMessages,
        ("POST", "/v1/responses") => Surface::OpenaiResponses,
        ("POST", "/v1/embeddings") => Surface::OpenaiEmbedding,
        _ => return search(method, path, query),
    };
    Some(Asked { surface, address: Address::default(), id: None, part: None, query, seen: None })
}

/// What a request asks for, looked for row by row.
pub(super) fn search<'a>(method: &str, path: &'a str, query: &'a str) -> Option<Asked<'a>> {
    let cut = cut(path)?;
    // Of what can be got, the head alone can be asked for (RFC 9110 §9.1).
    let is_to_head = method == "HEAD";
    let method = if is_to_head { "GET" } else { method };
    for &surface in Surface::ALL {
        if is_to_head && surface.operation() == Operation::Realtime {
            continue;
        }
        if surface.method() != method || cut.family.is_some_and(|one| one != surface.family()) {
            continue;
        }
        for (place, pattern) in surface.paths().iter().enumerate() {
            if let Some(held) = fits(pattern, &cut) {
                return asked(surface, place == 1, (pattern, held), &cut, query);
            }
        }
    }
    None
}

fn cut(path: &str) -> Option<Cut<'_>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let first = path.strip_prefix('/')?.split('/').next()?;
    let family = Family::of_prefix(first);
    let mut whole = if family.is_some() { &path[first.len() + 1..] } else { path };
    let mut named = family;
    // Gemini's own way to be compatible.
    if let Some(rest) = whole.strip_prefix("/v1beta/openai") {
        (whole, named) = (rest, Some(Family::Openai));
    }
    let mut deployment = None;
    if let Some(rest) =
        whole.strip_prefix("/deployments/").filter(|_| named == Some(Family::Openai))
    {
        let (name, rest) = rest.split_at(rest.find('/')?);
        (deployment, whole) = (Some(name), rest);
    }
    let bare = below(whole, "/v1").unwrap_or(whole);
    let gemini = without_version(whole);
    Some(Cut { whole, bare, gemini, family: named, deployment })
}

fn without_version(path: &str) -> &str {
    GEMINI_VERSIONS.iter().find_map(|version| below(path, version)).unwrap_or(path)
}

/// What of a path is below a prefix of whole elements.
fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    path.strip_prefix(prefix).filter(|rest| rest.starts_with('/'))
}

/// What stands in the place of the braces of a pattern, empty where it has none; nothing where the
/// path is another one.
fn fits<'a>(pattern: &str, cut: &Cut<'a>) -> Option<&'a str> {
    if let Some((_, pattern)) = pattern.split_once(OF_ANTHROPIC) {
        return fits_in(pattern, below_vertex(cut.gemini)?);
    }
    let (pattern, path) = if let Some(pattern) = pattern.strip_prefix("/v1beta") {
        (pattern, cut.gemini)
    } else if let Some(pattern) = pattern.strip_prefix("/upload/v1beta") {
        (pattern, without_version(below(cut.whole, "/upload")?))
    } else if let Some(pattern) = pattern.strip_prefix("/v1/") {
        return fits_in(pattern, cut.bare.strip_prefix('/')?);
    } else {
        (pattern, cut.whole)
    };
    match pattern.strip_prefix("/models/{model}:") {
        // Vertex has more before the collection, and models of one's own have another one.
        Some(method) => {
            let at = path.rfind("/models/").map(|at| at + "/models/".len());
            let held = &path[at.or_else(|| path.rfind("/tunedModels/").map(|at| at + 1))?..];
            held.strip_suffix(method)?.strip_suffix(':').filter(|held| !held.is_empty())
        }
        None => fits_in(pattern, path),
    }
}

/// What Vertex's path says behind project, location and maker.
fn below_vertex(path: &str) -> Option<&str> {
    let (before, held) = path.split_once(OF_ANTHROPIC)?;
    let (project, location) = before.strip_prefix("/projects/")?.split_once("/locations/")?;
    let are_elements = [project, location].iter().all(|it| !it.is_empty() && !it.contains('/'));
    are_elements.then_some(held)
}

fn fits_in<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return (pattern == path).then_some("");
    };
    let (name, after) = rest.split_once('}')?;
    if let Some((between, after)) = after.split_once(PART) {
        let held = path.strip_prefix(before)?.strip_suffix(after)?;
        let (id, part) = held.split_once(between)?;
        let are_elements = [id, part].iter().all(|it| !it.is_empty() && !it.contains('/'));
        return are_elements.then_some(held);
    }
    let held = path.strip_prefix(before)?.strip_suffix(after)?;
    (!held.is_empty() && (name == "model" || !held.contains('/'))).then_some(held)
}

/// What the parts of the path and the query say.
fn asked<'a>(
    surface: Surface,
    is_stream_path: bool,
    (pattern, held): (&str, &'a str),
    cut: &Cut<'a>,
    query: &'a str,
) -> Option<Asked<'a>> {
    let address = Address::default();
    let mut asked = Asked { surface, address, id: None, part: None, query, seen: None };
    let name = |text: &'a str| decode(text).filter(|name| is_name(name));
    if pattern.contains("{id}") {
        // Ids are elements: what stands between one and its part begins with a slash.
        let (id, part) = match (pattern.contains(PART), held.split_once('/')) {
            (true, Some((id, _))) => (id, held.rsplit('/').next()),
            _ => (held, None),
        };
        asked.id = Some(name(id)?);
        asked.part = part.map(|part| name(part).ok_or(())).transpose().ok()?;
        let is_stream = parameter(query, "stream").is_some_and(|word| word == "true");
        asked.address.stream = is_stream.then_some(true);
    } else if surface == Surface::chat(surface.dialect()) {
        asked.address = surface.dialect().address(cut.whole, query)?;
    } else if !held.is_empty() {
        asked.address.model = Some(name(held)?);
        asked.address.stream = is_stream_path.then_some(true);
    }
    if let Some(deployment) = cut.deployment {
        asked.address.model = Some(name(deployment)?);
    }
    if surface == Surface::OpenaiRealtime {
        let named = parameter(query, "model").or_else(|| parameter(query, "deployment"));
        asked.address.model = named.filter(|name: &Text<'_>| !name.is_empty());
        asked.address.stream = Some(true);
    }
    Some(asked)
}

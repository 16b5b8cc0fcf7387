//! Where and how a provider takes what is asked for.
//!
//! The catalogue tells where a provider speaks chat; from there the rest follows by rule: a
//! provider whose chat is at `…/chat/completions` has its embeddings at `…/embeddings`. Whether it
//! has them at all, it says itself.

use super::{Asked, Family, Kept, Operation, Surface, upload};
use crate::call;
use crate::catalog::Route;
use crate::dialect::{Address, Dialect};
use crate::segment::{encode, parameter};

/// Where a provider takes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The surface to speak there. Where it is the one that was asked for, the body goes through as
    /// it came, its model renamed; else it is translated.
    pub surface: Surface,
    /// Path and query below the base URL. Placeholders of the catalogue's paths are in it as they
    /// are.
    pub path: String,
    /// Whether the path starts at the host and not at the base URL's own path.
    pub is_from_root: bool,
    /// Whether the path is one of a deployment, which names the model.
    pub has_model: bool,
}

/// Where a provider that speaks chat at `routes` takes what is asked for; `address` is that of the
/// request with the model's name there, and whether a stream is wanted. Nothing where it has
/// nothing of the kind.
#[must_use]
pub fn reach(routes: &[Route], asked: &Asked<'_>, address: &Address<'_>) -> Option<Reach> {
    let model = address.model.as_deref().unwrap_or_default();
    let ways = ways(routes, asked, model);
    let way = ways.iter().find(|way| way.surface == asked.surface).or(ways.first())?;
    let (surface, route) = (way.surface, way.route);
    let mut path = if surface.operation() == Operation::Chat {
        route.path(address)
    } else if surface == Surface::AnthropicVertexTokenCount {
        route.path.replace("{model}", "count-tokens")
    } else if names_model(route) {
        of_deployment(&route.path, surface, model)?
    } else {
        format!("{}{}", route.path, below(way, asked, address))
    };
    if surface == Surface::OpenaiRealtime {
        path.push_str(if path.contains('?') { "&model=" } else { "?model=" });
        encode(model, &mut path);
        // Another kind of session would begin without it.
        if let Some(intent) = parameter(asked.query, "intent") {
            path.push_str("&intent=");
            encode(&intent, &mut path);
        }
    } else if surface == asked.surface && !surface.operation().is_inference() {
        add_query(surface, asked.query, &mut path);
    }
    let is_from_root = matches!(
        surface,
        Surface::GeminiFileUpload
            | Surface::GeminiLive
            | Surface::GeminiLiveAlpha
            | Surface::GeminiLiveByToken
            | Surface::GeminiLiveToken
    );
    Some(Reach { surface, path, is_from_root, has_model: names_model(route) })
}

/// One way to take a request.
struct Way<'r> {
    surface: Surface,
    route: &'r Route,
}

/// All ways to take a request, those that are liked best first.
fn ways<'r>(routes: &'r [Route], asked: &Asked<'_>, model: &str) -> Vec<Way<'r>> {
    let way = |route: &'r Route| {
        let surface = spoken(asked, route, model)?;
        let is_there = !names_model(route)
            || surface.operation() == Operation::Chat
            || surface == Surface::AnthropicVertexTokenCount
            || (Family::of(route.dialect) == Family::Openai
                && has_deployments(surface.operation()));
        is_there.then_some(Way { surface, route })
    };
    let mut ways: Vec<Way<'_>> = routes.iter().filter_map(way).collect();
    // Whoever can talk can go on with a text.
    if asked.operation() == Operation::Completion {
        let chat = |route: &'r Route| Way { surface: Surface::chat(route.dialect), route };
        ways.extend(routes.iter().map(chat));
    }
    ways
}

/// Whether the path of a route is the whole one of chat, with the model in it.
fn names_model(route: &Route) -> bool {
    route.path.contains("{model}")
}

/// The surface by which a route takes what is asked for.
fn spoken(asked: &Asked<'_>, route: &Route, model: &str) -> Option<Surface> {
    let operation = asked.operation();
    let asked = asked.surface;
    let family = Family::of(route.dialect);
    let is_vertex = route.path.contains("/publishers/");
    match operation {
        // A bare call in the words of the model goes on as it came.
        Operation::Chat
            if asked == Surface::BedrockInvoke
                && family == Family::Bedrock
                && call::is_taken_by(model) =>
        {
            Some(asked)
        }
        Operation::Chat => Some(Surface::chat(route.dialect)),
        Operation::Embedding => match family {
            Family::Openai => Some(Surface::OpenaiEmbedding),
            Family::Gemini if is_vertex => Some(Surface::GeminiPredict),
            Family::Gemini if asked == Surface::GeminiEmbedding => Some(asked),
            Family::Gemini => Some(Surface::GeminiEmbeddings),
            Family::Cohere if asked == Surface::CohereEmbedV1 => Some(asked),
            Family::Cohere => Some(Surface::CohereEmbed),
            Family::Bedrock => Some(Surface::BedrockInvoke),
            Family::Anthropic => None,
        },
        Operation::Rerank => match family {
            Family::Openai => Some(Surface::CohereRerankV1),
            Family::Cohere if asked == Surface::CohereRerankV1 => Some(asked),
            Family::Cohere => Some(Surface::CohereRerank),
            Family::Bedrock if model.contains("rerank") => Some(Surface::BedrockInvoke),
            _ => None,
        },
        Operation::TokenCount => match family {
            Family::Openai if route.dialect != Dialect::OpenaiResponses => None,
            Family::Openai => Some(Surface::OpenaiTokenCount),
            Family::Anthropic if is_vertex => Some(Surface::AnthropicVertexTokenCount),
            Family::Anthropic => Some(Surface::AnthropicTokenCount),
            Family::Gemini => Some(Surface::GeminiTokenCount),
            Family::Bedrock => Some(Surface::BedrockTokenCount),
            Family::Cohere => None,
        },
        Operation::ModelList | Operation::ModelGet => None,
        _ if family != asked.family() => None,
        Operation::ReplyGet
        | Operation::ReplyDelete
        | Operation::ReplyCancel
        | Operation::ReplyInputs
        | Operation::ReplyCompact => (route.dialect == Dialect::OpenaiResponses).then_some(asked),
        // What was said in them, answers alone go on from.
        operation if operation.kept() == Some(Kept::Conversation) => {
            (route.dialect == Dialect::OpenaiResponses).then_some(asked)
        }
        operation if is_vertex && operation.kept().is_some() => None,
        Operation::Invoke if asked == Surface::GeminiPredict && !is_vertex => None,
        // There it has another path and other names of models.
        Operation::Realtime | Operation::RealtimeKey if is_vertex => None,
        _ => Some(asked),
    }
}

/// Whether Azure has the operation by deployment; the rest of its is below `/openai/v1`.
fn has_deployments(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Completion
            | Operation::Embedding
            | Operation::ImageGeneration
            | Operation::ImageEdit
            | Operation::Speech
            | Operation::Transcription
            | Operation::SpeechTranslation
    )
}

/// The path of chat with a deployment, made one of another surface.
fn of_deployment(path: &str, surface: Surface, model: &str) -> Option<String> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let before = path.strip_suffix("/chat/completions")?;
    let mut element = String::new();
    encode(model, &mut element);
    let end = surface.paths()[0].strip_prefix("/v1").unwrap_or_default();
    let mark = if query.is_empty() { "" } else { "?" };
    Some(format!("{}{end}{mark}{query}", before.replace("{model}", &element)))
}

/// The path of a surface below what stands in the route.
fn below(way: &Way<'_>, asked: &Asked<'_>, address: &Address<'_>) -> String {
    let pattern = match (address.stream, way.surface.paths()) {
        (Some(true), [_, stream]) => stream,
        (_, paths) => paths[0],
    };
    // There the route has the version, and the path of chat does not.
    let pattern = match Family::of(way.route.dialect) {
        Family::Openai => pattern.strip_prefix("/v1").unwrap_or(pattern),
        Family::Gemini => pattern.strip_prefix("/v1beta").unwrap_or(pattern),
        Family::Anthropic | Family::Cohere | Family::Bedrock => pattern,
    };
    let mut path = String::with_capacity(pattern.len() + 32);
    let Some((before, rest)) = pattern.split_once('{') else { return pattern.to_owned() };
    let (name, after) = rest.split_once('}').unwrap_or((rest, ""));
    let model = address.model.as_deref().unwrap_or_default();
    match (name, way.surface.family()) {
        ("id", _) => {
            path.push_str(before);
            encode(asked.id.as_deref().unwrap_or_default(), &mut path);
            if let Some((between, after)) = after.split_once("{part}") {
                path.push_str(between);
                encode(asked.part.as_deref().unwrap_or_default(), &mut path);
                path.push_str(after);
                return path;
            }
        }
        (_, Family::Gemini) => {
            path.push('/');
            let (collection, model) = gemini_model(model);
            path.push_str(collection);
            encode(model, &mut path);
        }
        _ => {
            path.push_str(before);
            encode(model, &mut path);
        }
    }
    path.push_str(after);
    path
}

/// Adds the parameters of a query that are meant for the provider: not what SDKs show their key
/// with, nor the version that the route has itself, nor what the gateway's own links say.
fn add_query(surface: Surface, query: &str, path: &mut String) {
    let has_tickets = surface == Surface::GeminiFileUpload;
    let is_ours = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        matches!(name, "" | "key" | "api-version") || (has_tickets && upload::is_ticket(name))
    };
    for pair in query.split('&').filter(|pair| !is_ours(pair)) {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(pair);
    }
}

/// The collection of a model of Gemini's, as in names and paths, and its name there.
pub(crate) fn gemini_model(name: &str) -> (&'static str, &str) {
    let tuned = "tunedModels/";
    match name.strip_prefix(tuned) {
        Some(name) => (tuned, name),
        None => ("models/", name.strip_prefix("models/").unwrap_or(name)),
    }
}

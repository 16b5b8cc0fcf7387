//! The reply to a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::check::{ChatModel, check};
use super::draw::{Draw, of_text};
use super::{Mock, logprob, sample, token, usage, words};
use crate::chat::{
    ChatError, ChatReply, ChatRequest, Choice, Content, Effort, Finish, Maker, OutputFormat,
    ReasoningPart, ReasoningShown, Signature, Text, TextPart, Tool, ToolCall, ToolChoice, ToolKind,
};
use crate::dialect::{Context, Dialect};
use crate::json::{Writer, is_object};

/// Tokens of an answer where no limit is asked for, or a higher one: what most models have.
const TOKENS_MAX: u64 = 16_384;
/// How much of the user's text stands in an argument.
const ARGUMENT_CHARACTERS_MAX: usize = 64;
/// The word of the user that has all tools called.
const PARALLEL: &str = "parallel";
/// What is thought; more of it for more effort.
const THOUGHTS: [&str; 4] = [
    "The last message is what counts.",
    " Nothing in it has to be looked up.",
    " There are settings that say what to answer.",
    " They leave nothing to choose, so that is the answer.",
];

/// A request that has been judged, and who is to answer it.
struct Turn<'t> {
    mock: &'t Mock,
    model: ChatModel,
    request: &'t ChatRequest<'t>,
    dialect: Dialect,
    context: &'t Context,
}

/// An answer being made, and what of its limit is left.
#[derive(Default)]
struct Draft {
    choice: Choice<'static>,
    left: u64,
    output: u64,
    reasoning: u64,
    is_cut: bool,
}

impl Draft {
    /// Cuts a text to what is left, and tells how many tokens it has then.
    fn spend(&mut self, text: &mut String) -> u64 {
        let (tokens, is_cut) = token::cut(text, self.left);
        self.left -= tokens;
        self.is_cut |= is_cut;
        tokens
    }

    /// Whether the limit lets nothing more be said.
    fn is_over(&self) -> bool {
        self.is_cut || self.left == 0
    }

    fn say(&mut self, content: Content<'static>) {
        self.choice.parts.push(content.into());
    }
}

pub(super) fn reply(
    mock: &Mock,
    request: &ChatRequest<'_>,
    dialect: Dialect,
    context: &Context,
) -> Result<ChatReply<'static>, ChatError> {
    let model = check(request, dialect)?;
    let turn = Turn { mock, model, request, dialect, context };
    let mut used = usage::of_prompt(request, dialect);
    let mut choices = Vec::new();
    for index in 0..request.output.choices.unwrap_or(1) as u32 {
        let answer = turn.answer(index);
        used.output += answer.output;
        used.reasoning += answer.reasoning;
        choices.push(answer.choice);
    }
    Ok(ChatReply {
        model: Some(Text::Owned(request.model.as_ref().to_owned())),
        choices,
        usage: Some(used),
        ..ChatReply::default()
    })
}

impl Turn<'_> {
    fn answer(&self, choice: u32) -> Draft {
        let left = self.request.output.tokens_max.unwrap_or(TOKENS_MAX).min(TOKENS_MAX);
        let mut draft = Draft { left, ..Draft::default() };
        if let Some(mut thought) = self.thought() {
            draft.reasoning = draft.spend(&mut thought);
            draft.say(self.reasoning(&thought));
        }
        let calls = self.calls(choice, draft.choice.parts.len());
        let finish = match calls.is_empty() {
            true => self.speak(&mut draft),
            false => call(&mut draft, calls),
        };
        draft.choice.finish = Some(if draft.is_cut { Finish::Length } else { finish });
        draft
    }

    /// Adds the text of the answer.
    fn speak(&self, draft: &mut Draft) -> Finish {
        if draft.is_over() {
            draft.is_cut = true;
            return Finish::Length;
        }
        let mut text = self.text();
        let stop_text = stop(&mut text, &self.request.output.stop);
        draft.output += draft.spend(&mut text);
        draft.choice.logprobs = logprob::of(&text, &self.request.output);
        draft.choice.stop_text = stop_text.filter(|_| !draft.is_cut);
        draft.say(Content::Text(TextPart { text: text.into(), citations: Vec::new() }));
        if draft.choice.stop_text.is_some() { Finish::StopText } else { Finish::Stop }
    }

    /// What the model thinks, where it does.
    fn thought(&self) -> Option<String> {
        let options = &self.request.reasoning;
        let is_off = options.effort == Some(Effort::None) || options.tokens_max == Some(0);
        if self.model != ChatModel::Reasoning || is_off {
            return None;
        }
        let effort = options.effort.or_else(|| options.tokens_max.map(Effort::of_tokens));
        let length = match effort.unwrap_or(Effort::Medium) {
            Effort::None | Effort::Minimal => 1,
            Effort::Low => 2,
            Effort::Medium => 3,
            Effort::High | Effort::ExtraHigh | Effort::Max => 4,
        };
        Some(THOUGHTS[..length].concat())
    }

    fn reasoning(&self, thought: &str) -> Content<'static> {
        let is_hidden = self.request.reasoning.shown == Some(ReasoningShown::Hidden);
        let text = if is_hidden { String::new() } else { thought.to_owned() };
        let mut part = ReasoningPart { text: text.into(), ..ReasoningPart::default() };
        let value = Some(self.signature(thought));
        // OpenAI gives the thought itself to keep, others prove it.
        match self.dialect {
            Dialect::OpenaiResponses => part.encrypted = value,
            _ => part.signature = value,
        }
        Content::Reasoning(part)
    }

    /// A signature as the dialect's own provider would make one.
    fn signature(&self, of: &str) -> Signature<'static> {
        let maker = match self.dialect {
            Dialect::OpenaiResponses => Maker::Openai,
            Dialect::AnthropicMessages | Dialect::BedrockConverse => Maker::Anthropic,
            Dialect::GeminiGenerateContent => Maker::Google,
            Dialect::OpenaiChat | Dialect::CohereChat => Maker::Other,
        };
        let mut draw = Draw::new(of_text(of));
        let bytes: Vec<u8> = (0..6).flat_map(|_| draw.next().to_be_bytes()).collect();
        Signature { maker, value: STANDARD.encode(bytes).into() }
    }

    /// The calls that the answer makes, `from` parts being before them.
    fn calls(&self, choice: u32, from: usize) -> Vec<ToolCall<'static>> {
        let tooling = &self.request.tooling;
        let is_demanded = matches!(
            tooling.choice,
            Some(
                ToolChoice::Required
                    | ToolChoice::Named(_)
                    | ToolChoice::Allowed { is_required: true, .. }
            )
        );
        let calls_any = self.model == ChatModel::Tools || is_demanded;
        let is_answered = !words::new_results(self.request).is_empty();
        if !calls_any || is_answered || tooling.choice == Some(ToolChoice::None) {
            return Vec::new();
        }
        let said = words::last_said(self.request);
        let wants_all = said.to_lowercase().contains(PARALLEL) && tooling.parallel != Some(false);
        let count = if wants_all { tooling.tools.len() } else { 1 };
        let tools = tooling.tools.iter().filter(|tool| self.may_call(tool)).take(count);
        let word: String = said.chars().take(ARGUMENT_CHARACTERS_MAX).collect();
        let calls = (from as u32..).zip(tools).map(|(part, tool)| ToolCall {
            id: self.context.call_id(choice, part).into(),
            name: Text::Owned(tool.name.as_ref().to_owned()),
            arguments: arguments(&tool.kind, &word).into(),
            is_free_form: matches!(tool.kind, ToolKind::FreeForm { .. }),
            // Google's models sign the first call of a turn.
            signature: (part == from as u32 && self.signs_calls())
                .then(|| self.signature(&tool.name)),
        });
        calls.collect()
    }

    fn signs_calls(&self) -> bool {
        self.model == ChatModel::Reasoning && self.dialect == Dialect::GeminiGenerateContent
    }

    /// Whether a tool is one that the client runs, and may be called.
    fn may_call(&self, tool: &Tool<'_>) -> bool {
        let is_allowed = match &self.request.tooling.choice {
            Some(ToolChoice::Named(name)) => *name == tool.name,
            Some(ToolChoice::Allowed { names, .. }) => names.contains(&tool.name),
            _ => true,
        };
        is_allowed && !matches!(tool.kind, ToolKind::ProviderOnly(_))
    }

    /// The text of the answer, in the format that is asked for.
    fn text(&self) -> String {
        let is_answered = !words::new_results(self.request).is_empty();
        let words = if self.model == ChatModel::Tools && is_answered {
            words::quote(self.request)
        } else {
            words::words(self.mock, self.model, self.request)
        };
        match &self.request.output.format {
            None | Some(OutputFormat::Text) => words,
            // Words that are JSON have been chosen for this.
            Some(_) if self.model != ChatModel::Echo && is_object(&words) => words,
            Some(OutputFormat::Json) => {
                let mut out = Vec::new();
                Writer::new(&mut out).object(|w| w.text_field("text", Some(&words)));
                String::from_utf8(out).unwrap_or_default()
            }
            Some(OutputFormat::Schema { schema, .. }) => sample::of_schema(schema.as_str(), &words),
        }
    }
}

/// Adds calls, as many as the limit lets; the last one may have half its arguments then.
fn call(draft: &mut Draft, calls: Vec<ToolCall<'static>>) -> Finish {
    for mut call in calls {
        if draft.is_over() {
            draft.is_cut = true;
            break;
        }
        let mut arguments = call.arguments.into_owned();
        draft.output += draft.spend(&mut arguments);
        call.arguments = arguments.into();
        draft.say(Content::ToolCall(call));
    }
    Finish::ToolCalls
}

fn arguments(kind: &ToolKind<'_>, word: &str) -> String {
    match kind {
        ToolKind::Function { schema: Some(schema), .. } => sample::of_schema(schema.as_str(), word),
        ToolKind::Function { schema: None, .. } | ToolKind::ProviderOnly(_) => "{}".to_owned(),
        ToolKind::FreeForm { .. } => word.to_owned(),
    }
}

/// Ends a text before the first of the stop texts in it, which is returned.
fn stop(text: &mut String, stops: &[Text<'_>]) -> Option<Text<'static>> {
    let found = stops.iter().filter(|stop| !stop.is_empty());
    let found = found.filter_map(|stop| Some((text.find(stop.as_ref())?, stop)));
    let (at, stop) = found.min_by_key(|(at, _)| *at)?;
    let stop = stop.as_ref().to_owned();
    text.truncate(at);
    Some(stop.into())
}

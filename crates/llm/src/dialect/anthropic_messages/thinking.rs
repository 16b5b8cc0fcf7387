//! How much the model reasons, in Anthropic's words: `thinking` and, beside it, effort.
//!
//! Claude takes them at Bedrock, too, in the fields that are the model's own there.
//!
//! It refuses some of what other models take together: reasoning with tokens drawn in another way
//! than its own, with a tool that must be called, and over a history whose thoughts were left out.
//! One of both is left out then.

use std::borrow::Cow;

use super::says::taken;
use crate::chat::{
    ChatRequest, Content, Effort, ReasoningOptions, ReasoningShown, Role, Sampling, ToolChoice,
};
use crate::dialect::Quirks;
use crate::field::{Field, FieldSet};
use crate::json::{Cursor, JsonError, Writer};

/// Fewer tokens of reasoning are refused.
const TOKENS_MIN: u64 = 1_024;

/// What is said of reasoning.
#[derive(Debug)]
pub(in crate::dialect) struct Thinking {
    kind: Option<&'static str>,
    display: Option<&'static str>,
    /// Tokens of reasoning at most; they count as output.
    pub(in crate::dialect) budget: Option<u64>,
    /// The effort to say in `output_config`.
    pub(in crate::dialect) effort: Option<&'static str>,
}

impl Thinking {
    /// What to say of the reasoning that a request asks for.
    pub(in crate::dialect) fn of(request: &ChatRequest<'_>, quirks: &Quirks) -> Self {
        let ReasoningOptions { effort, tokens_max: asked, is_adaptive, shown } = request.reasoning;
        let is_off = effort == Some(Effort::None) || asked == Some(0);
        let by_effort = quirks.reasoning_by_effort || is_adaptive;
        // A number of tokens must fit under the limit of the output, whatever it stands for, and
        // where none can there is no reasoning.
        let limit = request.output.tokens_max;
        let room = limit.map_or(u64::MAX, |limit| limit.saturating_sub(1));
        let wanted = asked.map(|tokens| tokens.max(TOKENS_MIN)).or(effort.map(Effort::tokens));
        let budget = wanted.map(|tokens| tokens.min(room)).filter(|tokens| *tokens >= TOKENS_MIN);
        let is_forced = forces_tool(request);
        let budget = budget.filter(|_| !by_effort && !is_off && !is_forced);
        let budget = budget.filter(|_| !lacks_thought(request));
        let wants = by_effort && (is_adaptive || effort.is_some() || asked.is_some());
        let wants = wants && !is_forced;
        let kind = match (is_off, budget) {
            (true, _) => Some("disabled"),
            (_, Some(_)) => Some("enabled"),
            _ => wants.then_some("adaptive"),
        };
        let display = shown.filter(|_| !is_off && kind.is_some()).map(|shown| match shown {
            ReasoningShown::Hidden => "omitted",
            _ => "summarized",
        });
        let effort = effort.or_else(|| asked.map(Effort::of_tokens));
        let effort = effort.filter(|_| by_effort && !is_off).map(|effort| match effort {
            Effort::None | Effort::Minimal => "low",
            effort => effort.as_str(),
        });
        Self { kind, display, budget, effort }
    }

    /// The options by which tokens are drawn that go along.
    pub(in crate::dialect) fn sampling<'s, 'a>(
        &self,
        sampling: Cow<'s, Sampling<'a>>,
    ) -> Cow<'s, Sampling<'a>> {
        let refused = self.refused(&sampling);
        if refused == FieldSet::default() {
            return sampling;
        }
        let mut sampling = sampling.into_owned();
        sampling.temperature.take_if(|_| refused.has(Field::Temperature));
        sampling.top_p.take_if(|_| refused.has(Field::TopP));
        sampling.top_k.take_if(|_| refused.has(Field::TopK));
        Cow::Owned(sampling)
    }

    /// Which of them may not: beside reasoning, all that is not Claude's own way.
    fn refused(&self, sampling: &Sampling<'_>) -> FieldSet<Field> {
        let is_on = matches!(self.kind, Some("enabled" | "adaptive"));
        let mut fields = FieldSet::default();
        let own = |text: &str| matches!(text, "1" | "1.0");
        let temperature = sampling.temperature.as_ref().map(|number| number.as_str());
        fields.add_if(Field::Temperature, is_on && temperature.is_some_and(|text| !own(text)));
        let is_near_one = |text: &str| {
            let digits = text.strip_prefix("0.").or(text.strip_prefix("."));
            own(text) || digits.is_some_and(|digits| digits >= "95" && !digits.contains(['e', 'E']))
        };
        let top_p = sampling.top_p.as_ref().map(|number| number.as_str());
        fields.add_if(Field::TopP, is_on && top_p.is_some_and(|text| !is_near_one(text)));
        fields.add_if(Field::TopK, is_on && sampling.top_k.is_some());
        fields
    }

    /// What of a request is left out for what else it says, or said by another number.
    pub(in crate::dialect) fn left_out(
        &self,
        request: &ChatRequest<'_>,
        quirks: &Quirks,
    ) -> FieldSet<Field> {
        let ReasoningOptions { effort, tokens_max: asked, is_adaptive, shown: _ } =
            request.reasoning;
        let is_off = effort == Some(Effort::None) || asked == Some(0);
        let mut fields = self.refused(&quirks.sampling(&request.sampling));
        let is_effort_said = self.effort.is_some() || (self.kind.is_some() && asked.is_none());
        let wants_effort = effort.is_some_and(|effort| effort != Effort::None);
        fields.add_if(Field::ReasoningEffort, wants_effort && !is_effort_said);
        let is_number_said =
            self.effort.is_some() || self.budget == asked || self.kind == Some("adaptive");
        fields.add_if(Field::ReasoningTokens, asked.is_some() && !is_off && !is_number_said);
        fields.add_if(Field::ReasoningAdaptive, is_adaptive && !is_off && self.kind.is_none());
        fields
    }

    /// Whether nothing is said.
    pub(in crate::dialect) fn is_silent(&self) -> bool {
        self.kind.is_none() && self.effort.is_none()
    }

    /// Writes `thinking`, where there is anything to say.
    pub(in crate::dialect) fn write(&self, w: &mut Writer<'_>) {
        let Some(kind) = self.kind else { return };
        w.key("thinking").object(|w| {
            w.key("type").text(kind);
            w.count_field("budget_tokens", self.budget);
            w.text_field("display", self.display);
        });
    }
}

/// Whether a tool must be called: Claude does not reason before such a call.
fn forces_tool(request: &ChatRequest<'_>) -> bool {
    let tooling = &request.tooling;
    let is_forced = matches!(
        tooling.choice,
        Some(
            ToolChoice::Required
                | ToolChoice::Named(_)
                | ToolChoice::Allowed { is_required: true, .. }
        )
    );
    is_forced && !tooling.tools.is_empty()
}

/// Whether the turn that the model is in has called tools without a thought of its own that could be
/// shown to it: a number of tokens to reason by is refused then.
fn lacks_thought(request: &ChatRequest<'_>) -> bool {
    let is_result = |content: &Content<'_>| matches!(content, Content::ToolResult(_));
    let mut messages = request.messages.iter().rev();
    let mut turn = messages.by_ref().take_while(|message| {
        let is_spoken = matches!(message.role, Role::Assistant | Role::System | Role::Developer);
        is_spoken || message.parts.iter().any(|part| is_result(&part.content))
    });
    let (mut has_call, mut has_thought) = (false, false);
    for part in turn.by_ref().flat_map(|message| &message.parts) {
        match &part.content {
            Content::ToolCall(_) => has_call = true,
            Content::Reasoning(thought) => {
                let taken = taken(thought);
                has_thought |= taken.signature || taken.encrypted;
            }
            _ => {}
        }
    }
    has_call && !has_thought
}

/// Reads `thinking`.
pub(in crate::dialect) fn read(
    cursor: &mut Cursor<'_>,
    options: &mut ReasoningOptions,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "type" => match cursor.text()?.as_ref() {
                "disabled" => options.tokens_max = Some(0),
                "adaptive" => options.is_adaptive = true,
                _ => {}
            },
            "budget_tokens" => options.tokens_max = cursor.maybe(Cursor::count)?,
            "display" => {
                let is_hidden = cursor.text()? == "omitted";
                let shown = if is_hidden { ReasoningShown::Hidden } else { ReasoningShown::Auto };
                options.shown = Some(shown);
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

/// Reads the effort that stands in `output_config`.
pub(in crate::dialect) fn read_effort(cursor: &mut Cursor<'_>) -> Result<Effort, JsonError> {
    let effort = Effort::parse(&cursor.text()?);
    effort.ok_or_else(|| cursor.wrong("must be low, medium, high, xhigh or max"))
}

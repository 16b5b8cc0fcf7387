//! How much the model reasons, in Anthropic's words: `thinking` and, beside it, effort.
//!
//! Claude takes them at Bedrock, too, in the fields that are the model's own there.

use crate::chat::{Effort, ReasoningOptions, ReasoningShown};
use crate::dialect::Quirks;
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
    /// What to say where the output has that limit.
    pub(in crate::dialect) fn of(
        reasoning: &ReasoningOptions,
        tokens_max: Option<u64>,
        quirks: &Quirks,
    ) -> Self {
        let ReasoningOptions { effort, tokens_max: asked, is_adaptive, shown } = *reasoning;
        let is_off = effort == Some(Effort::None) || asked == Some(0);
        let by_effort = quirks.reasoning_by_effort || is_adaptive;
        // A number that was asked for is sent as it is, and the provider judges it; one that stands
        // for effort must fit under the limit, and where it cannot there is no reasoning.
        let room = tokens_max.map_or(u64::MAX, |limit| limit.saturating_sub(1));
        let fitting = effort.map(|effort| effort.tokens().min(room));
        let budget = asked.or(fitting.filter(|tokens| *tokens >= TOKENS_MIN));
        let budget = budget.filter(|_| !by_effort && !is_off);
        let wants = by_effort && (is_adaptive || effort.is_some() || asked.is_some());
        let kind = match (is_off, budget) {
            (true, _) => Some("disabled"),
            (_, Some(_)) => Some("enabled"),
            _ => wants.then_some("adaptive"),
        };
        let display = shown.filter(|_| !is_off).map(|shown| match shown {
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

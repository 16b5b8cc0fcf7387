//! `thinkingConfig`: by tokens, or in words for models that choose their tokens themselves.

use crate::chat::{Effort, ReasoningOptions, ReasoningShown};
use crate::dialect::Quirks;
use crate::json::{Cursor, JsonError, Writer};

/// The most that every model takes; only what stands for effort is held to it.
const TOKENS_MAX: u64 = 24_576;

pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<ReasoningOptions, JsonError> {
    let mut options = ReasoningOptions::default();
    cursor.object(|cursor, name| {
        match name {
            "thinkingBudget" | "thinking_budget" => {
                let budget = cursor.maybe(Cursor::number)?;
                options.is_adaptive = budget.as_ref().is_some_and(|one| one.as_str() == "-1");
                options.tokens_max = budget.and_then(|budget| budget.as_u64());
            }
            "thinkingLevel" | "thinking_level" => {
                let word = cursor.maybe(Cursor::text)?.unwrap_or_default().to_ascii_lowercase();
                options.effort = Effort::parse(&word);
            }
            "includeThoughts" | "include_thoughts" => {
                options.shown = cursor.maybe(Cursor::truth)?.map(|is_shown| {
                    if is_shown { ReasoningShown::Auto } else { ReasoningShown::Hidden }
                });
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    // Where others show what they were told to think, Google hides it.
    if shows_elsewhere(&options) {
        options.shown = options.shown.or(Some(ReasoningShown::Hidden));
    }
    Ok(options)
}

/// Whether those who ask for reasoning in this way are shown it by default.
fn shows_elsewhere(options: &ReasoningOptions) -> bool {
    options.is_adaptive || options.tokens_max.is_some_and(|tokens| tokens > 0)
}

pub(super) fn write(options: &ReasoningOptions, quirks: &Quirks, w: &mut Writer<'_>) {
    let ReasoningOptions { effort, tokens_max, is_adaptive, shown } = *options;
    if *options == ReasoningOptions::default() {
        return;
    }
    let is_off = effort == Some(Effort::None) || tokens_max == Some(0);
    let is_shown = match shown {
        Some(shown) => Some(shown != ReasoningShown::Hidden),
        None => shows_elsewhere(options).then_some(true),
    };
    w.key("thinkingConfig").object(|w| {
        if quirks.reasoning_by_effort {
            let effort = effort.or_else(|| tokens_max.map(Effort::of_tokens));
            w.text_field("thinkingLevel", effort.map(level));
        } else if is_adaptive {
            w.key("thinkingBudget").json("-1");
        } else {
            let by_effort = effort.map(|effort| effort.tokens().min(TOKENS_MAX));
            w.count_field("thinkingBudget", tokens_max.or(by_effort));
        }
        w.truth_field("includeThoughts", is_shown.filter(|_| !is_off));
    });
}

/// The levels that there are; these models cannot be told not to think.
fn level(effort: Effort) -> &'static str {
    match effort {
        Effort::None => "minimal",
        Effort::ExtraHigh | Effort::Max => "high",
        effort => effort.as_str(),
    }
}

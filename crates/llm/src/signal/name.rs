//! Names of headers that tell limits, taken apart: what is counted, what is said of it, in which
//! window.
//!
//! | who | names |
//! | --- | --- |
//! | OpenAI, Azure, Groq, Together, NVIDIA, … | `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, `-project-tokens` |
//! | Mistral, Cerebras, Nous | the same with `-minute`, `-hour`, `-day`, `-month` behind, requests also as `req` |
//! | Mistral before | `x-ratelimitbysize-{limit,remaining,reset}-…`, `ratelimitbysize-…`: tokens |
//! | Fireworks | `x-ratelimit-…-tokens-prompt`, `-tokens-generated` |
//! | Together | `x-ratelimit-{limit,remaining,reset}`: requests; `x-tokenlimit-…`: tokens |
//! | OpenRouter, GitHub, Hugging Face, … | `x-ratelimit-{limit,remaining,reset}`: requests |
//! | Anthropic | `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}` |
//! | drafts of the IETF | `ratelimit-{limit,remaining,reset}`: requests |

use super::quota::Counted;

/// What a header says of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Limit,
    Remaining,
    Reset,
}

/// A name taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'n> {
    pub(super) counted: Counted,
    pub(super) said: Said,
    /// What tells the window apart from others: the family, and what stands behind.
    pub(super) window: (&'static str, &'n str),
}

impl<'n> Name<'n> {
    /// The name, in lower case, taken apart; none where it is of no limit.
    pub(super) fn of(name: &'n str) -> Option<Self> {
        if let Some(rest) = name.strip_prefix("anthropic-ratelimit-") {
            let (counted, said) = rest.rsplit_once('-')?;
            return Self::with("anthropic", counted, said);
        }
        for (family, prefix) in [
            ("size", "x-ratelimitbysize-"),
            ("bare size", "ratelimitbysize-"),
            ("tokens", "x-tokenlimit-"),
        ] {
            if let Some(rest) = name.strip_prefix(prefix) {
                let (said, window) = rest.split_once('-').unwrap_or((rest, ""));
                let said = Said::of(said)?;
                return Some(Self { counted: Counted::Tokens, said, window: (family, window) });
            }
        }
        for (family, prefix) in [("x", "x-ratelimit-"), ("bare", "ratelimit-")] {
            if let Some(rest) = name.strip_prefix(prefix) {
                let (said, counted) = rest.split_once('-').unwrap_or((rest, ""));
                return Self::with(family, counted, said);
            }
        }
        None
    }

    fn with(family: &'static str, counted: &'n str, said: &str) -> Option<Self> {
        let said = Said::of(said)?;
        let window = (family, counted);
        let counted = match counted {
            "tokens-prompt" | "input-tokens" => Counted::InputTokens,
            "tokens-generated" | "output-tokens" => Counted::OutputTokens,
            // The same prompts, counted by another measure.
            "tokens-cache-adjusted-prompt" => return None,
            "" => Counted::Requests,
            _ if counted.starts_with("req") => Counted::Requests,
            _ if counted.starts_with("tokens") || counted == "project-tokens" => Counted::Tokens,
            _ => return None,
        };
        Some(Self { counted, said, window })
    }
}

impl Said {
    fn of(word: &str) -> Option<Self> {
        match word {
            "limit" => Some(Self::Limit),
            "remaining" => Some(Self::Remaining),
            "reset" => Some(Self::Reset),
            _ => None,
        }
    }
}

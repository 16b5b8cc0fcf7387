//! `guardrail`: what may not be said to models or by them: words, patterns, personal data.
//!
//! It has nothing to do with heads: who asks the models shows it what is said, in both directions.
//! Whole bodies are seen through where their texts stand ([`Guards::see_request`],
//! [`Guards::see_reply`]), streams event by event ([`Guards::reply_guard`]).

mod body;
mod charset;
mod encoded;
mod findings;
mod json_screen;
mod keywords;
mod masker;
mod pattern;
mod personal;
mod reply_guard;
mod screen;
mod sought;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use architrave_config::policy as config;
use architrave_config::policy::guardrail::GuardrailAction;
use architrave_llm::chat::{ChatError, ErrorKind};
use ring::digest::{SHA256, digest};
use smallvec::SmallVec;

use crate::registry::{Build, Site};
use body::Side;
use findings::Findings;
use keywords::Keywords;
use pattern::Pattern;
use sought::Sought;

pub(crate) use findings::AllFindings;
pub use findings::Counted;
pub use masker::{Found, Masker};
pub use pattern::MATCH_BYTES_MAX;
pub use reply_guard::ReplyGuard;

/// The policy, ready to run.
#[derive(Debug)]
pub struct Guardrail {
    rules: Arc<Rules>,
    on_request: bool,
    on_response: bool,
}

/// What is sought, and what is done about what is found.
#[derive(Debug)]
pub(crate) struct Rules {
    sought: Vec<Sought>,
    mask: String,
    refuses: bool,
    /// The same for the same rules.
    fingerprint: u64,
    /// How often something was found.
    findings: Arc<Findings>,
}

/// The guardrails that see through one exchange, in order. Cheap to make; none, mostly.
#[derive(Clone, Debug, Default)]
pub struct Guards {
    on_request: SmallVec<[Arc<Rules>; 2]>,
    on_response: SmallVec<[Arc<Rules>; 2]>,
    /// Whether one of them has put something else in the place of a text that was here whole.
    has_masked: Option<Arc<AtomicBool>>,
}

impl Build<config::Guardrail> for Guardrail {
    fn build(config: &config::Guardrail, site: &Site<'_>) -> Self {
        let findings = site.ground.limiters.findings().of(&site.identity);
        let rules = Arc::new(Rules::new(config, findings));
        Self { rules, on_request: config.on_request, on_response: config.on_response }
    }
}

impl Rules {
    fn new(config: &config::Guardrail, findings: Arc<Findings>) -> Self {
        let mut sought = Vec::new();
        if !config.keywords.is_empty() {
            sought
                .push(Sought::Keywords(Keywords::new(config.keywords.iter().map(String::as_str))));
        }
        let patterns = config.patterns.iter().map(|pattern| Pattern::new(pattern.0.clone()));
        let personal = config.personal_data.iter().flat_map(|kind| personal::patterns(*kind));
        sought.extend(patterns.chain(personal).map(|pattern| Sought::Pattern(Box::new(pattern))));
        Self {
            sought,
            mask: config.mask.clone(),
            refuses: config.action == GuardrailAction::Refuse,
            fingerprint: fingerprint(config),
            findings,
        }
    }
}

impl Guards {
    /// Those of a list of declarations, which no route stands behind: nobody asks what they found.
    #[must_use]
    pub fn of(configs: &[config::Guardrail]) -> Self {
        let mut guards = Self::default();
        for config in configs {
            let rules = Arc::new(Rules::new(config, Arc::default()));
            let (on_request, on_response) = (config.on_request, config.on_response);
            guards.add(&Guardrail { rules, on_request, on_response });
        }
        guards
    }

    /// Adds a guardrail behind those that there are.
    pub(crate) fn add(&mut self, guardrail: &Guardrail) {
        self.has_masked.get_or_insert_default();
        if guardrail.on_request {
            self.on_request.push(Arc::clone(&guardrail.rules));
        }
        if guardrail.on_response {
            self.on_response.push(Arc::clone(&guardrail.rules));
        }
    }

    /// Whether requests are looked at.
    #[must_use]
    pub fn looks_at_requests(&self) -> bool {
        !self.on_request.is_empty()
    }

    /// Whether replies are looked at.
    #[must_use]
    pub fn looks_at_replies(&self) -> bool {
        !self.on_response.is_empty()
    }

    /// The body of a request with its texts masked; `None` where it goes on as it is. The body is
    /// JSON of bounded depth: it has been scanned.
    ///
    /// # Errors
    /// What was found, where that is refused; the answer is [`refusal`].
    pub fn see_request(&self, body: &str) -> Result<Option<Vec<u8>>, Found> {
        self.noted(see(&self.on_request, body, Side::Request))
    }

    /// The body of a whole reply with its texts masked; `None` where it goes on as it is.
    ///
    /// # Errors
    /// What was found, where that is refused; the answer is [`refusal`]. [`Found::TOO_DEEP`] where
    /// nobody can say what is in it, which is the fault of who made it.
    pub fn see_reply(&self, body: &str) -> Result<Option<Vec<u8>>, Found> {
        self.noted(see(&self.on_response, body, Side::Reply))
    }

    /// Whether what a part of a form holds is text, by its name.
    #[must_use]
    pub fn is_text_part(name: &str) -> bool {
        body::is_text_part(name)
    }

    /// A text of a request that stands in no JSON, such as a part of a form, masked; `None` where it
    /// goes on as it is.
    ///
    /// # Errors
    /// What was found, where that is refused; the answer is [`refusal`].
    pub fn see_text_request(&self, text: &str) -> Result<Option<Vec<u8>>, Found> {
        self.noted(body::see_text(&self.on_request, text))
    }

    /// A whole reply that is a text as such, as a transcript may be, masked; `None` where it goes on
    /// as it is.
    ///
    /// # Errors
    /// What was found, where that is refused; the answer is [`refusal`].
    pub fn see_text_reply(&self, text: &str) -> Result<Option<Vec<u8>>, Found> {
        self.noted(body::see_text(&self.on_response, text))
    }

    /// What sees through the events of a streamed reply; `None` where nothing is looked at.
    #[must_use]
    pub fn reply_guard(&self) -> Option<ReplyGuard> {
        self.looks_at_replies().then(|| ReplyGuard::new(&self.on_response))
    }

    /// Where it is told that something was masked; `None` without guardrails.
    #[must_use]
    pub fn masked(&self) -> Option<&Arc<AtomicBool>> {
        self.has_masked.as_ref()
    }

    fn noted(&self, seen: Result<Option<Vec<u8>>, Found>) -> Result<Option<Vec<u8>>, Found> {
        if let (Ok(Some(_)), Some(has_masked)) = (&seen, &self.has_masked) {
            has_masked.store(true, Ordering::Relaxed);
        }
        seen
    }

    /// What replies are seen through, as a number that is the same for the same rules: part of what
    /// makes two requests the same to the cache.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mix = |sum: u64, rules: &Arc<Rules>| sum.rotate_left(5) ^ rules.fingerprint;
        self.on_response.iter().fold(0, mix)
    }
}

fn see(rules: &[Arc<Rules>], body: &str, side: Side) -> Result<Option<Vec<u8>>, Found> {
    if rules.is_empty() { Ok(None) } else { body::see(rules, body, side) }
}

/// The failure that the client is told, which says nothing of what was found.
#[must_use]
pub fn refusal(_found: Found) -> ChatError {
    let message = "the content is refused by a guardrail of the gateway";
    let code = Some("guardrail".to_owned());
    ChatError { status: 403, code, ..ChatError::new(ErrorKind::ContentRefused, message) }
}

fn fingerprint(config: &config::Guardrail) -> u64 {
    // All of it is in there, and nothing that changes from one reload to the next.
    let says = format!("{config:?}");
    let bytes = digest(&SHA256, says.as_bytes());
    bytes.as_ref().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;

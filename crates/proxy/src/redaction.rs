//! What the request log never has, put to work: compiled when the first line is written, which is on
//! another thread, so that a reload does not wait for it.

use std::sync::{Arc, OnceLock};

use architrave_config::Redact;
use architrave_config::policy::{Guardrail, GuardrailAction, PersonalData, SoughtPattern};
use architrave_policy::guardrail::Guards;
use architrave_telemetry::usage::{Redaction, Screen};

/// What stands in the place of what is not kept, as everywhere in the request log.
const MASK: &str = "***";

/// What holds for exchanges: what is said for the whole gateway, and what a service adds.
pub(crate) fn redaction(all: &Redact, own: Option<&Redact>) -> Arc<Redaction> {
    let Redact { names, paths, headers, query, personal_data, patterns } = all.with(own);
    let personal_data = personal_data.unwrap_or_default();
    let is_screened = !patterns.is_empty() || !personal_data.is_empty();
    let screen: Option<Box<dyn Screen>> = is_screened.then(|| {
        let screen = LateScreen { patterns, personal_data, guards: OnceLock::new() };
        Box::new(screen) as Box<dyn Screen>
    });
    let redaction = Redaction::new(&names, &paths, &query, screen);
    Arc::new(if headers.is_empty() { redaction } else { redaction.without_user_agent() })
}

/// A screen that is made when it is first needed.
#[derive(Debug)]
struct LateScreen {
    patterns: Vec<SoughtPattern>,
    personal_data: Vec<PersonalData>,
    guards: OnceLock<Guards>,
}

impl Screen for LateScreen {
    fn mask(&self, text: &str) -> Option<String> {
        let guards = self.guards.get_or_init(|| {
            Guards::of(&[Guardrail {
                keywords: Vec::new(),
                patterns: self.patterns.clone(),
                personal_data: self.personal_data.clone(),
                action: GuardrailAction::Mask,
                on_request: true,
                on_response: false,
                mask: MASK.to_owned(),
            }])
        });
        match guards.see_text_request(text) {
            Ok(None) => None,
            Ok(Some(masked)) => Some(String::from_utf8_lossy(&masked).into_owned()),
            // Of what nobody can say what is in it, nothing is kept.
            Err(_found) => Some(MASK.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn by_default_cards_accounts_and_mail_are_hidden_and_a_service_adds_to_that() {
        let all = redaction(&Redact::default(), None);
        let mask = |redaction: &Redaction, text: &str| redaction.mask(text);
        for (text, expected) in [
            ("pay 4111 1111 1111 1111 now", Some("pay *** now")),
            ("pay 4111 1111 1111 1112 now", None),
            ("to ann.other@example.org", Some("to ***")),
            ("DE89370400440532013000", Some("***")),
            ("at 203.0.113.7", None),
            ("K-1234", None),
        ] {
            assert_eq!(mask(&all, text).as_deref(), expected, "{text}");
        }
        let own = Redact {
            personal_data: Some(vec![PersonalData::Ip]),
            patterns: vec![SoughtPattern(Regex::new("K-[0-9]{4}").unwrap())],
            ..Redact::default()
        };
        let of_service = redaction(&Redact::default(), Some(&own));
        for text in ["ann@example.org", "203.0.113.7", "K-1234"] {
            assert_eq!(mask(&of_service, text).as_deref(), Some("***"), "{text}");
        }
        // Also where it is written as paths and queries have it.
        let iban = all.mask_path("/pay/DE89%203704%200044%200532%200130%2000/now");
        assert_eq!(iban.as_deref(), Some("/pay/***/now"));
        let facts = r#"{"query":"4111+1111%201111+1111=*&a+b%40example.org=*"}"#;
        assert_eq!(all.facts(facts.to_owned()), r#"{"query":"***=*&***=*"}"#);
        // Whoever operates the gateway may look for nothing; a service still may.
        let nothing = Redact { personal_data: Some(Vec::new()), ..Redact::default() };
        assert_eq!(mask(&redaction(&nothing, None), "ann@example.org"), None);
        let of_service = redaction(&nothing, Some(&own));
        assert_eq!(
            mask(&of_service, "ann@example.org at 203.0.113.7").as_deref(),
            Some("ann@example.org at ***")
        );
    }
}

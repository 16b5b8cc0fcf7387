//! Claims about what guardrails of `architrave-policy` make of any bytes at all: requests, replies,
//! and the arguments of tools as they come piece by piece.

use std::sync::LazyLock;

use architrave_config::policy::guardrail::{Guardrail, GuardrailAction, PersonalData};
use architrave_llm::chat::{ChatEvent, Delta, PartKind};
use architrave_llm::dialect::Dialect;
use architrave_llm::json::{is_object, is_value};
use architrave_llm::scan::Scanned;
use architrave_llm::translate::EventFilter;
use architrave_policy::guardrail::Guards;

/// An entry takes any bytes and panics when a claim does not hold.
pub type Entry = fn(&[u8]);

/// Every target with its entry; seeds are in `corpus/<name>`.
pub const ENTRIES: &[(&str, Entry)] =
    &[("guardrail_body", guardrail_body), ("guardrail_arguments", guardrail_arguments)];

/// What masks an address of mail and one word.
static GUARDS: LazyLock<Guards> = LazyLock::new(|| {
    Guards::of(&[Guardrail {
        keywords: vec!["nightfall".to_owned()],
        patterns: Vec::new(),
        personal_data: vec![PersonalData::Email, PersonalData::Card],
        action: GuardrailAction::Mask,
        on_request: true,
        on_response: true,
        mask: "[masked]".to_owned(),
    }])
});

/// What is masked in a request that was scanned, or in a reply that is JSON, leaves it JSON; and
/// however deep anything lies, nobody runs out of stack.
pub fn guardrail_body(bytes: &[u8]) {
    let Ok(body) = str::from_utf8(bytes) else { return };
    if Scanned::whole(bytes, Dialect::OpenaiChat.watch()).is_ok() {
        let seen = GUARDS.see_request(body).ok().flatten();
        assert!(seen.is_none_or(|seen| is_value(str::from_utf8(&seen).expect("it is text"))));
    }
    if is_value(body)
        && let Ok(Some(seen)) = GUARDS.see_reply(body)
    {
        let seen = str::from_utf8(&seen).expect("what is masked is text");
        // A text between quotes is seen through as it came, quotes and all.
        assert!(is_value(seen) || !body.trim_start().starts_with(['{', '[']), "{seen}");
    }
    let _ = GUARDS.see_reply(body);
}

/// How the arguments of a tool are cut makes no difference. The first byte says how.
pub fn guardrail_arguments(bytes: &[u8]) {
    let Some((cut, rest)) = bytes.split_first() else { return };
    let Ok(arguments) = str::from_utf8(rest) else { return };
    let letters: Vec<char> = arguments.chars().collect();
    let pieces = |size: usize| -> Vec<String> {
        letters.chunks(size.max(1)).map(|piece| piece.iter().collect()).collect()
    };
    let whole = seen(&pieces(letters.len()));
    assert_eq!(seen(&pieces(usize::from(*cut % 16) + 1)), whole);
    assert!(is_value(&whole) || !is_object(arguments), "{whole}");
}

/// The arguments that come out where these pieces go in.
fn seen(pieces: &[String]) -> String {
    let mut guard = GUARDS.reply_guard().expect("it looks at replies");
    let mut out = String::new();
    let mut take = |event: ChatEvent<'_>| {
        guard.take(&event, &mut |event| {
            if let ChatEvent::PartDelta { delta: Delta::Arguments(text), .. } = event {
                out.push_str(&text);
            }
        });
    };
    let kind = PartKind::ToolCall { id: "c".into(), name: "f".into(), is_free_form: false };
    take(ChatEvent::PartStart { choice: 0, part: 0, kind });
    for piece in pieces {
        let delta = Delta::Arguments(piece.as_str().into());
        take(ChatEvent::PartDelta { choice: 0, part: 0, delta });
    }
    take(ChatEvent::PartEnd { choice: 0, part: 0 });
    out
}

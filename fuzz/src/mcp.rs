//! Claims about what `architrave-mcp` reads from any bytes at all.

use architrave_mcp::message::{Body, Message, MessageLimits, Part};

/// An entry takes any bytes and panics when a claim does not hold.
pub type Entry = fn(&[u8]);

/// Every target with its entry; seeds are in `corpus/<name>`.
pub const ENTRIES: &[(&str, Entry)] = &[("mcp_message", mcp_message)];

/// A message that is taken is read again as it came, and each string that a rule may judge is the
/// one that is said when it is made to say another.
pub fn mcp_message(bytes: &[u8]) {
    let limits = MessageLimits { bytes_max: 4096, depth_max: 16, names_max: 32 };
    let Ok(body) = Body::read(bytes, &limits) else { return };
    let text = str::from_utf8(bytes).expect("what is read is text");
    let (message, text) = match &body {
        Body::One(message) => (message, text),
        Body::Several(entries) => {
            let first = entries.first().expect("no batch is empty");
            let Ok(message) = &first.message else { return };
            (message, &text[first.range.clone()])
        }
    };
    assert_eq!(message.rewrite().apply(text), text.as_bytes());
    for part in [Part::Id, Part::Name, Part::Uri, Part::Cursor, Part::ProgressToken] {
        let mut rewrite = message.rewrite();
        rewrite.text(part, "q\"");
        let Ok(edited) = String::from_utf8(rewrite.apply(text)) else { panic!("it is text") };
        let limits = MessageLimits { depth_max: 20, names_max: 40, ..MessageLimits::default() };
        match Message::read(&edited, &limits) {
            Ok(again) => assert_eq!(again.text(part, &edited).as_deref(), Some("q\""), "{edited}"),
            // What answers has no `params`, and a notification no id.
            Err(unread) => assert!(part == Part::Id, "{edited}: {unread:?}"),
        }
        let mut rewrite = message.rewrite();
        rewrite.take_out(part);
        let out = rewrite.apply(text);
        let Ok(out) = str::from_utf8(&out) else { panic!("it is text") };
        assert!(architrave_wire::json::is_value(out), "{out}");
    }
}

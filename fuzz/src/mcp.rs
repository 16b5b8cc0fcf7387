//! Claims about what `architrave-mcp` reads from any bytes at all.

use architrave_mcp::between::questions::Question;
use architrave_mcp::definition::Definition;
use architrave_mcp::list::{List, ListKind, Merge};
use architrave_mcp::marks::Marks;
use architrave_mcp::message::{Body, Message, MessageLimits, Part};
use architrave_mcp::mirrored::Mirrored;
use architrave_mcp::{content, header, name, tag, uri};

/// An entry takes any bytes and panics when a claim does not hold.
pub type Entry = fn(&[u8]);

/// Every target with its entry; seeds are in `corpus/<name>`.
pub const ENTRIES: &[(&str, Entry)] =
    &[("mcp_message", mcp_message), ("mcp_list", mcp_list), ("mcp_text", mcp_text)];

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

/// The first byte says what is listed. What goes on of a list is JSON, with as many entries as are
/// sound, each by a key of its own; a tool that goes on has a fingerprint.
pub fn mcp_list(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let kind = ListKind::ALL[usize::from(*first) % ListKind::ALL.len()];
    let Ok(text) = str::from_utf8(rest) else { return };
    let Ok(list) = List::read(kind, text) else { return };
    let mut merge = Merge::new(kind);
    merge.add(0, Some("s"), (&list, text), |entry| Some(name::prefixed("s", &entry.key)));
    let mut out = Vec::new();
    merge.write_entries(&mut out);
    let out = str::from_utf8(&out).expect("what is written is text");
    assert!(architrave_wire::json::is_value(out), "{out}");
    let wrapped = format!(r#"{{"result":{{"{}":{out}}}}}"#, kind.part().name());
    let again = List::read(kind, &wrapped).expect("what is written is a list");
    // A key may have become too long by its prefix.
    assert!(again.entries.len() + again.wrong.len() == list.entries.len(), "{out}");
    for entry in &list.entries {
        assert!(Definition::of(entry.raw(text)).is_some(), "{}", entry.raw(text));
    }
    let limits = MessageLimits { depth_max: 20, ..MessageLimits::default() };
    if let Ok(message) = Message::read(text, &limits) {
        if let Ok(edits) = content::mark(&message, text, "s") {
            let marked = edits.apply(text.as_bytes());
            let marked = str::from_utf8(&marked).expect("it is text still");
            assert!(architrave_wire::json::is_value(marked), "{marked}");
        }
        let _any = Question::of_result(&message, text);
    }
}

/// What is given to clients in another spelling comes back as it was, and what is no such spelling
/// is taken for none.
pub fn mcp_text(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    assert_eq!(uri::split(&uri::public("s", text)), Some(("s", text.to_owned())));
    if let Some((server, own)) = uri::split(text) {
        assert_eq!(uri::public(server, &own), text);
    }
    assert_eq!(name::split(&name::prefixed("s", text)), Some(("s", text)));
    if let Some((server, own)) = name::split(text) {
        assert_eq!(name::prefixed(server, own), text);
    }
    assert_eq!(header::decode(&header::encode(text)).as_deref(), Some(text));
    if let Some(marks) = Marks::decode(text) {
        let again = Marks::decode(&marks.encode_newest()).expect("what is written is read");
        assert!(marks.iter().count() >= again.iter().count());
    }
    if let Some((server, own)) = tag::split(text) {
        let own = String::from_utf8(own).expect("an id is text");
        let tagged = String::from_utf8(tag::tagged(&server, &own)).expect("a tag is text");
        assert_eq!(tag::split(&tagged).map(|(server, _)| server), Some(server));
    }
    if let Ok(mirrored) = Mirrored::of_schema(text) {
        mirrored.iter().for_each(|one| {
            assert!(one.agrees(one.value(Some(text)).as_deref(), Some(text)).is_ok())
        });
    }
    let _any = uri::fits(text, text);
}

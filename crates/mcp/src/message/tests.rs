//! Messages beside serde_json: what is authorised is what goes on.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Body, Level, Message, MessageKind, MessageLimits, Part, Unread};
use crate::method::{Method, Must};
use crate::refusal::RefusalKind;

fn read(text: &str) -> Result<Message, Unread> {
    Message::read(text, &MessageLimits::default())
}

fn refused(text: &str) -> (RefusalKind, Option<String>) {
    let unread = read(text).expect_err(text);
    (unread.refusal.kind, unread.id.map(String::from))
}

#[test]
fn what_a_message_is_follows_from_its_members() {
    for (text, kind) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, MessageKind::Request),
        (r#"{"id":"a","method":"vendor/x","params":{},"jsonrpc":"2.0"}"#, MessageKind::Request),
        (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, MessageKind::Notification),
        (r#"{"jsonrpc":"2.0","id":-1,"result":{}}"#, MessageKind::Response),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":""}}"#, MessageKind::Failure),
        (r#"{"jsonrpc":"2.0","error":{"code":-1,"message":""}}"#, MessageKind::Failure),
        (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":""}}"#, MessageKind::Failure),
        (
            "{\"jsonrpc\" : \"2.0\",\n\"x\":[1],\"id\":0,\"result\":{\"a\":1}}",
            MessageKind::Response,
        ),
    ] {
        assert_eq!(read(text).expect(text).kind(), kind, "{text}");
    }
}

#[test]
fn what_is_no_message_is_refused_by_its_code_and_answers_its_id() {
    let one = || Some("1".to_owned());
    for (text, kind, id) in [
        ("{", RefusalKind::NoJson, None),
        (r#"{"id":1,"x"}"#, RefusalKind::NoJson, one()),
        ("[]", RefusalKind::Batch, None),
        ("7", RefusalKind::NoMessage, None),
        (r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#, RefusalKind::NoMessage, one()),
        (r#"{"id":1,"method":"a"}"#, RefusalKind::NoMessage, one()),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, RefusalKind::NoMessage, None),
        (r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#, RefusalKind::NoMessage, None),
        (r#"{"jsonrpc":"2.0","id":1e2,"method":"ping"}"#, RefusalKind::NoMessage, None),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, RefusalKind::NoMessage, None),
        (
            r#"{"jsonrpc":"2.0","id":99999999999999999999,"method":"ping"}"#,
            RefusalKind::NoMessage,
            None,
        ),
        (r#"{"jsonrpc":"2.0","method":"ping"}"#, RefusalKind::NoMessage, None),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"notifications/progress"}"#,
            RefusalKind::NoMessage,
            one(),
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, RefusalKind::NoMessage, one()),
        (r#"{"jsonrpc":"2.0","id":1}"#, RefusalKind::NoMessage, one()),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a","result":{}}"#, RefusalKind::NoMessage, one()),
        (
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":""}}"#,
            RefusalKind::NoMessage,
            one(),
        ),
        (r#"{"jsonrpc":"2.0","id":1,"result":[]}"#, RefusalKind::NoMessage, one()),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[]}"#, RefusalKind::WrongParams, one()),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a","params":null}"#, RefusalKind::WrongParams, one()),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":[]}}"#,
            RefusalKind::WrongParams,
            one(),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{},"id":1}"#,
            RefusalKind::WrongParams,
            one(),
        ),
    ] {
        assert_eq!(refused(text), (kind, id), "{text}");
    }
    let long = format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "x".repeat(600));
    assert_eq!(refused(&long), (RefusalKind::NoMessage, None));
}

#[test]
fn no_second_name_smuggles_another_value_past_a_rule() {
    let call = |members: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{members}}}}}"#)
    };
    let one = || Some("1".to_owned());
    for (members, kind) in [
        (r#""name":"safe","name":"secret""#, RefusalKind::DoubledName),
        (r#""name":"safe","\u006eame":"secret""#, RefusalKind::DoubledName),
        (r#""name":"safe","Name":"secret""#, RefusalKind::CaseVariant),
        (r#""NAME":"secret","name":"safe""#, RefusalKind::CaseVariant),
        (r#""name":"safe","argumentſ":{}"#, RefusalKind::CaseVariant),
        (r#""name":"safe","arguments":"x""#, RefusalKind::WrongParams),
        (r#""name":["safe"]"#, RefusalKind::WrongParams),
        (r#""name":null"#, RefusalKind::WrongParams),
        (r#""name":"a","arguments":{"b":[{"c":1,"c":2}]}"#, RefusalKind::DoubledName),
        (r#""name":"a","_meta":{"progressToken":1.5}"#, RefusalKind::WrongParams),
        (r#""name":"a","_meta":{"progresstoken":1}"#, RefusalKind::CaseVariant),
    ] {
        assert_eq!(refused(&call(members)), (kind, one()), "{members}");
    }
    for (text, kind, id) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#,
            RefusalKind::CaseVariant,
            one(),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#,
            RefusalKind::DoubledName,
            one(),
        ),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, RefusalKind::DoubledName, None),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","ID":2}"#, RefusalKind::CaseVariant, one()),
    ] {
        assert_eq!(refused(text), (kind, id), "{text}");
    }
    let fine = call(r#""name":"a","arguments":{"Name":"b","name":"c"}"#);
    assert!(read(&fine).unwrap().has_case_twins(), "a rule on arguments is told of it");
}

#[test]
fn what_no_revision_has_goes_through_as_it_came() {
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"vendor/x","params":{"name":5,"Cursor":{},"odd":[1.50]},"extra":1}"#;
    let message = read(text).unwrap();
    assert_eq!(message.method(), None);
    assert_eq!(message.method_text(text).as_deref(), Some("vendor/x"));
    assert_eq!(message.rewrite().apply(text), text.as_bytes());
}

#[test]
fn places_are_those_of_the_bytes() {
    let text = r#"{"jsonrpc":"2.0","id":"q\"1","method":"completion\/complete","params":{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"n"},"_meta":{"progressToken":7}}}"#;
    let message = read(text).unwrap();
    assert_eq!(message.method(), Some(Method::CompletionComplete));
    assert_eq!(message.id(text), Some(r#""q\"1""#));
    assert_eq!(message.text(Part::RefName, text).as_deref(), Some("p"));
    assert_eq!(message.count(Part::ProgressToken, text), Some(7));
    assert_eq!(message.raw(Part::Argument, text), Some(r#"{"name":"n"}"#));
    assert!(!message.has(Part::Name), "it is not the name of what is completed");
}

#[test]
fn members_are_changed_put_in_and_taken_out() {
    let text = r#"{ "jsonrpc":"2.0", "id" : 1, "method":"tools/call",
        "params": { "name":"a__b" , "arguments" : {"x": 1.50}, "_meta":{"progressToken":1, "k":2} } }"#;
    let message = read(text).unwrap();
    let mut rewrite = message.rewrite();
    rewrite.text(Part::Name, "b\"").json(Part::Id, "\"g1\"").json(Part::ProgressToken, "9");
    rewrite.take_out(Part::Arguments);
    let out = String::from_utf8(rewrite.apply(text)).unwrap();
    assert_eq!(
        out,
        r#"{ "jsonrpc":"2.0", "id" : "g1", "method":"tools/call",
        "params": { "name":"b\"" ,  "_meta":{"progressToken":9, "k":2} } }"#
    );
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let message = read(text).unwrap();
    let mut rewrite = message.rewrite();
    rewrite.text(Part::MetaVersion, "2026-07-28").json(Part::MetaCapabilities, "{}");
    assert_eq!(
        String::from_utf8(rewrite.apply(text)).unwrap(),
        r#"{"params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}},"jsonrpc":"2.0","id":1,"method":"ping"}"#
    );
}

#[test]
fn batches_are_read_one_by_one() {
    let body = br#"[ {"jsonrpc":"2.0","id":1,"method":"ping"}, {"jsonrpc":"2.0","id":2}, 7,{"jsonrpc":"2.0","method":"initialize","id":3,"params":{"protocolVersion":"x"}}]"#;
    let Ok(Body::Several(entries)) = Body::read(body, &MessageLimits::default()) else { panic!() };
    let text = str::from_utf8(body).unwrap();
    let first = entries[0].message.as_ref().unwrap();
    assert_eq!(first.id(&text[entries[0].range.clone()]), Some("1"));
    let kinds: Vec<_> =
        entries[1..].iter().map(|entry| entry.message.as_ref().unwrap_err().refusal.kind).collect();
    assert_eq!(kinds, [RefusalKind::NoMessage; 3]);
    assert_eq!(entries[1].message.as_ref().unwrap_err().id.as_deref(), Some("2"));
    let refused = |body: &str| {
        Body::read(body.as_bytes(), &MessageLimits::default()).unwrap_err().refusal.kind
    };
    assert_eq!(refused("[]"), RefusalKind::NoMessage);
    assert_eq!(refused("[{]"), RefusalKind::NoJson);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(refused(&format!("[{}]", [ping; 65].join(","))), RefusalKind::TooLarge);
    let bad = Body::read(b"{\"a\":\"\xff\"}", &MessageLimits::default()).unwrap_err();
    assert_eq!(bad.refusal.kind, RefusalKind::NoJson);
}

#[test]
fn a_message_that_is_too_large_is_not_looked_at() {
    let limits = MessageLimits { bytes_max: 10, ..MessageLimits::default() };
    let unread = Message::read("{           ", &limits).unwrap_err();
    assert_eq!(unread.refusal.kind, RefusalKind::TooLarge);
}

#[test]
fn the_table_of_parts_is_sound() {
    for (place, &part) in Part::ALL.iter().enumerate() {
        assert_eq!(part as usize, place);
        assert_eq!(Part::of(part.level(), part.name()), Some(part));
        assert_eq!(Part::case_variant_of(part.level(), part.name()), None);
        assert_eq!(
            Part::case_variant_of(part.level(), &part.name().to_uppercase()),
            Some(part).filter(|_| part.name().to_uppercase() != part.name())
        );
    }
    for level in Level::ALL {
        let outer = level.holder().map(Part::level);
        let place = |wanted: Level| Level::ALL.iter().position(|level| *level == wanted);
        assert!(outer.is_none_or(|outer| place(outer) < place(level)), "{level:?}");
    }
    assert_eq!(Part::ProgressToken.path(), "params._meta.progressToken");
}

/// A value that serde_json makes of any part of a message.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Zé\"\\\\ ]{0,8}".prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec(("[a-z]{0,3}|name|Name|_meta", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_object(names: &'static str) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((names, any_value()), 0..5)
        .prop_map(|members| members.into_iter().collect())
}

/// A request as serde_json writes it: of any known method, with members that may be anything.
fn any_request() -> impl Strategy<Value = Value> {
    let names = "name|uri|cursor|arguments|taskId|level|requestId|progressToken|ref|notifications|argument|protocolVersion|x";
    let meta = "progressToken|io.modelcontextprotocol/protocolVersion|io.modelcontextprotocol/clientCapabilities|k";
    (0..Method::ALL.len(), any_object(names), any_object(meta), any::<[bool; 3]>(), any_value())
        .prop_map(|(method, mut params, meta, [has_meta, has_params, has_id], id)| {
            if has_meta {
                params.insert("_meta".to_owned(), Value::Object(meta));
            }
            let mut message = Map::new();
            message.insert("jsonrpc".to_owned(), json!("2.0"));
            message.insert("method".to_owned(), json!(Method::ALL[method].as_str()));
            if has_params {
                message.insert("params".to_owned(), Value::Object(params));
            }
            if has_id {
                message.insert("id".to_owned(), if id.is_string() { id } else { json!(7) });
            }
            Value::Object(message)
        })
}

/// The value of a part in a tree.
fn in_tree(value: &Value, part: Part) -> Option<&Value> {
    let outer = match part.level().holder() {
        Some(holder) => in_tree(value, holder)?,
        None => value,
    };
    outer.as_object()?.get(part.name())
}

proptest! {
    #[test]
    fn every_part_is_what_serde_reads_there(value in any_request()) {
        let text = value.to_string();
        if let Ok(message) = read(&text) {
            for &part in Part::ALL {
                let ours = message.raw(part, &text).map(|raw| serde_json::from_str(raw).unwrap());
                prop_assert_eq!(ours.as_ref(), in_tree(&value, part), "{:?} of {}", part, text);
            }
            for takes in message.method().unwrap().takes() {
                let said = in_tree(&value, takes.part);
                prop_assert!(said.is_some() || !takes.is_needed);
                let is_right = said.is_none_or(|said| match takes.must {
                    Must::Text => said.is_string(),
                    Must::Object => said.is_object(),
                    Must::Token => said.is_string() || said.is_i64(),
                });
                prop_assert!(is_right, "{}", text);
            }
        }
    }

    #[test]
    fn what_is_rewritten_says_what_was_set_and_nothing_else_is_changed(
        value in any_request(),
        changes in prop::collection::vec((0..Part::COUNT, prop::option::of(any_value())), 0..6),
    ) {
        let text = value.to_string();
        let Ok(message) = read(&text) else { return Ok(()) };
        // Each level alone: what an object says is not set together with what is in it.
        let mut rewrite = message.rewrite();
        let mut wanted = value.clone();
        for (part, change) in &changes {
            let part = Part::ALL[*part];
            let is_leaf = part.opens().is_none();
            if !is_leaf || !matches!(part.level(), Level::Top | Level::Params | Level::Meta) {
                continue;
            }
            match change {
                Some(change) => {
                    rewrite.json(part, change.to_string());
                    *put(&mut wanted, part) = change.clone();
                }
                None => {
                    rewrite.take_out(part);
                    take(&mut wanted, part);
                }
            }
        }
        let out = rewrite.apply(&text);
        let ours: Value = serde_json::from_slice(&out)
            .map_err(|error| TestCaseError::fail(format!("{error}: {}", String::from_utf8_lossy(&out))))?;
        prop_assert_eq!(sorted(&ours), sorted(&wanted), "{} became {}", text, String::from_utf8_lossy(&out));
    }

    #[test]
    fn no_bytes_end_it_and_what_is_taken_serde_takes(text in r#"[\[\]{}",:a-e0-2.\\u nmethodparsi"]{0,60}"#) {
        if let Ok(message) = read(&text) {
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
            prop_assert_eq!(message.rewrite().apply(&text), text.as_bytes());
        }
        let _any = Body::read(text.as_bytes(), &MessageLimits::default());
    }
}

/// The place of a part in a tree, made where it is not there.
fn put(value: &mut Value, part: Part) -> &mut Value {
    let outer = match part.level().holder() {
        Some(holder) => put(value, holder),
        None => value,
    };
    if !outer.is_object() {
        *outer = json!({});
    }
    outer.as_object_mut().unwrap().entry(part.name()).or_insert(Value::Null)
}

fn take(value: &mut Value, part: Part) {
    let outer = match part.level().holder() {
        Some(holder) => in_tree(value, holder).is_some().then(|| put(value, holder)),
        None => Some(value),
    };
    if let Some(Value::Object(members)) = outer {
        members.remove(part.name());
    }
}

/// A tree without an order, and without objects that only a change and its taking back have left.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut pairs: Vec<_> = members
                .iter()
                .map(|(name, value)| (name.clone(), sorted(value)))
                .filter(|(name, value)| {
                    !(["params", "_meta"].contains(&name.as_str()) && *value == json!({}))
                })
                .collect();
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(pairs.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[test]
fn the_first_member_goes_while_another_comes_before_it() {
    let text = r#"{"id":1,"jsonrpc":"2.0","method":"ping"}"#;
    let message = read(text).unwrap();
    let mut rewrite = message.rewrite();
    rewrite.take_out(Part::Id).json(Part::Name, "null");
    assert_eq!(
        String::from_utf8(rewrite.apply(text)).unwrap(),
        r#"{"params":{"name":null},"jsonrpc":"2.0","method":"ping"}"#
    );
}

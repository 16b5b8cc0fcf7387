//! Lists put together, with what is wrong of one harming no other.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Freshness, List, ListError, ListKind, Merge, Scope};
use crate::name;
use crate::revision::Era;

fn answer(members: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{{members}}}}}"#)
}

fn tool(name: &str) -> String {
    format!(r#"{{"name":"{name}","inputSchema":{{"type":"object"}},"x":1.50}}"#)
}

#[test]
fn a_wrong_entry_is_left_out_and_told_of() {
    let text = answer(&format!(
        r#""tools":[{}, 7, {{"name":"a","inputSchema":{{}}}}, {{"name":"b","name":"c","inputSchema":{{}}}},
        {{"name":"d"}}, {{"name":"e","Description":"x","inputSchema":{{}}}}, {{"name":"","inputSchema":{{}}}},
        {{"name":"f","inputSchema":{{"x-mcp-header":"A"}}}}, {}]"#,
        tool("a"),
        tool("z"),
    ));
    let list = List::read(ListKind::Tools, &text).unwrap();
    let keys: Vec<_> = list.entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["a", "z"]);
    let wrong: Vec<_> =
        list.wrong.iter().map(|entry| (entry.index, entry.key.as_deref())).collect();
    assert_eq!(
        wrong,
        [
            (1, None),
            (2, Some("a")),
            (3, Some("b")),
            (4, Some("d")),
            (5, Some("e")),
            (6, Some("")),
            (7, Some("f"))
        ]
    );
}

#[test]
fn an_answer_without_such_a_list_is_told() {
    for (text, error) in [
        ("[".to_owned(), None),
        (answer(r#""prompts":[]"#), Some(ListError::NoList("tools"))),
        (answer(r#""tools":{}"#), Some(ListError::NoList("tools"))),
        (answer(r#""tools":[],"tools":[]"#), Some(ListError::Doubled("tools"))),
        (
            r#"{"result":{"tools":[]},"result":{"tools":[]}}"#.to_owned(),
            Some(ListError::Doubled("result")),
        ),
    ] {
        let refused = List::read(ListKind::Tools, &text).unwrap_err();
        assert!(error.is_none_or(|error| error == refused), "{text}: {refused}");
    }
    let many = vec!["{}"; super::ENTRIES_MAX + 1].join(",");
    let refused = List::read(ListKind::Tools, &answer(&format!("\"tools\":[{many}]")));
    assert_eq!(refused.err(), Some(ListError::TooMany), "wrong ones are remembered, too");
}

#[test]
fn lists_are_merged_in_one_order_whoever_was_quicker() {
    let texts = [
        answer(&format!(
            r#""tools":[{},{}],"ttlMs":5000,"cacheScope":"public""#,
            tool("b"),
            tool("a")
        )),
        answer(&format!(r#""tools":[{}],"ttlMs":300,"cacheScope":"public""#, tool("a"))),
    ];
    let lists: Vec<List> =
        texts.iter().map(|text| List::read(ListKind::Tools, text).unwrap()).collect();
    let merged = |order: [usize; 2], narrowed: bool| {
        let mut merge = Merge::new(ListKind::Tools);
        for place in order {
            let server = ["one", "two"][place];
            merge.add(place, None, (&lists[place], &texts[place]), |entry| {
                (!narrowed || entry.key != "b").then(|| name::prefixed(server, &entry.key))
            });
        }
        let mut out = Vec::new();
        merge.write(&mut out, "\"q\"", Era::Modern, Some("c"));
        String::from_utf8(out).unwrap()
    };
    assert_eq!(merged([0, 1], false), merged([1, 0], false));
    assert_eq!(
        merged([0, 1], false),
        r#"{"jsonrpc":"2.0","id":"q","result":{"resultType":"complete","ttlMs":300,"cacheScope":"public","nextCursor":"c","tools":[{"name":"one__a","inputSchema":{"type":"object"},"x":1.50},{"name":"one__b","inputSchema":{"type":"object"},"x":1.50},{"name":"two__a","inputSchema":{"type":"object"},"x":1.50}]}}"#
    );
    assert!(merged([0, 1], true).contains(r#""cacheScope":"private""#), "not everybody sees it so");
}

#[test]
fn what_nobody_says_may_be_kept_is_not_and_what_misses_a_server_neither() {
    let text = answer(r#""prompts":[{"name":"p"}]"#);
    let list = List::read(ListKind::Prompts, &text).unwrap();
    let mut merge = Merge::new(ListKind::Prompts);
    merge.add(0, None, (&list, &text), |entry| Some(entry.key.clone()));
    assert_eq!(merge.freshness(), Freshness::UNSAID);
    let mut out = Vec::new();
    merge.write(&mut out, "1", Era::Legacy, None);
    assert_eq!(out, br#"{"jsonrpc":"2.0","id":1,"result":{"prompts":[{"name":"p"}]}}"#);
    let text = answer(r#""prompts":[],"ttlMs":9,"cacheScope":"public""#);
    let list = List::read(ListKind::Prompts, &text).unwrap();
    assert_eq!(list.freshness, Some(Freshness { ttl_ms: 9, scope: Scope::Public }));
    let mut merge = Merge::new(ListKind::Prompts);
    merge.add(0, None, (&list, &text), |_| None);
    merge.misses_server();
    assert_eq!(merge.freshness(), Freshness::UNSAID);
}

#[test]
fn resources_and_templates_get_their_servers_mark() {
    for (kind, text, marked) in [
        (ListKind::Resources, answer(r#""resources":[{"uri":"a:b","name":"n"}]"#), "mcp.s+a:b"),
        (
            ListKind::ResourceTemplates,
            answer(r#""resourceTemplates":[{"name":"n","uriTemplate":"a:{b}"}]"#),
            "mcp.s+a:{b}",
        ),
    ] {
        let list = List::read(kind, &text).unwrap();
        let mut merge = Merge::new(kind);
        merge.add(0, Some("s"), (&list, &text), |entry| Some(crate::uri::public("s", &entry.key)));
        let mut out = Vec::new();
        merge.write_entries(&mut out);
        let entries: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(entries[0][kind.key()], json!(marked));
    }
    let text = answer(
        r#""tools":[{"name":"t","inputSchema":{},"_meta":{"ui":{"resourceUri":"ui://a"}}}]"#,
    );
    let list = List::read(ListKind::Tools, &text).unwrap();
    let mut merge = Merge::new(ListKind::Tools);
    merge.add(0, Some("s"), (&list, &text), |entry| Some(entry.key.clone()));
    let mut out = Vec::new();
    merge.write_entries(&mut out);
    assert!(String::from_utf8(out).unwrap().contains(r#""resourceUri":"ui://mcp.s+a""#));
}

proptest! {
    #[test]
    fn what_goes_on_is_what_serde_reads_there(
        tools in prop::collection::vec(("[a-c]{0,2}", any::<bool>(), "[a-z\"é]{0,4}"), 0..6),
    ) {
        let tools: Vec<Value> = tools
            .into_iter()
            .map(|(name, has_schema, about)| {
                let mut tool = json!({ "name": name, "description": about, "n": [1, { "k": null }] });
                if has_schema {
                    tool["inputSchema"] = json!({ "type": "object" });
                }
                tool
            })
            .collect();
        let text = json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": tools } }).to_string();
        let list = List::read(ListKind::Tools, &text).unwrap();
        prop_assert_eq!(list.entries.len() + list.wrong.len(), tools.len());
        let mut merge = Merge::new(ListKind::Tools);
        merge.add(0, None, (&list, &text), |entry| Some(name::prefixed("s", &entry.key)));
        let mut out = Vec::new();
        merge.write_entries(&mut out);
        let entries: Vec<Value> = serde_json::from_slice(&out).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        let mut wanted: Vec<Value> = tools
            .into_iter()
            .filter(|tool| tool["name"] != "" && tool.get("inputSchema").is_some())
            .filter(|tool| seen.insert(tool["name"].to_string()))
            .map(|mut tool| {
                tool["name"] = json!(name::prefixed("s", tool["name"].as_str().unwrap()));
                tool
            })
            .collect();
        wanted.sort_by_key(|tool| tool["name"].as_str().unwrap().to_owned());
        prop_assert_eq!(entries, wanted);
    }

    #[test]
    fn no_answer_ends_it(text in r#"\{"result":\{"tools":\[[{}\[\]",:a-e0-9nm]{0,40}"#) {
        let _any = List::read(ListKind::Tools, &text);
    }
}

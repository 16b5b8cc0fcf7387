//! What one era says, said in the other and back.

use serde_json::{Value, json};

use super::answers::{self, Outcome, ServerFacts};
use super::changes::{self, Filter};
use super::fate::{Fate, fate};
use super::questions::{self, Question};
use super::requests::{self, Teller};
use crate::arrival::{Arrival, heads_of};
use crate::header::Heads;
use crate::list::Freshness;
use crate::message::{Message, MessageKind, MessageLimits, Part};
use crate::method::Method;
use crate::refusal::RefusalKind;
use crate::revision::{Era, Revision};
use crate::session::Abilities;

fn read(text: &str) -> Message {
    Message::read(text, &MessageLimits::default()).expect(text)
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}

const TELLER: Teller<'static> = Teller {
    capabilities: r#"{"sampling":{}}"#,
    info: Some(r#"{"name":"c","version":"1"}"#),
    log_level: Some("info"),
};

/// What a modern server holds a request to.
fn arrives(text: &str) -> bool {
    let message = read(text);
    let heads = heads_of(&message, text);
    let heads = Heads::of(heads.iter().map(|(name, value)| (*name, value.as_str()))).unwrap();
    matches!(Arrival::of(&message, text, &heads), Ok(Arrival::Modern { .. }))
}

#[test]
fn every_method_of_an_era_has_a_fate_and_what_is_the_same_is_of_both() {
    for &method in Method::ALL {
        for (from, to) in [(Era::Legacy, Era::Modern), (Era::Modern, Era::Legacy)] {
            assert_eq!(fate(method, from).is_some(), method.is_of_era(from), "{method:?}");
            if fate(method, from) == Some(Fate::Same) {
                assert!(method.is_of_era(to), "{method:?} is not said in {to:?}");
            }
        }
    }
}

#[test]
fn a_legacy_request_becomes_one_that_a_modern_server_takes_and_back_as_it_was() {
    for params in [
        r#","params":{"name":"é","arguments":{"x":1.50}}"#,
        r#","params":{"name":"a","_meta":{"progressToken":1}}"#,
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call"{params}}}"#);
        let message = read(&text);
        let modern = text_of(requests::to_modern(&message, "7", &TELLER).unwrap().apply(&text));
        assert!(arrives(&modern), "{modern}");
        let back = read(&modern);
        let back = text_of(requests::to_legacy(&back, "1").unwrap().apply(&modern));
        let mut back = value(&back);
        if !params.contains("_meta") {
            assert_eq!(back["params"]["_meta"].take(), json!({}));
            back["params"].as_object_mut().unwrap().remove("_meta");
        }
        assert_eq!(back, value(&text));
    }
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let modern = text_of(requests::to_modern(&read(list), "7", &TELLER).unwrap().apply(list));
    assert!(arrives(&modern), "{modern}");
    let task = r#"{"jsonrpc":"2.0","id":1,"method":"tasks/list"}"#;
    let refused = requests::to_modern(&read(task), "7", &TELLER).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::NotCarried);
}

#[test]
fn what_a_client_can_do_is_said_in_every_revisions_words() {
    for (said, abilities) in [
        ("{}", Abilities::default()),
        (r#"{"elicitation":{}}"#, Abilities::FORM),
        (r#"{"elicitation":{"url":{}}}"#, Abilities::URL),
        (
            r#"{"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}}"#,
            Abilities::FORM.with(Abilities::URL).with(Abilities::ROOTS),
        ),
        (r#"{"sampling":{"tools":{}}}"#, Abilities::SAMPLING.with(Abilities::SAMPLING_TOOLS)),
        (r#"{"sampling":true}"#, Abilities::default()),
        ("[", Abilities::default()),
    ] {
        assert_eq!(requests::abilities(said), abilities, "{said}");
        for revision in [Revision::V2025_11_25, Revision::V2026_07_28] {
            let again = requests::capabilities(abilities, revision);
            assert_eq!(requests::abilities(&again), abilities, "{again}");
        }
    }
    let all = Abilities::FORM.with(Abilities::URL);
    assert_eq!(requests::capabilities(all, Revision::V2025_06_18), r#"{"elicitation":{}}"#);
    assert_eq!(requests::capabilities(all, Revision::V2025_03_26), "{}");
    assert_eq!(requests::capabilities(Abilities::URL, Revision::V2025_06_18), "{}");
    let opening =
        requests::initialize("1", Revision::V2025_11_25, all, r#"{"name":"g","version":"1"}"#);
    assert_eq!(read(&text_of(opening)).method(), Some(Method::Initialize));
    assert_eq!(read(requests::INITIALIZED).method(), Some(Method::Initialized));
}

#[test]
fn results_get_and_lose_what_only_the_modern_era_says() {
    let legacy = r#"{"jsonrpc":"2.0","id":"up","result":{"tools":[{"x":1.50}],"y":{}}}"#;
    let message = read(legacy);
    let modern =
        text_of(answers::to_modern(&message, legacy, "1", Some(Method::ToolsList)).apply(legacy));
    assert_eq!(
        value(&modern)["result"],
        json!({"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[{"x":1.5}],"y":{}})
    );
    let message = read(&modern);
    assert_eq!(answers::outcome(&message, &modern), Ok(Outcome::Complete));
    assert_eq!(text_of(answers::to_legacy(&message, "\"up\"").apply(&modern)), legacy);
    let called = text_of(
        answers::to_modern(&read(legacy), legacy, "1", Some(Method::ToolsCall)).apply(legacy),
    );
    assert!(!called.contains("ttlMs"), "{called}");
    let failed =
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"no","data":{"uri":"a"}}}"#;
    let modern = text_of(answers::to_modern(&read(failed), failed, "2", None).apply(failed));
    assert_eq!(modern, failed.replace("-32002", "-32602").replace("\"id\":1", "\"id\":2"));
    let odd = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"task"}}"#;
    assert_eq!(answers::outcome(&read(odd), odd).unwrap_err().kind, RefusalKind::ServerFailed);
}

#[test]
fn what_a_server_is_is_told_in_either_eras_words() {
    let facts = (r#"{"tools":{"listChanged":true}}"#, r#"{"name":"s","version":"1"}"#);
    for text in [
        text_of(answers::initialize("1", Revision::V2025_06_18, facts, Some("use me"))),
        text_of(answers::discover("1", facts, Some("use me"), Freshness::UNSAID)),
    ] {
        let read = ServerFacts::read(&read(&text), &text).unwrap();
        let wanted = ServerFacts {
            capabilities: facts.0.to_owned(),
            info: Some(facts.1.to_owned()),
            instructions: Some("use me".to_owned()),
        };
        assert_eq!(read, wanted);
    }
    assert_eq!(
        answers::capabilities_of_all([
            r#"{"tools":{"listChanged":false},"logging":{}}"#,
            r#"{"tools":{"listChanged":true},"resources":{"subscribe":true}}"#,
            "garbage",
        ]),
        r#"{"logging":{},"resources":{"subscribe":true},"tools":{"listChanged":true}}"#
    );
}

#[test]
fn a_legacy_servers_question_is_asked_of_a_modern_client_and_its_answer_comes_back() {
    let asked = r#"{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{"mode":"url","elicitationId":"e","message":"m","url":"https://a","_meta":{"progressToken":1}}}"#;
    let question = Question::of_request("orders.q1", &read(asked), asked).unwrap();
    assert_eq!(value(&question.params), json!({"mode":"url","message":"m","url":"https://a"}));
    assert_eq!(question.needs(), Abilities::URL);
    let refused = question.allowed(Abilities::FORM).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::MissingCapability);
    assert_eq!(question.allowed(Abilities::URL), Ok(()));
    let result =
        text_of(questions::input_required("5", std::slice::from_ref(&question), Some("state")));
    let message = read(&result);
    assert_eq!(answers::outcome(&message, &result), Ok(Outcome::InputRequired));
    assert_eq!(Question::of_result(&message, &result).unwrap(), [question]);
    let again = r#"{"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"a","inputResponses":{"orders.q1":{"action":"accept"}},"requestState":"state"}}"#;
    let message = read(again);
    let responses = questions::responses(&message, again).unwrap();
    assert_eq!(responses, [("orders.q1".to_owned(), r#"{"action":"accept"}"#.to_owned())]);
    let answer = text_of(questions::response("\"q1\"", &responses[0].1));
    assert_eq!(read(&answer).kind(), MessageKind::Response);
    let odd = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    assert!(Question::of_request("k", &read(odd), odd).is_err(), "that is no question");
}

#[test]
fn a_modern_servers_questions_are_asked_of_a_legacy_client_and_the_request_is_made_again() {
    let first = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":1.50}}}"#;
    let result = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1,"tools":[{}]}},"b":{"method":"roots/list"}},"requestState":"s\"1"}}"#;
    let message = read(result);
    let questions = Question::of_result(&message, result).unwrap();
    let needs: Vec<Abilities> = questions.iter().map(Question::needs).collect();
    assert_eq!(needs, [Abilities::SAMPLING.with(Abilities::SAMPLING_TOOLS), Abilities::ROOTS]);
    let request = text_of(questions[0].request("\"g.1\""));
    assert_eq!(read(&request).method(), Some(Method::SamplingCreateMessage));
    let answers = [("a".to_owned(), "{\"role\":\"user\"}".to_owned())];
    let state = message.raw(Part::ResultState, result);
    let again = text_of(questions::again(&read(first), first, "2", (&answers, state)));
    let wanted = json!({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","arguments":{"x":1.5},"inputResponses":{"a":{"role":"user"}},"requestState":"s\"1"}});
    assert_eq!(value(&again), wanted);
    for odd in
        [r#""inputRequests":{"a":{"method":"tools/call"}}"#, r#""inputRequests":[]"#, r#""x":1"#]
    {
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"resultType":"input_required",{odd}}}}}"#
        );
        assert!(Question::of_result(&read(&text), &text).is_err(), "{odd}");
    }
}

#[test]
fn urls_that_come_first_are_questions() {
    let text = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32042,"message":"m","data":{"elicitations":[{"mode":"url","elicitationId":"e","url":"https://a","message":"go"}]}}}"#;
    let questions = questions::urls_first(&read(text), text).unwrap();
    assert_eq!(value(&questions[0].params), json!({"mode":"url","url":"https://a","message":"go"}));
    let other = text.replace("-32042", "-32043");
    assert_eq!(questions::urls_first(&read(&other), &other), None);
}

#[test]
fn changes_are_listened_for_by_subscriptions_and_the_other_way_round() {
    let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let filter = Filter { tools: true, uris: vec!["a:b".to_owned()], ..Filter::default() };
    let listen = text_of(filter.listen("1", meta));
    assert!(arrives(&listen), "{listen}");
    assert_eq!(Filter::read(&read(&listen), &listen), Ok(filter.clone()));
    let told = text_of(filter.acknowledged("\"x\""));
    let message = read(&told);
    assert_eq!(Filter::read(&message, &told), Ok(filter.clone()));
    assert_eq!(message.raw(Part::SubscriptionId, &told), Some("\"x\""));
    let changed =
        r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:b"}}"#;
    assert!(filter.wants(&read(changed), changed));
    let modern = text_of(changes::to_modern(&read(changed), "\"x\"").apply(changed));
    assert_eq!(
        value(&modern)["params"]["_meta"],
        json!({"io.modelcontextprotocol/subscriptionId":"x"})
    );
    let back = text_of(changes::to_legacy(&read(&modern)).apply(&modern));
    assert_eq!(
        value(&back),
        json!({"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:b","_meta":{}}})
    );
    let other = changed.replace("a:b", "a:c");
    assert!(!filter.wants(&read(&other), &other));
    let prompts = r#"{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}"#;
    assert!(!filter.wants(&read(prompts), prompts));
    let mut all = filter;
    all.join(Filter {
        prompts: true,
        uris: vec!["a:b".to_owned(), "c:d".to_owned()],
        ..Filter::default()
    });
    assert!(all.wants(&read(prompts), prompts) && all.uris.len() == 2);
    for (bytes, method) in [
        (changes::subscribe("1", "a:b", true), Method::ResourcesSubscribe),
        (changes::subscribe("1", "a:b", false), Method::ResourcesUnsubscribe),
        (changes::set_level("1", "info"), Method::LoggingSetLevel),
        (changes::cancelled("1"), Method::Cancelled),
    ] {
        assert_eq!(read(&text_of(bytes)).method(), Some(method));
    }
    let end = text_of(changes::ended("7"));
    assert_eq!(read(&end).count(Part::ResultSubscriptionId, &end), Some(7));
    let many: Vec<String> = (0..1025).map(|at| format!("\"a:{at}\"")).collect();
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{{"notifications":{{"resourceSubscriptions":[{}]}}}}}}"#,
        many.join(",")
    );
    assert!(Filter::read(&read(&text), &text).is_err());
}

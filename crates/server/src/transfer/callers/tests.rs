//! What differs, as it is told, and what of keys is written.

use architrave_config::object::Callers;

use super::*;

/// Half an hour after 1970 began.
const NOW: i64 = 1_800_000_000;

fn people(file: Value) -> People {
    let list = |key: &str| file.get(key).and_then(Value::as_array).cloned();
    let callers = Callers {
        teams: list("teams"),
        applications: list("applications"),
        subscriptions: list("subscriptions"),
    };
    People::of_file(&callers).expect("it is well-formed")
}

fn told(held: &Value, wanted: &Value) -> String {
    let others = between(&people(held.clone()), &people(wanted.clone()), NOW);
    others.iter().map(|other| format!("{other}\n")).collect()
}

#[test]
fn what_comes_goes_and_changes_is_told_and_keys_only_come() {
    let held = json!({
        "applications": [
            { "name": "tills", "credentials": [{ "api_key": "k-one" }, { "api_key": "k-two" }] },
            { "name": "old" },
        ],
        "subscriptions": [
            { "application": "tills", "plan": "gold" },
            { "application": "old", "plan": "gold" },
        ],
    });
    let wanted = json!({
        "applications": [
            { "name": "tills", "description": "at the door", "credentials": [{ "api_key": "k-three" }] },
            { "name": "new" },
        ],
        "subscriptions": [
            { "application": "tills", "plan": "gold", "state": "suspended" },
            { "application": "old", "plan": "gold", "state": "cancelled" },
            { "application": "new", "plan": "gold" },
        ],
    });
    assert_eq!(told(&held, &held), "");
    assert_eq!(
        told(&held, &wanted),
        "+ application new\n\
         ~ application tills\n    /description: \"\" → \"at the door\"\n    \
         /credentials: one more key, `key`\n\
         - application old\n\
         + subscription new to gold\n\
         ~ subscription tills to gold\n    /state: active → suspended\n\
         - subscription old to gold\n"
    );
    // A file that says nothing of them takes nothing away.
    assert_eq!(told(&held, &json!({})), "");
}

#[test]
fn teams_come_and_change_and_never_go() {
    let held = json!({ "teams": [
        { "name": "blue", "budgets": [{ "money": "5 USD", "per": "day" }] },
        { "name": "red" },
    ] });
    let wanted = json!({ "teams": [
        { "name": "blue", "display_name": "Blue", "budgets": [{ "money": "5.00 USD", "per": "day" }] },
        { "name": "green", "budgets": [{ "tokens": 5, "per": "day" }] },
    ] });
    assert_eq!(told(&held, &held), "");
    assert_eq!(
        told(&held, &wanted),
        "~ team blue\n    /display_name: \"blue\" → \"Blue\"\n+ team green\n"
    );
    let less = told(&held, &json!({ "teams": [{ "name": "blue" }] }));
    assert!(less.starts_with("~ team blue\n    /budgets: [{"), "{less}");
    assert!(less.ends_with("}] → []\n"), "{less}");
    let (written, _) = people(wanted.clone()).written(false);
    assert_eq!(json!({ "teams": written.teams }), wanted);
}

#[test]
fn only_keys_of_which_a_digest_tells_nothing_are_written() {
    let digest = "ab".repeat(32);
    let file = json!({ "applications": [{
        "name": "tills",
        "credentials": [
            { "api_key": "guess-me" },
            { "api_key_hash": { "sha256": digest, "name": "main", "prefix": MADE_HERE, "last4": "wxyz" } },
        ],
    }] });
    let (written, left_out) = people(file.clone()).written(false);
    assert_eq!(left_out, ["tills"]);
    let written = written.applications.expect("something is said");
    assert_eq!(written[0]["credentials"].as_array().map(Vec::len), Some(1));
    assert_eq!(written[0]["credentials"][0]["api_key_hash"]["sha256"], digest);
    let (all, left_out) = people(file).written(true);
    assert!(left_out.is_empty());
    let all = all.applications.expect("something is said");
    assert_eq!(all[0]["credentials"].as_array().map(Vec::len), Some(2));
    assert!(!all[0].to_string().contains("guess-me"));
}

#[test]
fn keys_come_once_are_called_otherwise_and_end_sooner_and_never_later() {
    let file = |name: Option<&str>, end: Option<&str>| {
        let mut hash = json!({ "sha256": "ab".repeat(32) });
        if let Some(name) = name {
            hash["name"] = name.into();
        }
        if let Some(end) = end {
            hash["expires_at"] = end.into();
        }
        json!({ "applications": [{ "name": "tills", "credentials": [{ "api_key_hash": hash }] }] })
    };
    let none = json!({ "applications": [{ "name": "tills" }] });
    let (soon, late, past) =
        ("2030-01-01T00:00:00Z", "2040-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
    for (held, wanted, place) in [
        (none.clone(), file(Some("main"), None), "/credentials: one more key, `main`"),
        (none, file(Some("main"), Some(past)), ""),
        (file(Some("main"), None), file(None, None), ""),
        (
            file(Some("main"), None),
            file(Some("other"), None),
            "/credentials/main/name: \"main\" → \"other\"",
        ),
        (
            file(Some("main"), None),
            file(None, Some(late)),
            "/credentials/main/expires_at: null → \"2040-01-01T00:00:00.000000Z\"",
        ),
        (
            file(Some("main"), Some(late)),
            file(None, Some(soon)),
            "/credentials/main/expires_at: \"2040-01-01T00:00:00.000000Z\" → \
             \"2030-01-01T00:00:00.000000Z\"",
        ),
        (file(Some("main"), Some(soon)), file(None, Some(late)), ""),
        (file(Some("main"), Some(soon)), file(None, None), ""),
    ] {
        let expected = match place {
            "" => String::new(),
            place => format!("~ application tills\n    {place}\n"),
        };
        assert_eq!(told(&held, &wanted), expected, "{held} {wanted}");
    }
    // One that has ended there is told of, and does not come.
    let mut held = people(json!({ "applications": [{ "name": "tills" }] }));
    held.ended.insert("ab".repeat(32));
    let wanted = people(file(Some("main"), None));
    assert!(between(&held, &wanted, NOW).is_empty());
    let said = left_alone(&held, &wanted, NOW);
    assert_eq!(said, ["1 key of the file has ended there and is not brought back"]);
    let said = left_alone(&people(file(None, Some(soon))), &wanted, NOW);
    assert_eq!(said, ["1 key ends sooner there than in the file, and so it stays"]);
}

#[test]
fn answers_differ_where_they_are_said() {
    let of = |answers: Option<Value>| {
        let mut one = json!({ "application": "tills", "plan": "gold" });
        if let Some(answers) = answers {
            one["answers"] = answers;
        }
        json!({ "subscriptions": [one] })
    };
    let (old, new) = (json!({ "purpose": "a" }), json!({ "purpose": "b" }));
    assert_eq!(told(&of(Some(old.clone())), &of(None)), "");
    assert_eq!(
        told(&of(Some(old)), &of(Some(new))),
        "~ subscription tills to gold\n    /answers: {\"purpose\":\"a\"} → {\"purpose\":\"b\"}\n"
    );
}

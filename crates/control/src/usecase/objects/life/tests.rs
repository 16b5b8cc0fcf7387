//! Which moves lead from where to where, and what each writes.

use super::*;

const NOW: &str = "2026-05-17T08:09:10.000000Z";

fn after(verb: &str, before: &Value, terms: &Value) -> Result<Value, ApiError> {
    let terms = terms.as_object().cloned().unwrap_or_default();
    let how = Applied { terms: &terms, now: NOW, by_platform: false };
    Move::of(verb).unwrap().apply(before, &how)
}

#[test]
fn every_move_leads_from_its_states_and_from_no_other() {
    let states = ["draft", "in_review", "published", "deprecated", "retired", "archived"];
    for (verb, from) in [
        ("submit", &["draft"][..]),
        ("reject", &["in_review"]),
        ("publish", &["draft", "in_review", "deprecated"]),
        ("withdraw", &["in_review", "published"]),
        ("deprecate", &["published", "deprecated"]),
        ("retire", &["deprecated"]),
        ("archive", &["draft", "retired"]),
        ("suspend", &["draft", "in_review", "published", "deprecated", "retired"]),
    ] {
        let fits = |state: &&str| after(verb, &json!({ "state": state }), &json!({})).is_ok();
        let fitting: Vec<_> = states.into_iter().filter(fits).collect();
        assert_eq!(fitting, from, "{verb}");
    }
    let error = after("retire", &json!({}), &json!({})).unwrap_err();
    assert_eq!(error.code(), Code::StateNotFitting);
}

#[test]
fn a_deprecation_has_its_terms_and_is_taken_back_whole() {
    let plain = json!({ "name": "a", "http": {} });
    let old = after("deprecate", &plain, &json!({ "sunset_at": "2027-01-01" })).unwrap();
    let wanted = json!({
        "name": "a", "http": {}, "state": "deprecated", "deprecated_at": NOW,
        "sunset_at": "2027-01-01",
    });
    assert_eq!(old, wanted);
    let later = after("deprecate", &old, &json!({ "sunset_at": "2028-01-01", "successor": "b" }));
    let later = later.unwrap();
    assert_eq!((&later["sunset_at"], &later["deprecated_at"]), (&json!("2028-01-01"), &json!(NOW)));
    let endless = after("deprecate", &later, &json!({ "sunset_at": null })).unwrap();
    assert_eq!((endless.get("sunset_at"), &endless["successor"]), (None, &json!("b")));
    let back = after("publish", &later, &json!({})).unwrap();
    assert_eq!(back, json!({ "name": "a", "http": {}, "state": "published" }));
}

#[test]
fn suspending_changes_nothing_else_and_is_not_done_twice() {
    let old = json!({ "state": "deprecated", "deprecated_at": "2026-01-01" });
    let away = after("suspend", &old, &json!({})).unwrap();
    assert!(after("suspend", &away, &json!({})).is_err());
    assert_eq!(after("resume", &away, &json!({})).unwrap(), old);
    assert!(after("resume", &old, &json!({})).is_err());
}

#[test]
fn what_a_platform_admin_suspends_only_one_resumes() {
    let plain = json!({ "state": "published" });
    let suspend = |by_platform| {
        let how = Applied { terms: &Map::new(), now: NOW, by_platform };
        Move::of("suspend").unwrap().apply(&plain, &how).unwrap()
    };
    let resume = Move::of("resume").unwrap();
    let (own, platform) = (suspend(false), suspend(true));
    for (before, by_platform, is_let) in [
        (&own, false, true),
        (&own, true, true),
        (&platform, false, false),
        (&platform, true, true),
    ] {
        assert_eq!(check_resumed(resume, before, by_platform).is_ok(), is_let, "{before}");
        assert_eq!(check_removed(before, by_platform).is_ok(), is_let, "{before}");
    }
    assert_eq!(after("resume", &platform, &json!({})).unwrap(), plain);
    let published = after("publish", &json!({ "state": "draft", "suspended": true }), &json!({}));
    assert_eq!(published.unwrap()["suspended"], true, "what is suspended stays so");
}

#[test]
fn a_configuration_that_is_sent_moves_no_state() {
    let (old, new) = (json!({ "state": "deprecated", "deprecated_at": "2026-01-01" }), json!({}));
    let of = ObjectKind::Service;
    assert!(check(of, (Some(&old), &old), false).is_ok());
    let error = check(of, (Some(&old), &new), true).unwrap_err();
    assert_eq!(error.code(), Code::ObjectInvalid);
    assert!(check(ObjectKind::Route, (Some(&old), &new), false).is_ok());
    assert!(check(of, (None, &new), true).is_ok());
    assert!(check(of, (None, &new), false).is_err());
    assert!(check(of, (None, &json!({ "state": "draft" })), false).is_ok());
}

//! Children as servers over HTTP, of both eras.

use architrave_testkit::eventually;
use rustix::process::Pid;

use super::*;

const MODERN: (&str, &str) = ("mcp-protocol-version", "2026-07-28");

const DISCOVER: &str = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;

fn pids(answer: &str) -> Vec<Pid> {
    let numbers = answer.split(|letter: char| !letter.is_ascii_digit());
    let numbers = numbers.filter_map(|number| number.parse().ok()).filter(|pid| *pid > 100);
    numbers.map(process::pid).collect()
}

#[test]
fn a_session_has_a_child_of_its_own_which_ends_with_it() {
    let stand = Stand::child(&[], &[], LIMITS);
    let (one, other) = (stand.begin(), stand.begin());
    assert_ne!(one, other);
    let launcher = stand.launcher.as_ref().unwrap();
    assert_eq!(launcher.running(), 2);
    for (session, said) in [(&one, "a"), (&other, "b")] {
        let answer =
            stand.post(Some(session), &call("7", "echo", &format!(r#"{{"text":"{said}"}}"#)));
        let whole = answer.whole();
        assert!(whole.contains("\"id\":7") && whole.contains(&format!("\"{said}\"")), "{whole}");
    }
    let said = stand.post(Some(&one), &call("8", "pid", "{}")).whole();
    let pids = pids(&said);
    assert_eq!(pids.len(), 2, "{said}");
    assert!(pids.iter().all(|pid| process::is_alive(*pid)));
    assert_eq!(stand.send("DELETE", &[("mcp-session-id", &one)], "").status, 200);
    for pid in pids {
        eventually("the child and its worker end", SOON, || {
            (!process::is_alive(pid)).then_some(())
        });
    }
    assert_eq!(stand.post(Some(&one), &call("9", "echo", "{}")).status, 404);
    assert_eq!(stand.post(Some(&other), &call("9", "echo", "{}")).status, 200);
    assert_eq!(stand.send("DELETE", &[("mcp-session-id", &one)], "").status, 404);
}

#[test]
fn what_comes_on_the_way_to_an_answer_comes_on_its_stream() {
    let stand = Stand::child(&[], &[], LIMITS);
    let session = stand.begin();
    let said = stand.post(Some(&session), &call("\"x\"", "progress", "{}")).all();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("\"progressToken\":\"p\"") && said[0].contains("\"progress\":1"));
    assert!(said[2].contains("\"id\":\"x\"") && said[2].contains("progressed"), "{said:?}");
    // What is for nobody in particular was kept for who comes to hear it.
    let mut events = stand.send("GET", &[("mcp-session-id", &session)], "").stream();
    let told = next(&mut events).unwrap();
    assert!(told.contains("notifications/tools/list_changed"), "{told}");
}

#[test]
fn a_server_asks_and_is_answered() {
    let stand = Stand::child(&[], &[], LIMITS);
    let session = stand.begin();
    let mut stream = stand.post(Some(&session), &call("1", "ask", "{}")).stream();
    let asked = next(&mut stream).unwrap();
    assert!(asked.contains("sampling/createMessage") && asked.contains("\"q-1\""), "{asked}");
    let answer = r#"{"jsonrpc":"2.0","id":"q-1","result":{"role":"assistant","model":"m","content":{"type":"text","text":"forty-two"}}}"#;
    assert_eq!(stand.post(Some(&session), answer).status, 202);
    let said = next(&mut stream).unwrap();
    assert!(said.contains("forty-two"), "{said}");
    assert_eq!(next(&mut stream), None, "the answer is the end");
}

#[test]
fn one_who_dies_answers_for_all_that_was_asked_and_noise_is_passed_over() {
    let stand = Stand::child(&[], &[], LIMITS);
    let session = stand.begin();
    let said = stand.post(Some(&session), &call("1", "noise", "{}")).whole();
    assert!(said.contains("heard"), "{said}");
    let mut waiting = stand.post(Some(&session), &call("2", "wait", "{}")).stream();
    let said = stand.post(Some(&session), &call("3", "die", "{}")).all();
    assert!(said[0].contains("\"id\":3") && said[0].contains("-32603"), "{said:?}");
    let said = next(&mut waiting).unwrap();
    assert!(said.contains("\"id\":2") && said.contains("-32603"), "{said}");
    eventually("the session is over", SOON, || {
        let answer = stand.post(Some(&session), &call("4", "echo", "{}"));
        (answer.status == 404).then_some(())
    });
    stand.begin();
}

#[test]
fn without_sessions_all_share_one_child_and_get_their_own_answers() {
    let stand = Stand::child(&[], &[], LIMITS);
    let found = stand.send("POST", &[MODERN], DISCOVER).whole();
    assert!(found.contains("supportedVersions"), "{found}");
    std::thread::scope(|scope| {
        let asking = |text: String| {
            let stand = &stand;
            move || {
                let arguments = format!(r#"{{"text":"{text}"}}"#);
                let answer = stand.send("POST", &[MODERN], &modern("1", "echo", &arguments));
                assert!(answer.session.is_none());
                let said = answer.whole();
                assert!(said.contains("\"id\":1") && said.contains(&text), "{said}");
            }
        };
        (0..20).for_each(|number| drop(scope.spawn(asking(format!("text-{number}")))));
    });
    assert_eq!(stand.launcher.as_ref().unwrap().running(), 1);
    let unknown = modern("2", "echo", "{}").replace("tools/call", "tools/none");
    let answer = stand.send("POST", &[MODERN], &unknown);
    assert_eq!(answer.status, 404);
    let said = stand.send("POST", &[MODERN], &modern("2", "progress", "{}")).all();
    assert!(said[0].contains("\"progressToken\":\"p\"") && said.len() == 3, "{said:?}");
}

#[test]
fn who_goes_away_calls_off_what_they_asked_where_that_is_meant_by_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("off");
    let stand = Stand::child(&[], &[("CALLED_OFF", &file.display().to_string())], LIMITS);
    let waiting = stand.send("POST", &[MODERN], &modern("1", "wait", "{}")).stream();
    assert!(!file.exists());
    drop(waiting);
    eventually("the server is told", SOON, || file.exists().then_some(()));
}

#[test]
fn one_of_the_legacy_era_is_known_by_its_refusal_or_its_silence() {
    for arguments in [&["--legacy"][..], &["--mute"][..]] {
        let stand = Stand::child(arguments, &[], LIMITS);
        let found = stand.send("POST", &[MODERN], DISCOVER).whole();
        assert!(found.contains("-32601") && found.contains("\"id\":1"), "{found}");
        let launcher = stand.launcher.as_ref().unwrap();
        eventually("the child that was asked ends", SOON, || {
            (launcher.running() == 0).then_some(())
        });
        stand.begin();
    }
}

#[test]
fn nobody_is_let_in_who_does_not_know_the_secret() {
    let stand = Stand::child(&[], &[], LIMITS);
    assert!(!format!("{:?}", stand.bridged).contains("Bearer"), "it is printed nowhere");
    for authorization in ["Bearer x", "", "Basic eDp5"] {
        let answer = stand.send("POST", &[("authorization", authorization)], DISCOVER);
        assert_eq!(answer.status, 404, "{authorization:?}");
    }
    assert_eq!(stand.launcher.as_ref().unwrap().running(), 0);
    for (body, status) in [("{", 400), ("[]", 400), ("{}", 400), (&*call("1", "echo", "{}"), 400)] {
        assert_eq!(stand.post(None, body).status, status, "{body}");
    }
    assert_eq!(stand.post(Some("forged"), &call("1", "echo", "{}")).status, 404);
    assert_eq!(stand.send("GET", &[], "").status, 400);
    assert_eq!(stand.send("PUT", &[], "").status, 405);
}

#[test]
fn there_are_no_more_sessions_than_children() {
    let stand = Stand::child(&[], &[], ChildLimits { processes_max: 1, ..LIMITS });
    let session = stand.begin();
    let opening = r#"{"jsonrpc":"2.0","id":5,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let answer = stand.post(None, opening);
    assert_eq!(answer.status, 503);
    assert!(answer.whole().contains("\"id\":5"));
    assert_eq!(stand.send("DELETE", &[("mcp-session-id", &session)], "").status, 200);
    eventually("there is room again", SOON, || {
        (stand.post(None, opening).status == 200).then_some(())
    });
}

#[test]
fn a_server_that_is_taken_away_takes_its_children_along() {
    let Stand { bridged, launcher, _runtime } = Stand::child(&[], &[], LIMITS);
    let stand = Stand { bridged, launcher: None, _runtime };
    stand.begin();
    stand.begin();
    let launcher = launcher.unwrap();
    assert_eq!(launcher.running(), 2);
    drop(stand.bridged);
    eventually("all have ended", SOON, || (launcher.running() == 0).then_some(()));
}

#[test]
fn a_server_that_speaks_quickly_loses_nothing() {
    let stand = Stand::child(&[], &[], LIMITS);
    let session = stand.begin();
    for count in [100, 2000] {
        let arguments = format!(r#"{{"count":{count}}}"#);
        for said in [
            stand.post(Some(&session), &call("1", "burst", &arguments)).all(),
            stand.send("POST", &[MODERN], &modern("1", "burst", &arguments)).all(),
        ] {
            assert_eq!(said.len(), count + 1, "{count}: the end is {:?}", said.last());
            assert!(said[count].contains("\"id\":1") && said[count].contains("burst"));
        }
    }
}

#[test]
fn a_client_that_reads_nothing_costs_the_others_a_while_and_not_their_answers() {
    let stand = Stand::child(&[], &[], LIMITS);
    let large = modern("1", "burst", r#"{"count":3000,"bytes":20000}"#);
    let _unread = stand.send("POST", &[MODERN], &large).stream();
    let said = stand.send("POST", &[MODERN], &modern("2", "echo", r#"{"text":"there"}"#)).all();
    let last = said.last().expect("an answer");
    assert!(last.contains("\"id\":2") && last.contains("there"), "{last}");
}

#[test]
fn a_session_whose_client_has_gone_before_it_was_made_ends() {
    let stand = Stand::child(&["--slow"], &[], ChildLimits { processes_max: 1, ..LIMITS });
    let opening = r#"{"jsonrpc":"2.0","id":5,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let launcher = stand.launcher.as_ref().unwrap();
    let socket = stand.ask("POST", &[], opening);
    eventually("it begins", SOON, || (launcher.running() == 1).then_some(()));
    drop(socket);
    eventually("it ends", SOON, || (launcher.running() == 0).then_some(()));
    let answer = stand.post(None, opening);
    assert_eq!(answer.status, 200, "there is room again");
    assert!(answer.session.is_some());
}

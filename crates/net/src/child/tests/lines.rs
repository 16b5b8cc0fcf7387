//! What is said to children and heard of them.

use architrave_testkit::process;
use architrave_testkit::wait::{SOON, settled};
use tokio::time::timeout;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_there_and_back() {
    let launcher = launcher(program("cat", &[]));
    let mut child = launcher.launch().await.unwrap();
    let large = format!("\"{}\"", "x".repeat(900_000));
    for message in ["{}", "{\n\"a\": 1\r\n}", &large] {
        child.teller().say(message.to_owned().into()).await.unwrap();
        assert_eq!(line(&mut child).await, message.replace(['\n', '\r'], " "));
    }
    let longer = Bytes::from(vec![b'x'; LIMITS.line_bytes_max + 1]);
    let refused = child.teller().say(longer).await;
    assert!(matches!(refused, Err(ChildError::TooLong { .. })), "{refused:?}");
    child.teller().say("[]".into()).await.unwrap();
    assert_eq!(line(&mut child).await, "[]");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_knows_what_it_is_told_and_nothing_else_of_our_environment() {
    let program = Program { folder: Some("/".into()), ..shell("env; pwd") };
    assert!(!format!("{program:?}").contains("s3cr3t"));
    let mut child = launcher(program).launch().await.unwrap();
    let mut said = Vec::new();
    while let Some(Heard::Line(line)) = child.hear().await {
        said.push(String::from_utf8_lossy(&line).into_owned());
    }
    assert!(said.contains(&"TOKEN=s3cr3t".to_owned()), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("PATH=")), "{said:?}");
    // Cargo sets it for every test, so that it could have come through.
    assert!(!said.iter().any(|line| line.starts_with("CARGO")), "{said:?}");
    assert_eq!(said.last().unwrap(), "/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_line_is_lost_alone() {
    let mut child = launcher(shell(
        "echo '{}'; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo after; printf '{\"a'",
    ))
    .launch()
    .await
    .unwrap();
    assert_eq!(line(&mut child).await, "{}");
    assert_eq!(child.hear().await, Some(Heard::TooLong));
    assert_eq!(line(&mut child).await, "after");
    assert_eq!(child.hear().await, Some(Heard::CutOff), "it died in the middle of a message");
    assert_eq!(child.hear().await, None);
    let end = ChildEnd { cause: Cause::Itself, ending: Ending::Code(0) };
    assert_eq!(child.ended().await, end);
    assert!(matches!(child.teller().say("{}".into()).await, Err(ChildError::Gone)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_does_no_harm() {
    let mut child = launcher(shell("head -c 3000000 /dev/urandom")).launch().await.unwrap();
    let (mut bytes, mut lines) = (0, 0);
    while let Some(heard) = timeout(SOON, child.hear()).await.expect("it ends") {
        bytes += heard.bytes();
        lines += 1;
    }
    assert!(lines > 1000 && (2_900_000..3_000_000).contains(&bytes), "{lines} {bytes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_floods_waits_for_who_listens() {
    let flood = "yes flooded >&2 & exec yes 0123456789012345678901234567890123456789";
    let mut child = launcher(shell(flood)).launch().await.unwrap();
    line(&mut child).await;
    let pid = child.pid();
    let _spent = settled("it waits", Duration::from_millis(300), || process::cpu(pid));
    // Several times as much as all that lies between holds: it goes on when somebody listens.
    for _ in 0..200_000 {
        line(&mut child).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_does_not_read_holds_up_nobody_else() {
    let supervisor = supervisor();
    let deaf = Launcher::new(supervisor.clone(), program("sleep", &["1000"]), LIMITS);
    let child = deaf.launch().await.unwrap();
    let teller = child.teller().clone();
    let mut taken = 0;
    let message = Bytes::from(vec![b'x'; 400 << 10]);
    while timeout(Duration::from_millis(300), teller.say(message.clone())).await.is_ok() {
        taken += 1;
    }
    assert!((1..=4).contains(&taken), "{taken}");
    let other = Launcher::new(supervisor, program("cat", &[]), LIMITS);
    let mut other = other.launch().await.unwrap();
    other.teller().say("{}".into()).await.unwrap();
    assert_eq!(line(&mut other).await, "{}");
    let pid = child.pid();
    drop(child);
    let said = timeout(SOON, teller.say(message)).await.expect("it does not wait for ever");
    assert!(matches!(said, Err(ChildError::Gone)), "{said:?}");
    architrave_testkit::eventually("it ends", SOON, || (!process::is_alive(pid)).then_some(()));
}

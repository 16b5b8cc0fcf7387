//! The first chats with a gateway: whether it does what it is measured at.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, bail};
use architrave_core::Clock;

use super::scripts::Script;
use crate::bench::llm_origin::CHUNKS;
use crate::bench::stand::Running;

/// How long a gateway may accept connections before it serves.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries.
const RETRY_AFTER: Duration = Duration::from_millis(50);

/// How much is shown of an answer that is not right.
const SHOWN_BYTES: usize = 1_000;

type Fields = [(&'static str, String)];

/// Asks until the answer is the origin's, for a gateway may accept connections before it serves.
///
/// # Errors
/// When none is within [`PATIENCE`]; shows the last answer, and what the gateway says.
pub(super) fn wait_until_right(
    running: &mut Running,
    script: Script,
    fields: &Fields,
) -> Result<()> {
    let clock = Clock::system();
    let deadline = clock.now() + PATIENCE;
    loop {
        let answer = ask(running.port, script, fields);
        if answer.as_ref().is_ok_and(|answer| is_right(answer, script)) {
            return Ok(());
        }
        if let Some(process) = running.process.as_mut() {
            process.check_alive()?;
        }
        if clock.now() > deadline {
            let answer = answer.unwrap_or_else(|error| format!("{error:#}"));
            let skipped = answer.len().saturating_sub(SHOWN_BYTES);
            let end = String::from_utf8_lossy(&answer.as_bytes()[skipped..]);
            bail!("{}\nit answers, at the end:\n{end}", running.told("asking"));
        }
        std::thread::sleep(RETRY_AFTER);
    }
}

/// Whether a client is refused whose key is another.
pub(super) fn refuses_wrong_key(
    running: &Running,
    script: Script,
    fields: &Fields,
) -> Result<bool> {
    let wrong = |(name, value): &(&'static str, String)| match *name {
        "authorization" => (*name, "Bearer another-key".to_owned()),
        _ => (*name, value.clone()),
    };
    let fields: Vec<(&'static str, String)> = fields.iter().map(wrong).collect();
    Ok(!is_ok(&ask(running.port, script, &fields)?))
}

fn ask(port: u16, script: Script, fields: &Fields) -> Result<String> {
    let body = script.body();
    let fields: String =
        fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "POST {} HTTP/1.1\r\nhost: bench.example\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n{fields}\r\n{body}",
        script.path(),
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn is_ok(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200")
}

/// Whether all of the origin's text is there.
fn is_right(answer: &str, script: Script) -> bool {
    let is_whole = if script.is_stream() {
        // A gateway may cut the text of an event in two where it frames it anew.
        answer.matches(" word").count() * 10 > CHUNKS * 9 && answer.contains("[DONE]")
    } else {
        answer.contains("A load balancer spreads")
    };
    is_ok(answer) && is_whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_all_of_the_text_is_not_right() {
        let stream = |chunks| format!("HTTP/1.1 200 OK\r\n\r\n{}[DONE]", " word".repeat(chunks));
        assert!(is_right(&stream(CHUNKS - 1), Script::Burst));
        assert!(!is_right(&stream(CHUNKS / 2), Script::Burst));
        let whole = "HTTP/1.1 200 OK\r\n\r\nA load balancer spreads";
        assert!(is_right(whole, Script::Chat));
        assert!(!is_right(&whole.replace("200", "500"), Script::Chat));
    }
}

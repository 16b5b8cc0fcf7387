//! What `--demo` says to who has just started it: where to send the first request, and what to
//! look at. Every line of it that is a command can be pasted as it stands; a test does so.

use std::fmt::Write as _;
use std::path::Path;

use crate::demo;
use crate::engine::Addresses;

/// How many requests are suggested to see who answers.
const REQUESTS: &str = "for i in 1 2 3 4 5 6";

/// What is known of the gateway that greets.
pub(crate) struct Greeting<'a> {
    /// Where it listens.
    pub addresses: &'a Addresses,
    /// The gateway file.
    pub file: &'a Path,
    /// The upstream that has the demo origins, if one has.
    pub upstream: Option<String>,
    /// Whether a terminal shows it, so that it may be emphasised.
    pub is_terminal: bool,
}

impl Greeting<'_> {
    /// The whole of it.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let (bold, plain) = if self.is_terminal { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        let mut text = format!("\n  {bold}Architrave carries the load.{plain}\n");
        if let Some(web) = self.addresses.first_http() {
            let origins = demo::PORTS.map(|port| format!("127.0.0.1:{port}")).join("   ");
            let _infallible = write!(
                text,
                "\n    you ──► http://{web} ──► {origins}\n\
                 \n  {bold}In another terminal{plain}\n"
            );
            self.suggest(&mut text, "a first request", &[format!("curl http://{web}/")]);
            let many = format!("{REQUESTS}; do curl -s http://{web}/ | head -n 1; done");
            self.suggest(&mut text, "six more: who answers?", &[many]);
        }
        if let Some(admin) = self.addresses.admin {
            let base = format!("http://{admin}/api/v1/upstreams");
            self.suggest(&mut text, "the servers, and how they do", &[format!("curl -s {base}")]);
            if let Some(upstream) = &self.upstream {
                let one = format!("{base}/{upstream}/endpoints/127.0.0.1:{}", demo::PORTS[0]);
                let acts = ["drain", "ready"].map(|act| format!("curl -s -X POST {one}:{act}"));
                self.suggest(&mut text, "take the first out of service, and put it back", &acts);
            }
            let metrics = format!("curl -s http://{admin}/metrics");
            self.suggest(&mut text, "what happened, in figures", &[metrics]);
        }
        let _infallible = write!(
            text,
            "\n  {bold}Here{plain}, every request becomes a line of JSON.\n  \
             Change {bold}{}{plain}: it is taken as you save it.\n  \
             {bold}Ctrl-C{plain} finishes what is in flight and ends.\n",
            self.file.display()
        );
        text
    }

    fn suggest(&self, text: &mut String, what_for: &str, commands: &[String]) {
        let (dim, plain) = if self.is_terminal { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        let _infallible = writeln!(text, "\n    {dim}# {what_for}{plain}");
        for command in commands {
            let _infallible = writeln!(text, "    {command}");
        }
    }
}

//! What `--demo` says to who has just started it: where to send the first request, and what to
//! look at. Every line of it that is a command can be pasted as it stands; a test does so.

use std::fmt::Write as _;
use std::path::Path;

use architrave_config::{
    Mock, MockReply, Model, PathMatch, ProviderKind, Route, ServiceKind, Snapshot,
};

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
    /// Where models are asked, if they are.
    pub chat: Option<Chat>,
    /// Whether a terminal shows it, so that it may be emphasised.
    pub is_terminal: bool,
}

/// Models that can be asked.
pub(crate) struct Chat {
    /// What stands before the paths of clients.
    base_path: String,
    /// A model.
    model: String,
    /// A model that says the same to everybody, and so what it lacks to be a real one.
    guide: Option<String>,
}

impl Chat {
    /// Those of a configuration; `None` where no route leads to models for everybody.
    #[must_use]
    pub(crate) fn of(snapshot: &Snapshot) -> Option<Self> {
        let service =
            |route: &Route| match &snapshot.services[route.services.first()?.service.get()].kind {
                ServiceKind::Llm(service) if route.hosts.is_empty() => Some(service.clone()),
                _ => None,
            };
        let (route, service) =
            snapshot.routes.iter().find_map(|route| Some((route, service(route)?)))?;
        let base_path = match &route.matches.first()?.path {
            _ if route.keep_prefix => String::new(),
            PathMatch::Prefix(prefix) => prefix.clone(),
            PathMatch::Exact(_) | PathMatch::Regex(_) => return None,
        };
        let is_there = |name: &str| service.models.iter().any(|pattern| pattern.matches(name));
        let mut models = snapshot.models.iter().filter(|model| is_there(model.name.as_str()));
        let model = models.next()?.name.as_str().to_owned();
        let guide = models.find(|model| is_guide(snapshot, model));
        Some(Self { base_path, model, guide: guide.map(|model| model.name.as_str().to_owned()) })
    }
}

/// Whether nothing but a mock with one thing to say stands behind a model.
fn is_guide(snapshot: &Snapshot, model: &Model) -> bool {
    model.deployments.iter().all(|deployment| {
        let kind = &snapshot.providers[deployment.provider.get()].kind;
        matches!(kind, ProviderKind::Mock(Mock { reply: MockReply::Fixed(_), .. }))
    })
}

impl Greeting<'_> {
    /// The whole of it.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let (bold, plain) = if self.is_terminal { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        let mut text = format!("\n  {bold}Architrave carries the load.{plain}\n");
        if let Some(web) = self.addresses.first_http() {
            let origins = demo::PORTS.map(|port| port.to_string()).join(", ");
            let _infallible = write!(
                text,
                "\n    you ──► http://{web} ──► 127.0.0.1:{origins}\n\
                 \n  {bold}In another terminal{plain}\n"
            );
            self.suggest(&mut text, "a first request", &[format!("curl http://{web}/")]);
            let many = format!("{REQUESTS}; do curl -s http://{web}/ | head -n 1; done");
            self.suggest(&mut text, "six more: who answers?", &[many]);
            if let Some(chat) = &self.chat {
                self.suggest_chat(&mut text, &format!("http://{web}"), chat);
            }
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

    fn suggest_chat(&self, text: &mut String, web: &str, chat: &Chat) {
        let url = format!("{web}{}/v1/chat/completions", chat.base_path);
        // Broken where a narrow terminal would, and can still be pasted.
        let ask = |model: &str, stream: &str, said: &str| {
            format!(
                "curl -sN {url} -d '{{\n      \"model\": \"{model}\",{stream}\n      \
                 \"messages\": [{{\"role\": \"user\", \"content\": \"{said}\"}}]}}'"
            )
        };
        let streamed = ask(&chat.model, " \"stream\": true,", "Hello, is anybody there?");
        self.suggest(text, "a chat with a model, as a stream", &[streamed]);
        if let Some(guide) = &chat.guide {
            let what_for =
                "one with a real model; while there is none, this tells the two steps to it";
            self.suggest(text, what_for, &[ask(guide, "", "Are you real?")]);
        }
    }

    fn suggest(&self, text: &mut String, what_for: &str, commands: &[String]) {
        let (dim, plain) = if self.is_terminal { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        let _infallible = writeln!(text, "\n    {dim}# {what_for}{plain}");
        for command in commands {
            let _infallible = writeln!(text, "    {command}");
        }
    }
}

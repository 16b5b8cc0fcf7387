//! What `--demo` says to who has just started it: where to send the first request, and what to
//! look at. Every line of it that is a command can be pasted as it stands; a test does so.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use architrave_config::{ListenerIndex, Snapshot, UpstreamIndex};

use crate::demo;
use crate::engine::Addresses;

mod ways;

use ways::{Chat, Key, Web};

/// How many requests are suggested to see who answers.
const REQUESTS: &str = "for i in 1 2 3 4 5 6";

/// Names of models in the picture; the file has the rest.
const MODELS_SHOWN: usize = 3;

/// What is known of the gateway that greets.
pub(crate) struct Greeting<'a> {
    /// Where it listens.
    pub addresses: &'a Addresses,
    /// The gateway file, where there is one.
    pub file: Option<&'a Path>,
    /// What the configuration says.
    pub snapshot: &'a Snapshot,
    /// The upstreams that have demo origins, each with all its endpoints.
    pub demos: Vec<(String, Vec<SocketAddr>)>,
    /// Whether a terminal shows it, so that it may be emphasised.
    pub is_terminal: bool,
}

/// What can be asked at an address.
struct Door {
    address: SocketAddr,
    web: Option<Web>,
    chat: Option<Chat>,
}

impl Greeting<'_> {
    /// The whole of it.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let (bold, plain) = if self.is_terminal { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        let mut text = format!("\n  {bold}Architrave carries the load.{plain}\n");
        let door = self.door();
        if let Some(door) = &door {
            self.draw(&mut text, door);
        }
        let _infallible = writeln!(text, "\n  {bold}In another terminal{plain}");
        if let Some(door) = &door {
            self.suggest_web(&mut text, door);
            self.suggest_chat(&mut text, door);
        }
        if let Some(admin) = self.addresses.admin {
            self.suggest_admin(&mut text, admin, door.as_ref());
        }
        let _infallible = write!(text, "\n  {bold}Here{plain}, every request becomes a line.\n");
        if let Some(file) = self.file {
            let file = file.display();
            let _infallible =
                writeln!(text, "  Change {bold}{file}{plain}: it is taken as you save it.");
        }
        let _infallible =
            writeln!(text, "  {bold}Ctrl-C{plain} finishes what is in flight and ends.");
        text
    }

    /// The first listener where HTTP is spoken, with what it leads to.
    fn door(&self) -> Option<Door> {
        let (name, address) = self.addresses.first_http()?;
        let snapshot = self.snapshot;
        let is_it = |index: &ListenerIndex| snapshot.listeners[index.get()].name.as_str() == name;
        let mut listeners = snapshot.routes.iter().flat_map(|route| &route.listeners);
        let listener = listeners.find(|index| is_it(index)).copied();
        let ways = listener.map(|listener| Web::all(snapshot, listener)).unwrap_or_default();
        let leads_to_demo = |way: &Web| way.upstreams.iter().all(|one| self.demo(*one).is_some());
        let web = ways.into_iter().find(leads_to_demo);
        let chat = listener.and_then(|listener| Chat::of(snapshot, listener));
        Some(Door { address, web, chat })
    }

    /// The endpoints of an upstream that has demo origins.
    fn demo(&self, upstream: UpstreamIndex) -> Option<&(String, Vec<SocketAddr>)> {
        let name = self.snapshot.upstreams[upstream.get()].name.as_str();
        self.demos.iter().find(|(demo, _)| demo == name)
    }

    /// A picture of who asks whom.
    fn draw(&self, text: &mut String, door: &Door) {
        let from = format!("you ──► http://{}", door.address);
        let mut to = Vec::new();
        if let Some(web) = &door.web {
            let demos = web.upstreams.iter().filter_map(|upstream| self.demo(*upstream));
            to.push(ends(demos.flat_map(|(_, endpoints)| endpoints).copied().collect()));
        }
        if let Some(chat) = &door.chat {
            let mut names: Vec<_> = chat.models.iter().take(MODELS_SHOWN).cloned().collect();
            if chat.models.len() > MODELS_SHOWN {
                names.push("…".to_owned());
            }
            to.push(format!("models: {}", names.join(", ")));
        }
        let blank = " ".repeat(from.chars().count());
        for (index, to) in to.iter().enumerate() {
            let from = if index == 0 { format!("\n    {from}") } else { format!("    {blank}") };
            let _infallible = writeln!(text, "{from} ──► {to}");
        }
        if to.is_empty() {
            let _infallible = writeln!(text, "\n    {from}");
        }
        if self.demos.is_empty() {
            let ports = demo::PORTS.map(|port| port.to_string()).join(", ");
            let file = self.file.map(|file| format!(" of {}", file.display()));
            let _infallible = writeln!(
                text,
                "\n  No upstream{} has one of the demo servers, 127.0.0.1:{ports}.",
                file.unwrap_or_default()
            );
        }
    }

    fn suggest_web(&self, text: &mut String, door: &Door) {
        let Some(web) = &door.web else { return };
        let (key, note) = key(web.key.as_ref());
        let ask = format!("{key} http://{}{}", door.address, web.path);
        self.suggest(text, &format!("a first request{note}"), &[format!("curl{ask}")]);
        let many = format!("{REQUESTS}; do curl -s{ask} | head -n 1; done");
        self.suggest(text, "six more: who answers?", &[many]);
    }

    fn suggest_chat(&self, text: &mut String, door: &Door) {
        let Some(chat) = &door.chat else { return };
        let (key, note) = key(chat.key.as_ref());
        let url = format!("http://{}{}", door.address, chat.path);
        // Broken where a narrow terminal would, and can still be pasted.
        let key = if key.is_empty() { key } else { format!("{key} \\\n     ") };
        let ask = |model: &str, stream: &str, said: &str| {
            format!(
                "curl -sN{key} {url} -d '{{\n      \"model\": \"{model}\",{stream}\n      \
                 \"messages\": [{{\"role\": \"user\", \"content\": \"{said}\"}}]}}'"
            )
        };
        let streamed = ask(&chat.models[0], " \"stream\": true,", "Hello, is anybody there?");
        self.suggest(text, &format!("a chat with a model, as a stream{note}"), &[streamed]);
        if let Some(guide) = &chat.guide {
            let what_for =
                "one with a real model; while there is none, this tells the two steps to it";
            self.suggest(text, what_for, &[ask(guide, "", "Are you real?")]);
        }
    }

    fn suggest_admin(&self, text: &mut String, admin: SocketAddr, door: Option<&Door>) {
        let has_token = self.snapshot.admin.as_ref().is_some_and(|admin| admin.token.is_some());
        let (token, note) = if has_token {
            (" -H \"authorization: Bearer $TOKEN\"", "; TOKEN is that of the admin API")
        } else {
            ("", "")
        };
        // By its own name a certificate is seldom for loopback.
        let has_tls = self.snapshot.admin.as_ref().is_some_and(|admin| admin.tls.is_some());
        let (scheme, token) = match has_tls {
            true => ("https", format!(" -k{token}")),
            false => ("http", token.to_owned()),
        };
        let base = format!("{scheme}://{admin}/api/v1/upstreams");
        let web = door.and_then(|door| door.web.as_ref());
        let asked = web.and_then(|web| self.demo(*web.upstreams.first()?));
        let demo = asked.or(self.demos.first());
        if let Some((upstream, endpoints)) = demo {
            let servers = [format!("curl -s{token} {base}")];
            self.suggest(text, &format!("the servers, and how they do{note}"), &servers);
            if let Some(first) = endpoints.iter().find(|one| demo::is_one(**one)) {
                let one = format!("{base}/{upstream}/endpoints/{first}");
                // Broken where a narrow terminal would, and can still be pasted.
                let acts = ["drain", "ready"]
                    .map(|act| format!("curl -s{token} -X POST \\\n      {one}:{act}"));
                self.suggest(text, "take the first out of service, and put it back", &acts);
            }
        } else if !self.snapshot.models.is_empty() {
            let models = [format!("curl -s{token} {scheme}://{admin}/api/v1/models")];
            self.suggest(text, &format!("the models, and how they do{note}"), &models);
        }
        let metrics = format!("curl -s{token} {scheme}://{admin}/metrics");
        self.suggest(text, "what happened, in figures", &[metrics]);
    }

    fn suggest(&self, text: &mut String, what_for: &str, commands: &[String]) {
        let (dim, plain) = if self.is_terminal { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        let _infallible = writeln!(text, "\n    {dim}# {what_for}{plain}");
        for command in commands {
            let _infallible = writeln!(text, "    {command}");
        }
    }
}

/// What presents a key to curl, and what is to be said of it.
fn key(key: Option<&Key>) -> (String, String) {
    // The key itself stays in the file: what a terminal shows is copied, recorded and shared.
    let Some(Key { consumer, header }) = key else { return Default::default() };
    (format!(" -H \"{header} $KEY\""), format!("; KEY is the key of consumer {consumer}"))
}

/// Endpoints, those of one address together.
fn ends(mut endpoints: Vec<SocketAddr>) -> String {
    endpoints.sort_unstable();
    endpoints.dedup();
    let mut said: Vec<String> = Vec::new();
    let mut last = None;
    for endpoint in endpoints {
        let is_same = last.replace(endpoint.ip()) == Some(endpoint.ip());
        said.push(if is_same { endpoint.port().to_string() } else { endpoint.to_string() });
    }
    said.join(", ")
}

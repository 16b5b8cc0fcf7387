//! Servers behind the bridge, asked over real sockets: real children in Python, and a server of the
//! oldest transport.

mod children;
mod old;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use architrave_net::child::{ChildLimits, Launcher, Program, Supervisor, supervise};
use architrave_testkit::{SOON, process, tools};
use tokio::runtime::{Builder, Runtime};

use super::*;

/// Run by [`Stand`] in a process of its own.
#[test]
fn supervisor_process() {
    if process::told().as_deref() == Some("supervise") {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(supervise()).unwrap();
    }
}

/// A bridge with one server behind it.
struct Stand {
    bridged: Bridged,
    launcher: Option<Launcher>,
    _runtime: Runtime,
}

/// An answer: a body, or the beginning of a stream.
struct Answer {
    status: u16,
    session: Option<String>,
    body: Body,
}

enum Body {
    Whole(String),
    Stream(BufReader<TcpStream>),
}

impl Stand {
    fn child(arguments: &[&str], environment: &[(&str, &str)], limits: ChildLimits) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let command = || process::again("bridge::tests::supervisor_process", "supervise");
        let supervisor = Supervisor::new(command, runtime.handle().clone());
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../../fixtures/blackbox/mcp_stdio.py")
            .display()
            .to_string();
        let own = arguments.iter().map(|&argument| argument.to_owned());
        let values = environment.iter();
        let program = Program {
            name: "stdio".into(),
            command: tools::python().display().to_string(),
            arguments: std::iter::once(script).chain(own).collect(),
            environment: values
                .map(|&(name, value)| (name.to_owned(), Secret::new(value)))
                .collect(),
            folder: None,
        };
        let launcher = Launcher::new(supervisor, program, limits);
        let bridged =
            Bridge::start().unwrap().announce("stdio", What::Line(Far::Child(launcher.clone())));
        Self { bridged, launcher: Some(launcher), _runtime: runtime }
    }

    /// Asks, and leaves the answer to whoever holds the socket.
    fn ask(&self, verb: &str, fields: &[(&str, &str)], body: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.bridged.address()).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        let mut head = format!("{verb} {} HTTP/1.1\r\nhost: b\r\n", self.bridged.target());
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !fields.iter().any(|(name, _)| *name == "authorization") {
            head.push_str(&format!("authorization: {}\r\n", self.bridged.authorization().expose()));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        socket.write_all(head.as_bytes()).unwrap();
        socket
    }

    fn send(&self, verb: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let mut reader = BufReader::new(self.ask(verb, fields, body));
        let (mut status, mut length, mut session) = (0, None, None);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let line = line.trim_end();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if line.is_empty() {
                break;
            } else if let Some((name, value)) = line.split_once(": ") {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = Some(value.parse::<usize>().unwrap()),
                    "mcp-session-id" => session = Some(value.to_owned()),
                    "connection" if value == "close" => {}
                    _ => {}
                }
            }
        }
        let body = match length {
            Some(length) => {
                let mut bytes = vec![0; length];
                reader.read_exact(&mut bytes).unwrap();
                Body::Whole(String::from_utf8(bytes).unwrap())
            }
            None if status == 202 || status == 404 => Body::Whole(String::new()),
            None => Body::Stream(reader),
        };
        Answer { status, session, body }
    }

    fn post(&self, session: Option<&str>, body: &str) -> Answer {
        match session {
            Some(session) => self.send("POST", &[("mcp-session-id", session)], body),
            None => self.send("POST", &[], body),
        }
    }

    /// A session; its id.
    fn begin(&self) -> String {
        let opening = r#"{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
        let answer = self.post(None, opening);
        assert_eq!(answer.status, 200);
        let session = answer.session.clone().expect("a session");
        let whole = answer.whole();
        assert!(whole.contains("\"id\":\"i\"") && whole.contains("2025-11-25"), "{whole}");
        let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert_eq!(self.post(Some(&session), told).status, 202);
        session
    }
}

impl Answer {
    #[track_caller]
    fn whole(self) -> String {
        match self.body {
            Body::Whole(body) => body,
            Body::Stream(mut stream) => panic!("a stream: {:?}", next(&mut stream)),
        }
    }

    #[track_caller]
    fn stream(self) -> BufReader<TcpStream> {
        match self.body {
            Body::Whole(body) => panic!("no stream: {body}"),
            Body::Stream(stream) => stream,
        }
    }

    /// The messages of a stream to its end, or the one body.
    fn all(self) -> Vec<String> {
        match self.body {
            Body::Whole(body) => vec![body],
            Body::Stream(mut stream) => std::iter::from_fn(|| next(&mut stream)).collect(),
        }
    }
}

/// The next message of a stream; none at its end.
fn next(stream: &mut BufReader<TcpStream>) -> Option<String> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        if let Some(data) = line.strip_prefix("data: ") {
            return Some(data.trim_end().to_owned());
        }
    }
}

fn call(id: &str, tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments},"_meta":{{"progressToken":"p"}}}}}}"#
    )
}

fn modern(id: &str, tool: &str, arguments: &str) -> String {
    call(id, tool, arguments).replace(
        r#"{"progressToken":"p"}"#,
        r#"{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#,
    )
}

const LIMITS: ChildLimits = ChildLimits {
    processes_max: 8,
    idle: Duration::from_secs(60),
    lifetime: Duration::from_secs(60),
    line_bytes_max: 1 << 20,
    close_grace: Duration::from_millis(500),
    signal_grace: Duration::from_millis(500),
};

//! Forms of many parts, as clients send them.

use std::net::SocketAddr;

use architrave_testkit::{Client, Response};

/// A part that is a text.
pub(super) fn part(name: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

/// A part that is a file.
pub(super) fn file(content: &str) -> String {
    String::from_utf8(file_of(content.as_bytes())).expect("it was a text")
}

/// A part that is a file of anything.
pub(super) fn file_of(content: &[u8]) -> Vec<u8> {
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    [head.as_bytes(), content, b"\r\n"].concat()
}

/// A form that is whole.
pub(super) fn whole<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    let parts = parts.iter().map(AsRef::as_ref);
    parts.chain([&b"--b--\r\n"[..]]).collect::<Vec<_>>().concat()
}

/// Sends a form of these parts, and reads the whole answer.
pub(super) fn send<P: AsRef<[u8]>>(
    to: SocketAddr,
    path: &str,
    fields: &[&str],
    parts: &[P],
) -> Response {
    send_body(to, path, fields, &whole(parts))
}

/// Sends what is said to be a form, and reads the whole answer.
pub(super) fn send_body(to: SocketAddr, path: &str, fields: &[&str], body: &[u8]) -> Response {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\n{fields}\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Client::connect(to).ask([head.as_bytes(), body].concat())
}

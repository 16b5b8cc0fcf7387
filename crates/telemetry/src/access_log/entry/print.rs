//! How a line of the access log is written: one field after another, in an order that stays.

use std::net::SocketAddr;
use std::time::Duration;

use architrave_core::Reason;

use super::{
    AccessEntry, AttemptEntry, Beside, HttpEntry, LlmEntry, McpEntry, PassedOver, Timings,
};
use crate::access_log::json;
use crate::metrics::model::TOKEN_CLASSES;
use crate::stamp::Stamp;

/// `,"name":`, put together at compile time.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":").as_bytes()
    };
}

/// The fields of the classes of tokens, in their order. Plain text of prompt and answer is what is
/// left of all of it, and what came from the cache has a field that is always there.
const CLASS_KEYS: [Option<&[u8]>; TOKEN_CLASSES.len()] = [
    None,
    None,
    Some(key!("cache_write_tokens")),
    Some(key!("cache_write_1h_tokens")),
    Some(key!("input_audio_tokens")),
    Some(key!("input_image_tokens")),
    None,
    Some(key!("reasoning_tokens")),
    Some(key!("output_audio_tokens")),
    Some(key!("output_image_tokens")),
];

/// The same with the opening quote of a text.
macro_rules! text_key {
    ($name:literal) => {
        concat!(",\"", $name, "\":\"").as_bytes()
    };
}

/// Bounds on what of a client's own text is kept, in bytes; `docs/logging.md` says them.
const PATH_BYTES_MAX: usize = 4_096;
const QUERY_BYTES_MAX: usize = 1_024;
const TEXT_BYTES_MAX: usize = 512;

impl AccessEntry<'_> {
    /// Appends the line as JSON, with its line feed. Fields without a value are left out.
    pub(in crate::access_log) fn print(&self, worker: usize, stamp: &mut Stamp, out: &mut Vec<u8>) {
        self.print_begin(stamp, out);
        self.print_addresses(out);
        self.print_rest(worker, out);
        out.extend_from_slice(b"}\n");
    }

    /// Appends the same where it is no line among thousands: a JSON object, with the addresses of
    /// the client or without.
    pub fn print_alone(
        &self,
        worker: usize,
        has_addresses: bool,
        beside: Beside<'_>,
        out: &mut Vec<u8>,
    ) {
        self.print_begin(&mut Stamp::default(), out);
        if has_addresses {
            self.print_addresses(out);
        }
        self.print_rest(worker, out);
        beside.print(out);
        out.push(b'}');
    }

    fn print_begin(&self, stamp: &mut Stamp, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"time\":\"");
        stamp.print(self.time, out);
        out.push(b'"');
        word(out, text_key!("listener"), Some(self.listener));
        word(out, text_key!("protocol"), Some(self.protocol));
    }

    fn print_addresses(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(text_key!("client_ip"));
        json::ip(out, self.client.ip());
        number(out, key!("client_port"), self.client.port().into());
        address(out, text_key!("peer"), self.peer);
    }

    fn print_rest(&self, worker: usize, out: &mut Vec<u8>) {
        if let Some(http) = &self.http {
            http.print(out);
        }
        word(out, text_key!("reason"), self.reason.map(Reason::as_str));
        text(out, text_key!("detail"), Some(self.detail.as_bytes()), TEXT_BYTES_MAX);
        word(out, text_key!("termination"), Some(self.termination.as_str()));
        self.timings.print(out);
        number(out, key!("request_bytes"), self.request_bytes);
        number(out, key!("response_bytes"), self.response_bytes);
        word(out, text_key!("upstream"), self.upstream);
        address(out, text_key!("endpoint"), self.endpoint);
        number(out, key!("attempts"), self.attempts.into());
        if let Some(llm) = &self.llm {
            llm.print(out);
        }
        if let Some(mcp) = &self.mcp {
            mcp.print(out);
        }
        if let Some(tls) = &self.tls {
            word(out, text_key!("tls_version"), tls.version);
            word(out, text_key!("tls_cipher"), tls.cipher);
            text(out, text_key!("tls_sni"), tls.sni.map(str::as_bytes), TEXT_BYTES_MAX);
        }
        number(out, key!("worker"), worker as u64);
    }
}

impl Beside<'_> {
    fn print(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"tried\":[");
        for (at, attempt) in self.attempts.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"{" } else { b",{" });
            attempt.print(out);
            out.push(b'}');
        }
        out.extend_from_slice(b"],\"policies\":[");
        for (at, (name, outcome)) in self.policies.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"{\"policy\":\"" } else { b",{\"policy\":\"" });
            out.extend_from_slice(name.as_bytes());
            out.push(b'"');
            word(out, text_key!("outcome"), Some(outcome));
            out.push(b'}');
        }
        out.push(b']');
    }
}

impl AttemptEntry {
    fn print(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"start_ms\":");
        json::millis(out, self.start);
        millis(out, key!("duration_ms"), Some(self.duration));
        address(out, text_key!("endpoint"), self.endpoint);
        let lane = self.lane.as_deref();
        text(out, text_key!("deployment"), lane.map(str::as_bytes), TEXT_BYTES_MAX);
        if let Some(status) = self.status {
            number(out, key!("status"), status.into());
        }
        word(out, text_key!("error"), self.error.map(Reason::as_str));
        word(out, text_key!("given_up"), self.given_up);
    }
}

impl HttpEntry<'_> {
    fn print(&self, out: &mut Vec<u8>) {
        text(out, text_key!("method"), Some(self.method), TEXT_BYTES_MAX);
        text(out, text_key!("host"), Some(self.host), TEXT_BYTES_MAX);
        text(out, text_key!("path"), Some(self.path), PATH_BYTES_MAX);
        if let Some(query) = self.query {
            out.extend_from_slice(text_key!("query"));
            json::redacted_query(out, query, QUERY_BYTES_MAX);
        }
        if let Some(status) = self.status {
            number(out, key!("status"), status.into());
        }
        word(out, text_key!("route"), self.route);
        word(out, text_key!("service"), self.service);
        text(out, text_key!("operation"), self.operation.map(str::as_bytes), TEXT_BYTES_MAX);
        word(out, text_key!("consumer"), self.consumer);
        word(out, text_key!("application"), self.application);
        word(out, text_key!("plan"), self.plan);
        word(out, text_key!("product"), self.product);
        word(out, text_key!("team"), self.team);
        text(out, text_key!("request_id"), self.request_id.map(str::as_bytes), TEXT_BYTES_MAX);
        text(out, text_key!("trace_id"), self.trace_id.map(str::as_bytes), TEXT_BYTES_MAX);
        text(out, text_key!("user_agent"), self.user_agent, TEXT_BYTES_MAX);
    }
}

impl McpEntry<'_> {
    fn print(&self, out: &mut Vec<u8>) {
        for (key, value) in
            [(text_key!("mcp_method"), self.method), (text_key!("mcp_name"), self.name)]
        {
            text(out, key, Some(value).filter(|value| !value.is_empty()), TEXT_BYTES_MAX);
        }
        word(out, text_key!("mcp_server"), self.server);
        word(out, text_key!("mcp_refused"), self.refused);
    }
}

impl LlmEntry<'_> {
    fn print(&self, out: &mut Vec<u8>) {
        word(out, text_key!("operation"), Some(self.operation));
        text(out, text_key!("model"), Some(self.model), TEXT_BYTES_MAX);
        word(out, text_key!("provider"), self.provider);
        text(out, text_key!("upstream_model"), Some(self.upstream_model), TEXT_BYTES_MAX);
        word(out, text_key!("chosen_by"), self.why);
        passed_over(out, self.passed_over);
        flag(out, key!("stream"), self.is_stream);
        millis(out, key!("first_token_ms"), self.first_token);
        if let Some([input, cached, output]) = self.tokens {
            number(out, key!("input_tokens"), input);
            number(out, key!("cached_tokens"), cached);
            number(out, key!("output_tokens"), output);
            for (key, count) in CLASS_KEYS.iter().zip(self.tokens_by_class) {
                if let Some(key) = key
                    && count > 0
                {
                    number(out, key, count);
                }
            }
            flag(out, key!("estimated"), self.is_estimated);
        }
        if let Some(cost) = self.cost_nano_usd {
            number(out, key!("cost_nano_usd"), cost);
        }
        word(out, text_key!("cache"), self.cache);
        if self.bad_events > 0 {
            number(out, key!("bad_events"), self.bad_events);
        }
        texts(out, key!("dropped"), self.dropped);
        texts(out, key!("reply_dropped"), self.reply_dropped);
    }
}

/// An array of texts: `why provider/model credential`, how it failed behind the why.
fn passed_over(out: &mut Vec<u8>, lanes: &[PassedOver]) {
    for (at, PassedOver { lane, why, failure }) in lanes.iter().enumerate() {
        let start: &[u8] = if at == 0 { b",\"passed_over\":[\"" } else { b",\"" };
        out.extend_from_slice(start);
        out.extend_from_slice(why.as_bytes());
        if let Some(failure) = failure {
            out.push(b':');
            out.extend_from_slice(failure.as_bytes());
        }
        out.push(b' ');
        json::text(out, lane.as_bytes(), TEXT_BYTES_MAX);
    }
    if !lanes.is_empty() {
        out.push(b']');
    }
}

/// An array of texts, some of which a client may have thought up; left out where it is empty.
fn texts(out: &mut Vec<u8>, key: &[u8], values: &[String]) {
    for (at, value) in values.iter().enumerate() {
        match at {
            0 => {
                out.extend_from_slice(key);
                out.extend_from_slice(b"[\"");
            }
            _ => out.extend_from_slice(b",\""),
        }
        json::text(out, value.as_bytes(), TEXT_BYTES_MAX);
    }
    if !values.is_empty() {
        out.push(b']');
    }
}

impl Timings {
    fn print(&self, out: &mut Vec<u8>) {
        millis(out, key!("duration_ms"), Some(self.total));
        millis(out, key!("request_read_ms"), self.request_read);
        millis(out, key!("queue_wait_ms"), self.queue_wait);
        millis(out, key!("connect_ms"), self.connect);
        millis(out, key!("first_byte_ms"), self.first_byte);
        millis(out, key!("response_ms"), self.response);
    }
}

/// Text that came from outside.
fn text(out: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>, bytes_max: usize) {
    if let Some(value) = value
        && !value.is_empty()
    {
        out.extend_from_slice(key);
        json::text(out, value, bytes_max);
    }
}

/// A checked name or a word of a closed list: nothing in it needs escaping.
#[inline]
fn word(out: &mut Vec<u8>, key: &[u8], value: Option<&str>) {
    if let Some(value) = value {
        debug_assert!(json::is_plain(value.as_bytes()), "{value} is not a name");
        out.extend_from_slice(key);
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    }
}

#[inline]
fn number(out: &mut Vec<u8>, key: &[u8], value: u64) {
    out.extend_from_slice(key);
    json::number(out, value);
}

/// What is seldom so is said only where it is.
fn flag(out: &mut Vec<u8>, key: &[u8], value: bool) {
    if value {
        out.extend_from_slice(key);
        out.extend_from_slice(b"true");
    }
}

#[inline]
fn millis(out: &mut Vec<u8>, key: &[u8], value: Option<Duration>) {
    if let Some(value) = value {
        out.extend_from_slice(key);
        json::millis(out, value);
    }
}

fn address(out: &mut Vec<u8>, key: &[u8], value: Option<SocketAddr>) {
    if let Some(value) = value {
        out.extend_from_slice(key);
        json::address(out, value);
    }
}

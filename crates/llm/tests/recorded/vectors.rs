//! Recorded vectors: every reply keeps its numbers on every wire.

use architrave_llm::chat::Usage;
use architrave_llm::dialect::Context;
use architrave_llm::embedding::{Wire, Wish, read_request, reply, usage_of_reply, write_requests};
use architrave_llm::field::Losses;
use architrave_llm::surface::Surface;

use crate::cassette::Exchange;

/// Whether the exchange is one of vectors; then it is checked.
pub(crate) fn check(exchange: &Exchange, context: &Context) -> bool {
    let (path, query) = exchange.path.split_once('?').unwrap_or((&exchange.path, ""));
    let asked = Surface::of("POST", path, query);
    let Some(wire) = asked.and_then(|asked| Wire::of(asked.surface)) else { return false };
    let name = &exchange.name;
    let read = read_request(wire, Some("m"), exchange.request.as_bytes());
    let (request, _) = read.unwrap_or_else(|error| panic!("{name}: {error}"));
    for to in Wire::ALL {
        if let Ok(written) = write_requests(to, &request, &Losses::default()) {
            assert!(!written.bodies.is_empty(), "{name}");
        }
    }
    if exchange.status != 200 {
        return true;
    }
    let own = translated(wire, &exchange.reply, &Wish::of(wire, &request), context);
    let total = |usage: Option<Usage>| usage.map(|usage| usage.input_total());
    let told = usage_of_reply(wire, &exchange.reply);
    for to in Wire::ALL.into_iter().filter(|to| to.inputs_max("m") >= request.inputs.len()) {
        let there = Wish { wire: to, ..Wish::of(wire, &request) };
        let there = translated(wire, &exchange.reply, &there, context);
        let back = Wish { tokens_estimate: total(told).unwrap_or(0), ..Wish::of(wire, &request) };
        let back = translated(to, &there, &back, context);
        // Models and ids are not told everywhere; numbers are.
        let numbers = |body: &[u8]| {
            let text = String::from_utf8_lossy(body).into_owned();
            text.split(['[', ']'])
                .filter(|part| part.starts_with(['-', '0', '1']))
                .map(str::to_owned)
                .collect()
        };
        let (own, back): (Vec<String>, Vec<String>) = (numbers(&own), numbers(&back));
        assert!(!own.is_empty() && own == back, "{name} on {}", to.name());
    }
    true
}

fn translated(from: Wire, body: &[u8], wish: &Wish, context: &Context) -> Vec<u8> {
    reply(from, &[body], wish, context)
        .unwrap_or_else(|error| panic!("{}: {error}", from.name()))
        .body
}

//! A whole response, written from the form: the first answer, as there is one only.

use super::super::item::{Head, Item, Reads, items};
use super::super::wire;
use super::envelope::{Ending, Envelope};
use crate::chat::{ChatReply, Choice, Finish};
use crate::dialect::{Context, logprob};
use crate::json::Writer;

pub(in crate::dialect) fn write(reply: &ChatReply<'_>, context: &Context, writer: &mut Writer<'_>) {
    let none = Choice::default();
    let choice = reply.choices.first().unwrap_or(&none);
    let Choice { parts, finish, stop_text: _, logprobs } = choice;
    let mut items = items(parts, Reads::Client);
    let mut said = items.iter_mut().filter_map(|item| match item {
        Item::Message(parts) => parts.iter_mut().find(|part| !part.is_refusal),
        _ => None,
    });
    // The form has them for the answer, here they stand in its first text.
    if let (Some(said), Some(tokens)) = (said.next(), logprobs) {
        tokens.iter().for_each(|token| said.logprobs.push(|w| logprob::write(token, w)));
    }
    let (status, reason) = wire::finish_words(finish.unwrap_or(Finish::Stop));
    let ending = Ending { status, reason, error: None, usage: reply.usage.as_ref() };
    let output = |w: &mut Writer<'_>| {
        for (index, item) in items.iter().enumerate() {
            let id = format!("{}_{}_{index}", item.prefix(), context.id);
            item.write(Head { id: Some(&id), status: Some("completed") }, w);
        }
    };
    Envelope::of_reply(reply, context).write(ending, output, writer);
}

//! Events to responses.

use super::super::grounding::{self, Cited};
use super::super::request::{write_call, write_thought};
use super::super::{error, logprobs, media, usage, wire};
use super::open::{Answer, Kind, Open};
use crate::chat::{ChatEvent, Delta, Maker, MediaKind, PartKind, Source, Usage};
use crate::dialect::Context;
use crate::frame::FrameWriter;
use crate::json;
use crate::time;

/// Writes a stream of responses.
#[derive(Debug)]
pub struct Writer {
    head: Head,
    has_begun: bool,
    answers: Vec<Answer>,
}

/// What every response says again.
#[derive(Debug)]
struct Head {
    id: String,
    model: String,
    created_s: Option<u64>,
    service_class: Option<String>,
    usage: Option<Usage>,
}

/// Where a response goes.
struct Out<'o> {
    frames: &'o mut FrameWriter,
    bytes: &'o mut Vec<u8>,
}

impl Writer {
    pub(in crate::dialect) fn new(context: &Context) -> Self {
        let (id, model) = (context.id.clone(), context.model.clone());
        let head = Head { id, model, created_s: None, service_class: None, usage: None };
        Self { head, has_begun: false, answers: Vec::new() }
    }

    pub(in crate::dialect) fn write(
        &mut self,
        event: &ChatEvent<'_>,
        frames: &mut FrameWriter,
        out: &mut Vec<u8>,
    ) {
        let mut to = Out { frames, bytes: out };
        match event {
            ChatEvent::Start { id, model, created_s, service_class, fingerprint: _ } => {
                let head = &mut self.head;
                id.iter().for_each(|id| id.as_ref().clone_into(&mut head.id));
                model.iter().for_each(|model| model.as_ref().clone_into(&mut head.model));
                head.created_s = *created_s;
                head.service_class = service_class.as_deref().map(str::to_owned);
            }
            ChatEvent::Usage(usage) => self.head.usage.get_or_insert_default().merge(usage),
            ChatEvent::PartStart { choice, part, kind } => {
                self.start((*choice, *part), kind, &mut to);
            }
            ChatEvent::PartDelta { choice, part, delta } => {
                self.delta((*choice, *part), delta, &mut to);
            }
            ChatEvent::PartEnd { choice, part } => self.stop(*choice, *part, &mut to),
            ChatEvent::Logprobs { choice, tokens } => {
                self.response(*choice, &mut to, |w| logprobs::write(tokens, w));
            }
            ChatEvent::Finish { choice, finish, stop_text: _ } => {
                self.answer(*choice).finish = Some(*finish);
            }
            ChatEvent::Error(failure) => {
                to.frames.event(to.bytes, "", |w| error::write(failure, w));
            }
            ChatEvent::End => self.end(&mut to),
        }
    }

    fn start(&mut self, (choice, part): (u32, u32), kind: &PartKind<'_>, to: &mut Out<'_>) {
        let open = Open { part, kind: Kind::new(kind) };
        self.answer(choice).open.push(open);
        if let PartKind::ProviderOnly(only) = kind
            && only.maker == Maker::Google
        {
            self.part(choice, to, |w| w.json(only.json.as_str()));
        }
    }

    fn delta(&mut self, (choice, part): (u32, u32), delta: &Delta<'_>, to: &mut Out<'_>) {
        let Answer { open, cited, .. } = self.answer(choice);
        let Some(open) = open.iter_mut().find(|open| open.part == part) else { return };
        match (&mut open.kind, delta) {
            (Kind::Call(call), delta) => call.add(delta),
            (Kind::Text(so_far), Delta::Text(text)) => {
                so_far.push(text);
                self.part(choice, to, |w| w.object(|w| w.key("text").text(text)));
            }
            (Kind::Text(so_far), Delta::Citation(citation)) => {
                cited.push(Cited::new(citation, 0, so_far).into_owned());
            }
            (Kind::Reasoning, Delta::Text(text)) => {
                self.part(choice, to, |w| write_thought(text, None, w));
            }
            (Kind::Reasoning, Delta::Signature(value)) => {
                self.part(choice, to, |w| write_thought("", Some((value, false)), w));
            }
            (Kind::Reasoning, Delta::Encrypted(value)) => {
                self.part(choice, to, |w| write_thought("", Some((value, true)), w));
            }
            (Kind::Media, Delta::Bytes { media_type, base64, transcript }) => {
                if !base64.is_empty() {
                    let media_type = media_type.clone().unwrap_or("audio/pcm".into());
                    let source = Source::Bytes { media_type, base64: base64.clone() };
                    self.part(choice, to, |w| media::write(MediaKind::Audio, &source, w));
                }
                if let Some(text) = transcript {
                    self.part(choice, to, |w| w.object(|w| w.key("text").text(text)));
                }
            }
            (Kind::Media, Delta::Link { kind, url, media_type }) => {
                let source = Source::Url { url: url.clone(), media_type: media_type.clone() };
                self.part(choice, to, |w| media::write(*kind, &source, w));
            }
            _ => {}
        }
    }

    fn stop(&mut self, choice: u32, part: u32, to: &mut Out<'_>) {
        let open = &mut self.answer(choice).open;
        let Some(place) = open.iter().position(|open| open.part == part) else { return };
        if let Kind::Call(call) = open.remove(place).kind {
            self.part(choice, to, |w| {
                write_call(&call.whole(), (call.id(), call.signature.as_deref()), w)
            });
        }
    }

    /// The reasons to end come together with usage, which is complete only now.
    fn end(&mut self, to: &mut Out<'_>) {
        let Self { head, answers, has_begun: _ } = self;
        to.frames.event(to.bytes, "", |w| {
            w.object(|w| {
                w.key("candidates").array(|w| {
                    for (index, answer) in (0..).zip(&*answers) {
                        let Some(finish) = answer.finish else { continue };
                        candidate(index, w, |w| {
                            write_content(w, |w| w.object(|w| w.key("text").text("")));
                            w.key("finishReason").text(wire::finish_word(finish));
                            grounding::write(&answer.cited, w);
                        });
                    }
                });
                head.write(true, w);
            });
        });
    }

    /// A response whose one candidate has one part.
    fn part(&mut self, choice: u32, to: &mut Out<'_>, part: impl FnOnce(&mut json::Writer<'_>)) {
        self.response(choice, to, |w| write_content(w, part));
    }

    /// A response with one candidate.
    fn response(
        &mut self,
        choice: u32,
        to: &mut Out<'_>,
        body: impl FnOnce(&mut json::Writer<'_>),
    ) {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let head = &self.head;
        to.frames.event(to.bytes, "", |w| {
            w.object(|w| {
                w.key("candidates").array(|w| candidate(choice, w, body));
                head.write(is_first, w);
            });
        });
    }

    fn answer(&mut self, choice: u32) -> &mut Answer {
        let place = choice as usize;
        if self.answers.len() <= place {
            self.answers.resize_with(place + 1, Answer::default);
        }
        &mut self.answers[place]
    }
}

impl Head {
    /// Some of it the first response and the last one say only.
    fn write(&self, is_whole: bool, w: &mut json::Writer<'_>) {
        if is_whole {
            w.text_field("createTime", self.created_s.map(time::write).as_deref());
            usage::write(self.usage.as_ref(), self.service_class.as_deref(), w);
        }
        w.key("modelVersion").text(&self.model);
        w.key("responseId").text(&self.id);
    }
}

fn candidate(index: u32, w: &mut json::Writer<'_>, body: impl FnOnce(&mut json::Writer<'_>)) {
    w.object(|w| {
        body(w);
        w.key("index").count(u64::from(index));
    });
}

fn write_content(w: &mut json::Writer<'_>, part: impl FnOnce(&mut json::Writer<'_>)) {
    w.key("content").object(|w| {
        w.key("parts").array(part);
        w.key("role").text("model");
    });
}

//! The body of a request to a provider: the client's own with a few bytes changed, or one that was
//! written anew. It can be sent as often as attempts are made, and nothing of it is copied for that.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use architrave_llm::multipart::{Multipart, MultipartError};
use architrave_llm::scan::{Piece, Splice};
use architrave_llm::used::SoundLength;
use architrave_net::h1::Gone;
use architrave_net::{Fields, Framing, Reader, Source, WireError};
use smallvec::SmallVec;

/// A body to be sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Payload {
    whole: Arc<Vec<u8>>,
    segments: SmallVec<[Segment; 4]>,
    length: usize,
    rest: Rest,
}

/// What of a body is still with the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing: it can be sent as often as wanted.
    #[default]
    None,
    /// So many bytes; it can be sent once.
    Length(u64),
    /// Nobody knows how much, up to a limit; it can be sent once.
    Unknown {
        /// The most bytes that it may be.
        max: u64,
    },
}

#[derive(Clone, Debug)]
enum Segment {
    Kept(Range<usize>),
    New(Vec<u8>),
}

impl Payload {
    /// The body as it came, with its edits.
    pub(super) fn spliced(whole: &Arc<Vec<u8>>, splice: &Splice) -> Self {
        let mut length = 0;
        let segments = splice.pieces(whole.len()).map(|piece| match piece {
            Piece::Kept(range) => {
                length += range.len();
                Segment::Kept(range)
            }
            Piece::New(bytes) => {
                length += bytes.len();
                Segment::New(bytes.to_vec())
            }
        });
        let segments = segments.collect();
        Self { whole: Arc::clone(whole), segments, length, rest: Rest::None }
    }

    /// A body of these bytes.
    pub(super) fn own(bytes: Vec<u8>) -> Self {
        let length = bytes.len();
        let segments = (length > 0).then_some(Segment::Kept(0..length)).into_iter().collect();
        Self { whole: Arc::new(bytes), segments, length, rest: Rest::None }
    }

    /// The same, followed by what is still with the client.
    pub(super) const fn with_rest(mut self, rest: Rest) -> Self {
        self.rest = rest;
        self
    }

    /// How it is framed.
    pub(super) const fn framing(&self) -> Framing {
        match (self.length as u64, self.rest) {
            (_, Rest::Unknown { .. }) => Framing::Chunked,
            (0, Rest::None | Rest::Length(0)) => Framing::Empty,
            (length, Rest::None) => Framing::Length(length),
            (length, Rest::Length(rest)) => Framing::Length(length + rest),
        }
    }

    /// Whether it can be sent as often as wanted.
    pub(super) fn is_whole(&self) -> bool {
        self.rest == Rest::None
    }

    /// Its bytes, piece by piece.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.segments.iter().map(|segment| self.bytes_of(segment))
    }

    fn bytes_of<'s>(&'s self, segment: &'s Segment) -> &'s [u8] {
        match segment {
            Segment::Kept(range) => &self.whole[range.clone()],
            Segment::New(bytes) => bytes,
        }
    }
}

/// A payload on its way, while the client is watched for going away.
#[derive(Debug)]
pub(super) struct Sending<'a> {
    payload: &'a Payload,
    client: Option<&'a mut Reader>,
    segment: usize,
    taken: usize,
    /// Bytes of the rest that have gone.
    passed: u64,
    length: Option<&'a mut SoundLength>,
    look: Option<&'a mut RestLook>,
}

/// What goes on looking at a form while the rest of it goes by.
#[derive(Debug)]
pub(super) struct RestLook {
    form: Multipart,
    /// Bytes that were looked at and have not gone yet.
    ahead: usize,
    wrong: Option<MultipartError>,
}

impl RestLook {
    /// A look that goes on from where a form was read to.
    pub(super) const fn new(form: Multipart) -> Self {
        Self { form, ahead: 0, wrong: None }
    }

    /// What was wrong with the rest, where something was.
    pub(super) const fn wrong(&self) -> Option<MultipartError> {
        self.wrong
    }

    /// Looks at what lies there; whether it may go on.
    fn see(&mut self, bytes: &[u8], has_more: bool) -> bool {
        let seen = match has_more {
            true => self.form.push(bytes.get(self.ahead..).unwrap_or_default()),
            false => self.form.finish(),
        };
        self.ahead = bytes.len();
        self.wrong = self.wrong.or(seen.err());
        self.wrong.is_none()
    }
}

impl<'a> Sending<'a> {
    /// A payload of which nothing is sent, and the client where this is to watch it, or has the
    /// rest to give.
    pub(super) fn new(payload: &'a Payload, client: Option<&'a mut Reader>) -> Self {
        Self { payload, client, segment: 0, taken: 0, passed: 0, length: None, look: None }
    }

    /// The same under a watch that sees all of it go by.
    pub(super) fn measured(mut self, length: Option<&'a mut SoundLength>) -> Self {
        self.length = length;
        self
    }

    /// The same, its rest being looked at before it goes by.
    pub(super) fn looked_at(mut self, look: Option<&'a mut RestLook>) -> Self {
        self.look = look;
        self
    }

    /// Whether something of the rest has gone, which nobody can send again.
    pub(super) const fn has_taken_rest(&self) -> bool {
        self.passed > 0
    }

    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        let Some(client) = &mut self.client else { return Poll::Ready(Ok(false)) };
        let has_more = ready!(client.poll_fill(context))?;
        let bytes = client.data();
        if let Rest::Unknown { max } = self.payload.rest
            && self.passed + bytes.len() as u64 > max
        {
            return Poll::Ready(Err(WireError::TooLarge));
        }
        if let Some(look) = &mut self.look
            && !look.see(bytes, has_more)
        {
            return Poll::Ready(Err(WireError::LengthMismatch));
        }
        Poll::Ready(Ok(has_more))
    }
}

impl Source for Sending<'_> {
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        if self.segment < self.payload.segments.len() {
            return Poll::Ready(Ok(true));
        }
        match self.payload.rest {
            Rest::None => Poll::Ready(Ok(false)),
            Rest::Length(_) | Rest::Unknown { .. } => self.poll_rest(context),
        }
    }

    fn data(&self) -> &[u8] {
        match self.payload.segments.get(self.segment) {
            Some(segment) => &self.payload.bytes_of(segment)[self.taken..],
            None if self.payload.rest == Rest::None => &[],
            None => self.client.as_ref().map_or(&[], |client| client.data()),
        }
    }

    fn consume(&mut self, count: usize) {
        if let Some(length) = self.length.take() {
            length.see(&self.data()[..count]);
            self.length = Some(length);
        }
        if self.segment >= self.payload.segments.len() {
            if let Some(client) = &mut self.client {
                client.consume(count);
            }
            self.passed += count as u64;
            if let Some(look) = &mut self.look {
                look.ahead = look.ahead.saturating_sub(count);
            }
            return;
        }
        self.taken += count;
        let segment = &self.payload.segments[self.segment];
        if self.taken == self.payload.bytes_of(segment).len() {
            self.segment += 1;
            self.taken = 0;
        }
    }

    fn take_trailers(&mut self) -> Option<Fields> {
        None
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        match &mut self.client {
            Some(client) => client.poll_gone(context),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_body_is_sent_piece_by_piece() {
        let whole = Arc::new(br#"{"model":"a","n":1}"#.to_vec());
        let mut splice = Splice::new();
        splice.edit(9..12, br#""other""#.to_vec());
        let payload = Payload::spliced(&whole, &splice);
        let sent: Vec<u8> = payload.pieces().flatten().copied().collect();
        assert_eq!(sent, br#"{"model":"other","n":1}"#);
        assert_eq!(payload.framing(), Framing::Length(23));
        assert_eq!(payload.pieces().count(), 3);
        assert_eq!(Payload::own(Vec::new()).framing(), Framing::Empty);
    }
}

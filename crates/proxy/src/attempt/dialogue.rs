//! The conversation with an endpoint up to the head of its response, and how that goes wrong.

use std::borrow::Cow;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_core::Reason;
use architrave_net::h1::Gone;
use architrave_net::{
    Call, Framing, Relay, RelayError, ResponseHead, Source, Timer, WireError, Writer, hop,
};
use architrave_telemetry::Phase;

use crate::attempt::{AttemptPlan, FOREVER};
use crate::failure::{Failure, Retry};

/// What becomes of the interim responses of an attempt.
#[derive(Debug)]
pub(crate) enum Interim<'a> {
    /// Nobody listens.
    Discard,
    /// They go to the client as they come.
    Pass(&'a mut Writer),
    /// They are kept until it is known whether this attempt's answer is the one to be passed on.
    Keep(&'a mut Vec<ResponseHead>),
}

/// Interim responses that one request may have; an endpoint that sends more is not well.
const INTERIM_MAX: u32 = 64;

/// Interim responses that are kept of an attempt that may yet be given up; more are left out.
const INTERIM_KEPT_MAX: usize = 8;

/// How long a client that has closed its side is still taken to be listening.
pub(crate) const HALF_CLOSED: Duration = Duration::from_secs(1);

/// Sends the request's body and waits for the head of the response, both at once, since an endpoint
/// may answer before it has read everything.
pub(super) struct Dialogue<'a, B> {
    plan: &'a AttemptPlan<'a>,
    body: &'a mut B,
    interim: Interim<'a>,
    interim_count: u32,
    is_uploading: bool,
    sink_error: Option<WireError>,
    half_closed: Timer,
}

impl<'a, B: Source> Dialogue<'a, B> {
    /// A conversation in which nothing has been said but the head of the request.
    pub(super) fn new(plan: &'a AttemptPlan<'a>, body: &'a mut B, interim: Interim<'a>) -> Self {
        Self {
            plan,
            body,
            interim,
            interim_count: 0,
            is_uploading: true,
            sink_error: None,
            half_closed: Timer::new(),
        }
    }

    /// Goes on to the head of the response; how its body is framed.
    pub(super) async fn run(
        &mut self,
        call: &mut Call,
        upload: &mut Relay,
        head: &mut ResponseHead,
    ) -> Result<Framing, Failure> {
        // The time to the first byte counts from when all was sent; until then bodies have limits
        // of their own.
        call.limit_head(FOREVER);
        call.writer().limit_stall(self.plan.upstream.config.timeouts.idle);
        self.half_closed.start(HALF_CLOSED);
        let framing = poll_fn(|context| self.poll(context, call, upload, head)).await?;
        check_switch(self.plan, head, framing)
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        call: &mut Call,
        upload: &mut Relay,
        head: &mut ResponseHead,
    ) -> Poll<Result<Framing, Failure>> {
        loop {
            self.upload(context, call, upload)?;
            #[cfg(test)]
            crate::fault::strike("wait", self.plan.head);
            match call.poll_response(context, &self.plan.head.method, head) {
                Poll::Ready(Ok(framing)) if !head.is_interim() => {
                    return Poll::Ready(Ok(framing));
                }
                Poll::Ready(Ok(_interim)) => self.pass_interim(head)?,
                Poll::Ready(Err(error)) => {
                    let error = self.sink_error.take().unwrap_or(error);
                    return Poll::Ready(Err(self.response_failure(&error)));
                }
                Poll::Pending => return self.poll_client(context).map(Err),
            }
        }
    }

    fn upload(
        &mut self,
        context: &mut Context<'_>,
        call: &mut Call,
        upload: &mut Relay,
    ) -> Result<(), Failure> {
        if !self.is_uploading {
            return Ok(());
        }
        match upload.poll(context, self.body, call.writer()) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => {
                self.is_uploading = false;
                call.limit_head(self.plan.limit);
            }
            Poll::Ready(Err(RelayError::Source(error))) => return Err(body_failure(&error)),
            Poll::Ready(Err(RelayError::Sink(error))) => {
                // The answer may lie in our socket already: look before giving up.
                self.is_uploading = false;
                self.sink_error = Some(error);
                call.limit_head(Duration::from_millis(500));
            }
        }
        Ok(())
    }

    fn pass_interim(&mut self, head: &mut ResponseHead) -> Result<(), Failure> {
        self.interim_count += 1;
        if self.interim_count > INTERIM_MAX {
            return Err(Failure::endpoint(
                Reason::BadResponse,
                Phase::Wait,
                "the endpoint sends interim responses without end",
            ));
        }
        match &mut self.interim {
            Interim::Discard => {}
            Interim::Pass(writer) => pass_interim(writer, head),
            Interim::Keep(kept) if kept.len() < INTERIM_KEPT_MAX => kept.push(head.clone()),
            Interim::Keep(_) => {}
        }
        Ok(())
    }

    /// While there is nothing to do but wait: is the client still there?
    fn poll_client(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        let writer = match &mut self.interim {
            Interim::Pass(writer) => Some(&mut **writer),
            Interim::Discard | Interim::Keep(_) => None,
        };
        poll_client(context, self.body, writer, &mut self.half_closed)
    }

    fn response_failure(&self, error: &WireError) -> Failure {
        let failure = match error {
            WireError::Stalled if self.plan.is_limit_per_try => out_of_time().retry(Retry::Sent),
            error => response_failure(error),
        };
        // What the client has been told of this attempt cannot be taken back.
        let is_told = self.interim_count > 0 && matches!(self.interim, Interim::Pass(_));
        if is_told { failure.retry(Retry::Never) } else { failure }
    }
}

/// Tells the client of an interim response. One that does not take it gets the final response, or
/// is found gone then.
pub(crate) fn pass_interim(writer: &mut Writer, head: &mut ResponseHead) {
    hop::strip_hop_by_hop(&mut head.fields);
    let _untaken = writer.send_interim(head);
}

/// Ready when the client is no longer there to be answered.
pub(crate) fn poll_client(
    context: &mut Context<'_>,
    body: &mut impl Source,
    writer: Option<&mut Writer>,
    half_closed: &mut Timer,
) -> Poll<Failure> {
    let gone = |detail| Failure::client(Reason::ClientClosed, Phase::Wait, detail);
    if let Some(writer) = writer {
        let flushed = writer.poll_flush(context);
        if matches!(flushed, Poll::Ready(Err(_))) || writer.poll_reset(context).is_ready() {
            return Poll::Ready(gone("the client went away"));
        }
    }
    match body.poll_gone(context) {
        Poll::Ready(Gone::Reset) => Poll::Ready(gone("the client went away")),
        // It may have closed its half only: it gets a moment more.
        Poll::Ready(Gone::Closed) => {
            half_closed.poll_elapsed(context).map(|()| gone("the client closed"))
        }
        Poll::Pending => Poll::Pending,
    }
}

/// A 101 must answer an upgrade that was asked for; anything else would make a tunnel of what
/// the client still takes for HTTP.
fn check_switch(
    plan: &AttemptPlan<'_>,
    head: &ResponseHead,
    framing: Framing,
) -> Result<Framing, Failure> {
    if head.status != 101 {
        return Ok(framing);
    }
    let offered = head.fields.get_known(architrave_net::Known::Upgrade).unwrap_or_default();
    match plan.upgrade {
        Some(asked) if offered.eq_ignore_ascii_case(asked.as_bytes()) => Ok(framing),
        _ => Err(Failure::endpoint(
            Reason::BadResponse,
            Phase::Wait,
            "the endpoint switched protocols and was not asked to",
        )),
    }
}

/// What it means for the exchange that the body of its request did not come.
pub(crate) fn body_failure(error: &WireError) -> Failure {
    let reason = error.downstream_reason();
    let detail = Cow::Owned(error.to_string());
    match error {
        WireError::TooLarge => Failure::gateway(reason, Phase::RequestBody, detail),
        _ => Failure::client(reason, Phase::RequestBody, detail),
    }
}

fn out_of_time() -> Failure {
    let detail = "the endpoint did not answer in time";
    Failure::gateway(Reason::ResponseTimeout, Phase::Wait, detail)
}

fn response_failure(error: &WireError) -> Failure {
    if matches!(error, WireError::Stalled) {
        return out_of_time();
    }
    let retry = match error {
        WireError::H2(error) if is_untouched(error) => Retry::Unsent,
        WireError::Closed | WireError::Io(_) | WireError::H2(_) => Retry::Sent,
        _ => Retry::Never,
    };
    Failure::endpoint(error.upstream_reason(), Phase::Wait, error.to_string()).retry(retry)
}

/// Whether the endpoint says of a stream that it has not begun with it (RFC 9113 §8.7): it refused
/// it, or goes away and named an earlier one as its last.
fn is_untouched(error: &h2::Error) -> bool {
    let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && (is_refused || error.is_go_away())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client of HTTP/2 sees when the endpoint resets its stream so.
    async fn reset_with(reason: h2::Reason) -> h2::Error {
        let (ours, theirs) = tokio::io::duplex(4096);
        let endpoint = async {
            let mut accepted = h2::server::handshake(theirs).await.unwrap();
            let (_request, mut reply) = accepted.accept().await.unwrap().unwrap();
            reply.send_reset(reason);
            while accepted.accept().await.is_some() {}
        };
        let client = async {
            let (mut sender, connection) = h2::client::handshake(ours).await.unwrap();
            let request = http::Request::get("http://h/").body(()).unwrap();
            let (answer, _body) = sender.send_request(request, true).unwrap();
            tokio::select! {
                answer = answer => answer.unwrap_err(),
                _ = connection => unreachable!("the stream ends first"),
            }
        };
        tokio::select! {
            error = client => error,
            () = endpoint => unreachable!("the client ends first"),
        }
    }

    #[tokio::test]
    async fn a_stream_that_was_refused_was_not_begun() {
        let refused = WireError::H2(reset_with(h2::Reason::REFUSED_STREAM).await);
        assert_eq!(response_failure(&refused).retry, Retry::Unsent);
        let broken = WireError::H2(reset_with(h2::Reason::INTERNAL_ERROR).await);
        assert_eq!(response_failure(&broken).retry, Retry::Sent);
    }
}

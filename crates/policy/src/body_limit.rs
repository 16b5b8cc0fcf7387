//! `body_limit`: the largest request body that is let through.
//!
//! A declared length over the limit is refused here; a body without one is counted by the proxy
//! as it passes, against the bound that this leaves in the admission.

use architrave_config::policy as config;
use architrave_core::Reason;
use architrave_net::Framing;

use crate::registry::{Build, RequestPolicy, Site};
use crate::verdict::{Reply, Verdict};
use crate::view::RequestView;

/// The policy, ready to run.
#[derive(Debug)]
pub struct BodyLimit {
    request_bytes_max: u64,
}

impl Build<config::BodyLimit> for BodyLimit {
    fn build(config: &config::BodyLimit, _site: &Site<'_>) -> Self {
        Self { request_bytes_max: config.request_bytes_max }
    }
}

impl RequestPolicy for BodyLimit {
    fn on_request(&self, view: &mut RequestView<'_>) -> Verdict {
        view.admission.bound_body(self.request_bytes_max);
        match view.framing {
            Framing::Length(bytes) if bytes > self.request_bytes_max => Reply::refuse(
                Reason::BodyTooLarge,
                "the request body is larger than is allowed here",
            )
            .into(),
            _ => Verdict::Continue,
        }
    }
}

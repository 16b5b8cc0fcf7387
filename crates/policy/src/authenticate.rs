//! The phase that finds out who calls. Several ways may be open at once; any of them will do.
//!
//! Not a policy itself: `key_auth`, `basic_auth` and `jwt` say what they find, and this says what follows.

use std::fmt::Debug;
use std::sync::Arc;

use architrave_core::Reason;

use crate::chain::Actor;
use crate::consumers::{Caller, Consumers};
use crate::registry::Policy;
use crate::verdict::Reply;
use crate::view::RequestView;

/// What one way of proving oneself found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Identity {
    /// A credential of this caller.
    Verified(Caller),
    /// No credential of this sort.
    Missing,
    /// A credential that belongs to nobody, or more than one where one may be.
    Invalid,
    /// A credential of somebody, without leave for what is asked.
    Lacking,
    /// A credential that cannot be judged yet.
    Unready,
}

/// A policy that finds out who calls.
pub(crate) trait IdentityPolicy: Debug {
    /// Looks for a credential and for whose it is.
    fn identify(&self, view: &RequestView<'_>, consumers: &Consumers) -> Identity;

    /// Takes the credential out of the request, unless it is to be forwarded. With those who are
    /// `known`, what belongs to none of them may stay, where it was never asked for.
    fn conceal(&self, view: &mut RequestView<'_>, known: Option<&Consumers>);

    /// The challenge of a 401 (RFC 9110 §11.6.1).
    fn challenge(&self) -> &[u8];

    /// The same to somebody who has shown what is not valid.
    fn challenge_of_invalid(&self) -> &[u8] {
        self.challenge()
    }

    /// What goes with a 403 to somebody whose credential lacks leave.
    fn challenge_of_lacking(&self) -> &[u8] {
        self.challenge()
    }
}

/// Finds out who calls, by any of `ways`; the request goes on only when one of them verifies.
pub(crate) fn authenticate(
    ways: &[Arc<Policy>],
    consumers: &Consumers,
    view: &mut RequestView<'_>,
) -> Result<Caller, Reply> {
    let mut reason = Reason::CredentialMissing;
    let mut almost = None;
    for policy in ways {
        let Some(way) = policy.as_identity() else { continue };
        match way.identify(view, consumers) {
            Identity::Verified(caller) => {
                view.admission.proved_by = Some(policy.kind());
                view.admission.ended_by = None;
                conceal(ways, view, Some(consumers));
                return Ok(caller);
            }
            Identity::Missing => {}
            Identity::Invalid => {
                reason = Reason::CredentialInvalid;
                view.admission.ended_by = Some(Actor::Policy(policy.kind()));
            }
            Identity::Lacking => almost = Some((policy.kind(), lacking(way))),
            Identity::Unready => almost = Some((policy.kind(), unready())),
        }
    }
    if let Some((kind, reply)) = almost {
        view.admission.ended_by = Some(Actor::Policy(kind));
        return Err(reply);
    }
    let first = || ways.first().map(|way| Actor::Policy(way.kind()));
    if let Some(caller) = view.admission.vouched.clone()
        && reason == Reason::CredentialMissing
    {
        conceal(ways, view, Some(consumers));
        return Ok(caller);
    }
    view.admission.ended_by = view.admission.ended_by.or_else(first);
    if reason == Reason::CredentialMissing && is_signed(view) {
        let detail = "a signature of AWS cannot be checked here: show the key as a bearer token";
        return Err(Reply::refuse(Reason::Forbidden, detail));
    }
    Err(refuse(ways, reason))
}

/// Whether the request is signed as AWS has it (SigV4): the key is not in it.
fn is_signed(view: &RequestView<'_>) -> bool {
    let mut shown = view.head.fields.all("authorization");
    shown.any(|value| value.starts_with(b"AWS4-HMAC-SHA256"))
}

/// Who calls, where a credential of a consumer is shown without anybody having asked for one. What
/// is shown is taken out in any case: no provider gets to see it.
pub(crate) fn recognise(
    way: &Arc<Policy>,
    consumers: &Consumers,
    view: &mut RequestView<'_>,
) -> Option<Caller> {
    let identity = way.as_identity()?;
    let found = identity.identify(view, consumers);
    identity.conceal(view, None);
    match found {
        Identity::Verified(caller) => Some(caller),
        Identity::Missing => view.admission.vouched.clone(),
        Identity::Invalid | Identity::Lacking | Identity::Unready => None,
    }
}

/// Also what did not decide is taken out: a service must not see a key that was merely second.
pub(crate) fn conceal(ways: &[Arc<Policy>], view: &mut RequestView<'_>, known: Option<&Consumers>) {
    for way in ways.iter().filter_map(|way| way.as_identity()) {
        way.conceal(view, known);
    }
}

#[cold]
fn refuse(ways: &[Arc<Policy>], reason: Reason) -> Reply {
    let detail = match reason {
        Reason::CredentialMissing => "a credential is needed here and none was presented",
        _ => "the credential that was presented is not valid",
    };
    ways.iter().filter_map(|way| way.as_identity()).fold(
        Reply::refuse(reason, detail),
        |reply, way| {
            let challenge = match reason {
                Reason::CredentialMissing => way.challenge(),
                _ => way.challenge_of_invalid(),
            };
            reply.with_field("www-authenticate", challenge)
        },
    )
}

#[cold]
fn lacking(way: &dyn IdentityPolicy) -> Reply {
    let detail = "the credential that was presented has not the scopes that are needed here";
    let reply = Reply::refuse(Reason::Forbidden, detail);
    reply.with_field("www-authenticate", way.challenge_of_lacking())
}

#[cold]
fn unready() -> Reply {
    let detail = "the keys of the token's issuer are not there yet";
    Reply::refuse(Reason::Overloaded, detail).with_field("retry-after", b"1")
}

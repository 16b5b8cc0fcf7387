//! Shows a provider the credential of the lane.

use std::time::SystemTime;

use architrave_config::CredentialSecret;
use architrave_core::Reason;
use architrave_llm::auth::{self, Applied, AwsSecret, ProviderSecret, SignedBody, SignedParts};
use architrave_llm::chat::{ChatError, ErrorKind};

use super::outgoing::Outgoing;
use super::run::Missed;
use crate::models::LiveLane;

/// Puts what shows the credential into the head or the query.
///
/// # Errors
/// That the credential is none that the provider takes.
pub(super) fn show(
    outgoing: &mut Outgoing,
    lane: &LiveLane,
    wall: SystemTime,
) -> Result<(), Missed> {
    if let Some(standing) = &lane.standing {
        apply(outgoing, standing);
        return Ok(());
    }
    let secret = match lane.credential().map(|credential| &credential.secret) {
        Some(CredentialSecret::Aws { access_key_id, secret_access_key, session_token, .. }) => {
            let region = lane.provider.config.filled(lane.credential(), "region");
            ProviderSecret::Aws(AwsSecret {
                access_key_id,
                secret_access_key,
                session_token: session_token.as_ref(),
                region: region.unwrap_or_default(),
            })
        }
        _ => return Err(not_accepted()),
    };
    let pieces: Vec<&[u8]> = outgoing.payload.pieces().collect();
    let request = SignedParts {
        method: outgoing.head.method.as_str(),
        host: &outgoing.head.authority,
        path_and_query: &outgoing.target,
        headers: &[("content-type", "application/json")],
        body: SignedBody::Pieces(&pieces),
    };
    let applied = auth::apply(&lane.side.row.auth, &secret, &request, wall);
    let applied = applied.map_err(|_wrong_kind| not_accepted())?;
    apply(outgoing, &applied);
    Ok(())
}

fn apply(outgoing: &mut Outgoing, applied: &Applied) {
    for (name, value) in &applied.headers {
        outgoing.head.fields.append(name, value.expose().as_bytes());
    }
    if let Some(pair) = &applied.query {
        outgoing.target.push(if outgoing.target.contains('?') { '&' } else { '?' });
        outgoing.target.push_str(pair.expose());
    }
}

fn not_accepted() -> Missed {
    let message = "the gateway has no credential that the provider takes";
    let error = ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) };
    Missed::provider(error, Reason::BadResponse)
}

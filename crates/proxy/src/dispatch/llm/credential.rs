//! Shows a provider the credential of the lane.

use std::sync::Arc;
use std::time::Duration;

use architrave_balance::deployment::{Failure, Scope};
use architrave_config::CredentialSecret;
use architrave_core::{Reason, Secret};
use architrave_llm::auth::{self, Applied, AwsSecret, ProviderSecret, SignedBody, SignedParts};
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::hush::Hush;
use architrave_llm::talk::TOKENS;

use super::missed::Missed;
use super::outgoing::Outgoing;
use crate::models::LiveLane;
use crate::upkeep::tokens::Tokens;
use crate::worker::Worker;

/// What it means that a credential cannot be shown, and what is said of it.
pub(super) type Unshown = (Failure, Missed);

/// Puts what shows the credential into the head or the query.
///
/// # Errors
/// That the credential is none that the provider takes, or is not to be had at the moment.
pub(super) async fn show(
    outgoing: &mut Outgoing,
    lane: &LiveLane,
    worker: &Worker,
) -> Result<(), Unshown> {
    if let Some(standing) = &lane.standing {
        apply(outgoing, standing);
        return Ok(());
    }
    if let Some(tokens) = &lane.side.tokens {
        return show_token(outgoing, lane, tokens, worker).await;
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
    let content_type = outgoing.head.fields.get("content-type");
    let content_type = content_type.and_then(|value| std::str::from_utf8(value).ok());
    let signed: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
    let request = SignedParts {
        method: outgoing.head.method.as_str(),
        host: &outgoing.head.authority,
        path_and_query: &outgoing.target,
        headers: &signed,
        body: SignedBody::Pieces(&pieces),
    };
    let applied = auth::apply(&lane.side.row.auth, &secret, &request, worker.wall());
    let applied = applied.map_err(|_wrong_kind| not_accepted())?;
    apply(outgoing, &applied);
    Ok(())
}

/// Shows a key that the provider has made for one talk, in the place of the credential by which it
/// was made: by it the provider knows what the talk is to be like.
pub(super) fn show_key(outgoing: &mut Outgoing, key: &Secret) {
    let fields = &mut outgoing.head.fields;
    ["api-key", "x-goog-api-key"].into_iter().for_each(|name| fields.remove(name));
    let scheme = if key.expose().starts_with(TOKENS) { "Token" } else { "Bearer" };
    fields.set("authorization", format!("{scheme} {}", key.expose()).as_bytes());
}

/// How long a request waits for the very first token after a start.
const FIRST_TOKEN_PATIENCE: Duration = Duration::from_secs(5);

/// Shows the access token that the control runtime keeps.
async fn show_token(
    outgoing: &mut Outgoing,
    lane: &LiveLane,
    tokens: &Tokens,
    worker: &Worker,
) -> Result<(), Unshown> {
    if tokens.current(worker.now()).is_none() {
        tokens.first(FIRST_TOKEN_PATIENCE).await;
    }
    let token = tokens.current(worker.now()).ok_or_else(no_token)?;
    let standing = auth::standing(&lane.side.row.auth, &ProviderSecret::Key(&token));
    let applied = standing.map_err(|_wrong_kind| not_accepted())?.ok_or_else(not_accepted)?;
    apply(outgoing, &applied);
    outgoing.hush = Arc::new(Hush::new([&*token]));
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

fn not_accepted() -> Unshown {
    let failure = Failure::Denied { scope: Scope::Credential };
    (failure, missed("the gateway has no credential that the provider takes"))
}

/// It may be there in a moment.
fn no_token() -> Unshown {
    (Failure::Broken, missed("the gateway has no access token for the provider at the moment"))
}

fn missed(message: &'static str) -> Missed {
    let error = ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) };
    Missed::provider(error, Reason::BadResponse)
}

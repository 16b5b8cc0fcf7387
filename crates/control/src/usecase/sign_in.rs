//! Signing in by the word of an identity provider: sent there, come back, believed or not, and what
//! becomes of somebody here.
//!
//! The browser keeps one secret for the while, and everything that must fit together follows from
//! it: the state in the address, the nonce in the token, the verifier of the code. So the database
//! knows nothing that could be used, and what was stolen from an address is of no use without the
//! cookie.

mod person;

use std::sync::Arc;

use architrave_config::IdentityProvider;
use architrave_config::ports::WebQuestion;
use architrave_core::Secret;
use architrave_store::SignIn;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::sessions::{Opened, attempt};
use super::{Done, entry, platform};
use crate::api::Dependencies;
use crate::caller::{Caller, SignInCookie};
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::oidc::{self, Claims, Description, Expected, TokenFault, Unavailable};
use crate::platform::Platform;
use crate::query::Query;

/// So long may somebody take at their provider, in seconds.
pub(crate) const SIGN_IN_SECONDS: u64 = 10 * 60;

/// Where providers send the browser back.
pub(crate) const CALLBACK: &str = "/api/v1/session/callback";

/// The longest path that somebody is sent on to.
const RETURN_BYTES_MAX: usize = 1_024;

/// A way to sign in beside a password.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignInProvider {
    /// What it is called in paths.
    name: String,
    /// What stands on its button.
    title: String,
    /// Where a browser goes to begin.
    begin: String,
}

/// Every way to sign in beside a password.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignInProviders {
    providers: Vec<SignInProvider>,
}

/// A sign-in that has begun.
pub(crate) struct Begun {
    pub(crate) location: String,
    pub(crate) cookie: SignInCookie,
}

/// A sign-in that is done.
pub(crate) struct Finished {
    pub(crate) opened: Opened,
    pub(crate) return_to: String,
}

/// The ways to sign in; none without a database.
pub(crate) fn providers(dependencies: &Dependencies) -> Result<SignInProviders, ApiError> {
    platform(dependencies)?;
    let providers = dependencies.identity.identity_providers();
    let providers = providers.iter().map(|provider| {
        let name = provider.name.as_str().to_owned();
        let begin = format!("/api/v1/session/providers/{name}:begin");
        SignInProvider { name, title: provider.title.clone(), begin }
    });
    Ok(SignInProviders { providers: providers.collect() })
}

fn provider(dependencies: &Dependencies, name: &str) -> Result<Arc<IdentityProvider>, ApiError> {
    let providers = dependencies.identity.identity_providers();
    let provider = providers.into_iter().find(|provider| provider.name.as_str() == name);
    provider.ok_or_else(|| {
        let message = format!("no identity provider is named {name}");
        ApiError::new(Code::IdentityProviderNotFound, message)
    })
}

/// Sends somebody to their provider.
pub(crate) async fn begin(
    dependencies: &Dependencies,
    caller: &Caller,
    (name, return_to): (&str, Option<&str>),
    base: &str,
) -> Result<Begun, ApiError> {
    let platform = platform(dependencies)?;
    let provider = provider(dependencies, name)?;
    let return_to = return_to.unwrap_or("/");
    check_return(return_to)?;
    attempt(platform, &caller.origin)?;
    let described = platform.issuers().description(&*dependencies.identity, &provider).await;
    let description = described.map_err(|error| unavailable(&provider, &error))?;
    let cookie = SignInCookie::new();
    let cookie = cookie.map_err(|_| ApiError::internal("the system gives no randomness"))?;
    let redirect_uri = format!("{base}{CALLBACK}");
    let life = i64::try_from(SIGN_IN_SECONDS).unwrap_or_default() * 1_000_000;
    let begun = SignIn {
        id_hash: cookie.id_hash(),
        provider: name.to_owned(),
        redirect_uri: redirect_uri.clone(),
        return_to: return_to.to_owned(),
        expires_at: platform.now() + life,
    };
    if !platform.store().begin_sign_in(&begun).await? {
        let message = "too many sign-ins are under way; try again in a moment";
        return Err(ApiError::new(Code::TooBusy, message));
    }
    let (state, nonce, challenge) = (cookie.state(), cookie.nonce(), cookie.code_challenge());
    let mut scopes = vec!["openid"];
    scopes.extend(provider.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
    let scopes = scopes.join(" ");
    let location = oidc::with_query(
        &description.authorization_endpoint,
        &[
            ("response_type", "code"),
            ("client_id", &provider.client_id),
            ("redirect_uri", &redirect_uri),
            ("scope", &scopes),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    );
    Ok(Begun { location, cookie })
}

/// A path of ours, and of nobody else: what begins with two slashes is another's host.
fn check_return(path: &str) -> Result<(), ApiError> {
    let is_own = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    let is_plain = path.len() <= RETURN_BYTES_MAX && path.bytes().all(|it| it.is_ascii_graphic());
    if is_own && is_plain {
        return Ok(());
    }
    let message = "where to go then is a path of this gateway, such as /";
    Err(ApiError::query_fault(Fault::of_parameter("return_to", message)))
}

/// Lets somebody in whom their provider has sent back.
pub(crate) async fn finish(
    dependencies: &Dependencies,
    caller: &Caller,
    cookie: Option<SignInCookie>,
    query: &Query,
) -> Result<Finished, ApiError> {
    let platform = platform(dependencies)?;
    let over = || {
        let message = "this sign-in was not begun in this browser, is over or was ended before; \
                       begin again";
        ApiError::new(Code::SignInOver, message)
    };
    let cookie = cookie.ok_or_else(over)?;
    if !cookie.is_state(query.get("state").unwrap_or_default()) {
        return Err(over());
    }
    // Taken before anything is asked: of two answers, one counts.
    let begun = platform.store().take_sign_in(&cookie.id_hash()).await?.ok_or_else(over)?;
    let provider = provider(dependencies, &begun.provider)?;
    let attempt = Attempt { dependencies, platform, provider: &provider, begun: &begun };
    let said = match attempt.ask(&cookie, query).await {
        Ok(claims) => person::let_in(platform, &caller.origin, &provider, &claims).await,
        Err(refusal) => Err(person::Kept { refusal, name: String::new() }),
    };
    match said {
        Ok(opened) => Ok(Finished { opened, return_to: begun.return_to }),
        Err(kept) => Err(keep_out(platform, caller, &provider, kept).await?),
    }
}

/// Writes down that somebody was not let in.
async fn keep_out(
    platform: &Platform,
    caller: &Caller,
    provider: &IdentityProvider,
    kept: person::Kept,
) -> Result<ApiError, ApiError> {
    let change = platform.change().await?;
    let done = Done {
        action: "sign_in_failed".to_owned(),
        kind: "session",
        name: kept.name,
        after: Some(serde_json::json!({
            "identity_provider": provider.name.as_str(),
            "code": kept.refusal.code().as_str(),
            "reason": kept.refusal.message(),
        })),
        ..Done::default()
    };
    change.commit(entry(caller, done)).await?;
    Ok(kept.refusal)
}

fn unavailable(provider: &IdentityProvider, error: &Unavailable) -> ApiError {
    let name = provider.name.as_str();
    tracing::warn!(provider = name, %error, "an identity provider cannot be asked");
    let message = format!("the identity provider {name} does not answer as it should: {error}");
    ApiError::new(Code::IdentityProviderUnavailable, message)
}

fn not_proven(provider: &IdentityProvider, why: impl std::fmt::Display) -> ApiError {
    let name = provider.name.as_str();
    tracing::warn!(provider = name, %why, "the word of an identity provider is not believed");
    let message = format!("the word of the identity provider {name} is not believed: {why}");
    ApiError::new(Code::IdentityNotProven, message)
}

/// What a provider gives for a code.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

/// One answer of a provider, about to be judged.
struct Attempt<'a> {
    dependencies: &'a Dependencies,
    platform: &'a Platform,
    provider: &'a IdentityProvider,
    begun: &'a SignIn,
}

impl Attempt<'_> {
    /// What the provider says of whoever has come back.
    async fn ask(&self, cookie: &SignInCookie, query: &Query) -> Result<Claims, ApiError> {
        let provider = self.provider;
        let port = &*self.dependencies.identity;
        let described = self.platform.issuers().description(port, provider).await;
        let description = described.map_err(|error| unavailable(provider, &error))?;
        // Whose answer it is, so that no other provider's code is brought to this one (RFC 9207).
        match query.get("iss") {
            Some(issuer) if issuer != provider.issuer => {
                return Err(not_proven(provider, TokenFault::Issuer));
            }
            None if description.names_itself() => {
                return Err(not_proven(provider, "its answer does not say whose it is"));
            }
            _ => {}
        }
        if let Some(error) = query.get("error") {
            let is_word = error.len() <= 64
                && error.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
            let word = if is_word { error } else { "an error" };
            let message = format!("the identity provider did not let them sign in: {word}");
            return Err(ApiError::new(Code::SignInNotPermitted, message));
        }
        let code = query.get("code").filter(|code| !code.is_empty());
        let code = code.ok_or_else(|| not_proven(provider, "its answer has no code"))?;
        let tokens = self.redeem(&description, cookie, code).await?;
        let mut claims = self.believe(&tokens.id_token, cookie).await?;
        if let (Some(url), Some(token)) = (&description.userinfo_endpoint, tokens.access_token)
            && self.wants_more(&claims)
        {
            let more = self.user_info(url, &token).await?;
            claims.complete(more).map_err(|fault| not_proven(provider, fault))?;
        }
        Ok(claims)
    }

    /// Gives the code for tokens.
    async fn redeem(
        &self,
        description: &Description,
        cookie: &SignInCookie,
        code: &str,
    ) -> Result<Tokens, ApiError> {
        let provider = self.provider;
        let verifier = cookie.verifier();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.begun.redirect_uri),
            ("code_verifier", &verifier),
        ];
        let mut authorization = None;
        match &provider.client_secret {
            None => form.push(("client_id", &provider.client_id)),
            Some(secret) if description.takes_secret_in_form() => {
                form.push(("client_id", &provider.client_id));
                form.push(("client_secret", secret.expose()));
            }
            Some(secret) => authorization = Some(oidc::basic(&provider.client_id, secret)),
        }
        let answer = self.dependencies.identity.ask(WebQuestion {
            url: description.token_endpoint.clone(),
            authorization,
            form: Some(Secret::new(oidc::form(&form))),
            allow_private: provider.allow_private,
        });
        let failed = |why: String| unavailable(provider, &Unavailable(why));
        let answer = answer.await.map_err(|error| failed(error.to_string()))?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body)
                .map_err(|_| failed("its answer has no ID token".to_owned())),
            // It knows the code, or us, no longer; what it says of that is for its own logs.
            400 | 401 | 403 => Err(not_proven(provider, "it does not take the code")),
            status => Err(failed(format!("it answers {status}"))),
        }
    }

    /// Checks a token by the provider's keys; asks for them again where one is missing.
    async fn believe(&self, token: &str, cookie: &SignInCookie) -> Result<Claims, ApiError> {
        let provider = self.provider;
        let port = &*self.dependencies.identity;
        let nonce = cookie.nonce();
        let expected = Expected {
            issuer: &provider.issuer,
            client_id: &provider.client_id,
            nonce: &nonce,
            now: self.platform.now() / 1_000_000,
        };
        let issuers = self.platform.issuers();
        let asked = issuers.keys(port, provider, None).await;
        let keys = asked.map_err(|error| unavailable(provider, &error))?;
        let mut verified = Claims::verify(token, &keys, &expected);
        if matches!(verified, Err(TokenFault::KeyUnknown)) {
            let asked = issuers.keys(port, provider, Some(&keys)).await;
            let keys = asked.map_err(|error| unavailable(provider, &error))?;
            verified = Claims::verify(token, &keys, &expected);
        }
        verified.map_err(|fault| not_proven(provider, fault))
    }

    /// Whether the token leaves something open that matters here.
    fn wants_more(&self, claims: &Claims) -> bool {
        let groups = self.provider.groups.as_ref();
        claims.text("email").is_none()
            || groups.is_some_and(|groups| claims.texts(&groups.claim).is_none())
    }

    async fn user_info(&self, url: &str, token: &str) -> Result<Map<String, Value>, ApiError> {
        let failed = |why: String| unavailable(self.provider, &Unavailable(why));
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(failed("its access token cannot be sent".to_owned()));
        }
        let answer = self.dependencies.identity.ask(WebQuestion {
            url: url.to_owned(),
            authorization: Some(Secret::new(format!("Bearer {token}"))),
            form: None,
            allow_private: self.provider.allow_private,
        });
        let answer = answer.await.map_err(|error| failed(error.to_string()))?;
        if answer.status != 200 {
            return Err(failed(format!("it answers {} to who somebody is", answer.status)));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| failed(format!("who somebody is cannot be read: {error}")))
    }
}

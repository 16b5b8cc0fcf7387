//! What an identity provider says of itself, at `/.well-known/openid-configuration`.

use serde::Deserialize;

/// The longest address that is taken.
const URL_BYTES_MAX: usize = 2_048;

/// What is read of it; the rest is for others.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Description {
    issuer: String,
    /// Where a browser is sent.
    pub(crate) authorization_endpoint: String,
    /// Where a code becomes tokens.
    pub(crate) token_endpoint: String,
    /// Where it says more of somebody.
    #[serde(default)]
    pub(crate) userinfo_endpoint: Option<String>,
    /// Where its keys are.
    pub(crate) jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Description {
    /// Where the description of an issuer is.
    pub(crate) fn url(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }

    /// Reads it: it must be of that very issuer, and lead to nothing that can be read on the way.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(body: &[u8], issuer: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(body)
            .map_err(|error| format!("its description cannot be read: {error}"))?;
        if read.issuer != issuer {
            return Err("its description is of another issuer".to_owned());
        }
        let is_plain = issuer.starts_with("http://");
        let others = read.userinfo_endpoint.iter();
        for url in [&read.authorization_endpoint, &read.token_endpoint, &read.jwks_uri]
            .into_iter()
            .chain(others)
        {
            let fits = url.len() <= URL_BYTES_MAX
                && url.bytes().all(|byte| byte.is_ascii_graphic())
                && !url.contains('#')
                && (url.starts_with("https://") || (is_plain && url.starts_with("http://")));
            if !fits {
                return Err("its description leads to an address that is not taken".to_owned());
            }
        }
        Ok(read)
    }

    /// Whether the client secret goes into the form: only where the header is not taken.
    pub(crate) fn takes_secret_in_form(&self) -> bool {
        let methods = &self.token_endpoint_auth_methods_supported;
        let has = |wanted: &str| methods.iter().any(|method| method == wanted);
        // Without a word of it, the header is the rule.
        has("client_secret_post") && !has("client_secret_basic")
    }

    /// Whether every answer must say whose it is (RFC 9207).
    pub(crate) fn names_itself(&self) -> bool {
        self.authorization_response_iss_parameter_supported
    }
}

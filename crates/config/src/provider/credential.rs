//! A provider's credential: what is presented there, in the form that it wants.
//!
//! Not how it is presented: headers, signatures and tokens are made of it elsewhere.

use std::path::PathBuf;

use architrave_core::Secret;
use architrave_core::name::CredentialName;

use super::written::FillText;
use crate::read::{Count, FilePath, Name, Scope, Text, VisibleSecret, record};

/// What is presented to a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderCredential {
    /// Its name, unique within the provider.
    pub name: CredentialName,
    /// Its share of the requests, 1 to 1000.
    pub weight: u32,
    /// What is presented.
    pub secret: CredentialSecret,
}

/// What a credential consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum CredentialSecret {
    /// A key or token, presented as it is.
    Value(Secret),
    /// Requests are signed (SigV4).
    Aws {
        /// The public half.
        access_key_id: String,
        /// The secret half.
        secret_access_key: Secret,
        /// Of temporary credentials.
        session_token: Option<Secret>,
        /// Where requests are signed for and sent to, where it is not the provider's; see
        /// [`Provider::filled`](super::Provider::filled), which knows it in any case.
        region: Option<String>,
    },
    /// A service account of Google's: access tokens are asked for in its name.
    Gcp {
        /// Its key, as the JSON that Google gives out.
        file: PathBuf,
        /// The project, where it is not the provider's.
        project: Option<String>,
        /// The location, where it is not the provider's.
        location: Option<String>,
    },
    /// A key of an Azure resource.
    Azure {
        /// The key.
        key: Secret,
        /// The version of the API, where it is not the provider's.
        api_version: Option<String>,
    },
}

impl CredentialSecret {
    /// Its own value for a placeholder of the catalogue's.
    pub(super) fn fill(&self, placeholder: &str) -> Option<&str> {
        match (self, placeholder) {
            (Self::Aws { region, .. }, "region") => region.as_deref(),
            (Self::Gcp { project, .. }, "project") => project.as_deref(),
            (Self::Gcp { location, .. }, "location") => location.as_deref(),
            (Self::Azure { api_version, .. }, "api_version") => api_version.as_deref(),
            _ => None,
        }
    }

    /// Every secret in it.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let (first, second) = match self {
            Self::Value(secret) | Self::Azure { key: secret, .. } => (Some(secret), None),
            Self::Aws { secret_access_key, session_token, .. } => {
                (Some(secret_access_key), session_token.as_ref())
            }
            Self::Gcp { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// What the only credential of a provider is called when nobody says.
const NAME: &str = "main";

record! {
    /// What is presented to a provider; exactly one of `value`, `aws`, `gcp` and `azure`.
    #[derive(Debug)]
    pub(super) struct CredentialWritten => ProviderCredential by finish {
        /// Its name, for logs and metrics; unique within the provider. By default `main`.
        "name": Name<CredentialName> = CredentialName::new(NAME) => name: CredentialName,
        /// Its share of the requests.
        "weight": Count<u32, 1, 1000> = 1 => weight: u32,
        /// A key or token.
        "value": Option<VisibleSecret> = None => value: Option<Secret>,
        /// A key pair of AWS; requests are signed.
        "aws": Option<AwsKeys> = None => aws: Option<AwsKeys>,
        /// A service account of Google Cloud.
        "gcp": Option<GcpAccount> = None => gcp: Option<GcpAccount>,
        /// A key of an Azure resource.
        "azure": Option<AzureKey> = None => azure: Option<AzureKey>,
    }
}

record! {
    /// A key pair of AWS.
    #[derive(Debug)]
    struct AwsKeys {
        /// The public half.
        "access_key_id": Text => access_key_id: String,
        /// The secret half.
        "secret_access_key": VisibleSecret => secret_access_key: Secret,
        /// What comes with temporary keys.
        "session_token": Option<VisibleSecret> = None => session_token: Option<Secret>,
        /// Where requests are signed for and sent to; by default the provider's `region`.
        "region": Option<FillText> = None => region: Option<String>,
    }
}

record! {
    /// A service account of Google Cloud.
    #[derive(Debug)]
    struct GcpAccount {
        /// The file with its key, as Google gives it out (JSON).
        "file": FilePath => file: PathBuf,
        /// The project; by default the provider's.
        "project": Option<FillText> = None => project: Option<String>,
        /// The location, such as `europe-west4`; by default the provider's.
        "location": Option<FillText> = None => location: Option<String>,
    }
}

record! {
    /// A key of an Azure resource.
    #[derive(Debug)]
    struct AzureKey {
        /// The key.
        "key": VisibleSecret => key: Secret,
        /// The version of the API, such as `2024-10-21`; by default the provider's.
        "api_version": Option<FillText> = None => api_version: Option<String>,
    }
}

/// The keys of which a credential has exactly one.
pub(super) const FORMS: [&str; 4] = ["value", "aws", "gcp", "azure"];

impl CredentialWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<ProviderCredential> {
        match FORMS.iter().filter(|form| scope.has(form)).count() {
            1 => {}
            0 => scope.refuse("needs one of `value`, `aws`, `gcp` and `azure`"),
            _ => scope.refuse("takes only one of `value`, `aws`, `gcp` and `azure`"),
        }
        let Self { name, weight, value, aws, gcp, azure } = self;
        let secret = if let Some(value) = value {
            CredentialSecret::Value(value)
        } else if let Some(aws) = aws {
            let AwsKeys { access_key_id, secret_access_key, session_token, region } = aws;
            CredentialSecret::Aws { access_key_id, secret_access_key, session_token, region }
        } else if let Some(GcpAccount { file, project, location }) = gcp {
            CredentialSecret::Gcp { file, project, location }
        } else {
            let AzureKey { key, api_version } = azure?;
            CredentialSecret::Azure { key, api_version }
        };
        Some(ProviderCredential { name, weight, secret })
    }
}

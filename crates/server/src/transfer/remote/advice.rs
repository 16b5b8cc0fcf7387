//! Why a gateway has given no answer, and what helps.

use architrave_net::fetch::FetchError;
use architrave_net::tls::Distrust;

use super::Remote;

impl Remote {
    /// Why there is no answer, and what to do about it where that is known.
    pub(super) fn explained(&self, error: FetchError) -> anyhow::Error {
        let advice = match &error {
            FetchError::Tls(fault) => fault.distrust().map(|distrust| match distrust {
                Distrust::Authority => {
                    "its certificate is by an authority that is not trusted here: name the one that \
                     has signed it with --ca-file FILE"
                        .to_owned()
                }
                Distrust::Time => {
                    "its certificate has expired, or is not valid yet: renew it there, or set the \
                     clock right here"
                        .to_owned()
                }
                Distrust::Name => {
                    format!(
                        "its certificate is for other names than {}: use one of those in --server",
                        self.host
                    )
                }
                Distrust::Other => {
                    "its certificate is not one to trust; --ca-file FILE names the authorities that \
                     may vouch for it"
                        .to_owned()
                }
                Distrust::NoTls => {
                    "what answers there speaks no TLS: use http:// in --server, or the address of \
                     the listener that has TLS"
                        .to_owned()
                }
            }),
            FetchError::Closed | FetchError::Malformed(_) if self.tls.is_none() => {
                Some("a listener with TLS is asked by https:// in --server".to_owned())
            }
            _ => None,
        };
        match advice {
            Some(advice) => anyhow::anyhow!("{error}; {advice}"),
            None => error.into(),
        }
    }
}

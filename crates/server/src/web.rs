//! Questions of the control side to the web: asked on the control runtime, of addresses that were
//! judged, and bounded in time and size.

use std::sync::Arc;
use std::time::Duration;

use architrave_config::ports::{WebAnswer, WebError, WebQuestion};
use architrave_config::{UpstreamProtocol, UpstreamTls};
use architrave_core::Secret;
use architrave_net::dns::Resolver;
use architrave_net::egress::Permission;
use architrave_net::fetch::{self, Destination, Question, QuestionBody};
use architrave_net::tls::ClientTls;
use http::Uri;

/// How long one answer may take in all: somebody waits for it in front of a screen.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The way to the web.
#[derive(Clone)]
pub(crate) struct Web {
    resolver: Arc<Resolver>,
}

impl Web {
    pub(crate) const fn new(resolver: Arc<Resolver>) -> Self {
        Self { resolver }
    }

    /// Asks, and takes the answer whole.
    ///
    /// # Errors
    /// Why there is none; never with what was asked.
    pub(crate) async fn ask(&self, question: &WebQuestion) -> Result<WebAnswer, WebError> {
        let asking = Box::pin(self.try_ask(question));
        match tokio::time::timeout(ANSWER_TIMEOUT, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(WebError(format!("no answer within {ANSWER_TIMEOUT:?}"))),
        }
    }

    async fn try_ask(&self, question: &WebQuestion) -> Result<WebAnswer, WebError> {
        let no_url = || WebError("its URL cannot be read".to_owned());
        let uri: Uri = question.url.parse().map_err(|_invalid| no_url())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(no_url());
        };
        let is_encrypted = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(no_url()),
        };
        if authority.as_str().contains('@') {
            return Err(no_url());
        }
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let port = authority.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        let tls = is_encrypted.then(|| {
            ClientTls::load(&UpstreamTls::default(), UpstreamProtocol::Http1)
                .map_err(|error| WebError(error.to_string()))
        });
        let tls = tls.transpose()?;
        let asked = Question {
            authority: authority.as_str(),
            host,
            path: uri.path_and_query().map_or("/", |path| path.as_str()),
            authorization: question.authorization.as_ref().map(Secret::expose),
            body: question.form.as_ref().map(|form| QuestionBody {
                content_type: "application/x-www-form-urlencoded",
                bytes: form.expose().as_bytes(),
            }),
            ..Question::default()
        };
        let permission = Some(Permission::of_host(host, question.allow_private));
        let destination = Destination { host, port, permission };
        let answer = fetch::ask_host(&self.resolver, destination, tls.as_ref(), &asked).await;
        let answer = answer.map_err(|error| WebError(error.to_string()))?;
        Ok(WebAnswer { status: answer.status, body: answer.body })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn question(url: &str) -> WebQuestion {
        WebQuestion {
            url: url.to_owned(),
            authorization: None,
            form: Some(Secret::new("code=hush")),
            allow_private: false,
        }
    }

    async fn ask(url: &str) -> Result<WebAnswer, WebError> {
        Web::new(Arc::new(Resolver::system())).ask(&question(url)).await
    }

    #[tokio::test]
    async fn what_is_no_url_or_leads_where_it_must_not_is_not_asked() {
        for (url, said) in [
            ("ftp://id.example/", "cannot be read"),
            ("/token", "cannot be read"),
            ("http://user@127.0.0.1/", "cannot be read"),
            ("http://169.254.169.254/latest", "metadata"),
        ] {
            let error = ask(url).await.unwrap_err();
            assert!(error.to_string().contains(said), "{url}: {error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_taken_whole_and_a_redirect_is_one() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = architrave_core::task::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"code=hush") {
                request.push(stream.read_u8().await.unwrap());
            }
            let answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\n{}";
            stream.write_all(answer).await.unwrap();
        });
        let answer = ask(&format!("http://{address}/token?a=b")).await.unwrap();
        assert_eq!(answer, WebAnswer { status: 302, body: b"{}".to_vec() });
        served.await.unwrap();
    }
}

//! An OpenID provider of somebody else's making, in `tests/oidc`, and a browser that goes there and
//! back.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::client::get;
use crate::message::Response;
use crate::python::PythonOrigin;
use crate::tools;

/// What the provider knows us by, and what proves that.
pub const CLIENT: (&str, &str) = ("architrave", "the secret of the test: & more");

/// A program that the provider knows, and what proves that.
pub const AGENT: (&str, &str) = ("agent", "the secret of an agent");

/// More redirects than a sign-in has.
const REDIRECTS_MAX: usize = 10;

/// A provider that serves until it is dropped.
pub struct OidcProvider(PythonOrigin);

/// Who is signed in at the provider.
#[derive(Clone, Copy, Debug)]
pub struct OidcPerson<'a> {
    /// Who it is to the provider.
    pub subject: &'a str,
    /// Verified.
    pub email: &'a str,
    /// With commas between them.
    pub groups: &'a str,
    /// Whether all that stands in the ID token, or has to be asked for.
    pub is_in_token: bool,
}

impl OidcProvider {
    /// Starts one.
    ///
    /// # Panics
    /// When Node or its package is not there.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent);
        let root = crates.expect("the crate lies in <workspace>/crates");
        let mut command = Command::new(tools::program("node"));
        command.arg(root.join("tests/oidc/provider.mjs")).arg(tools::oidc_node());
        command.env("NODE_ENV", "production");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(PythonOrigin::spawn("provider.mjs", command))
    }

    /// Who it is, as its tokens say.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://{}", self.0.addr())
    }

    /// Signs somebody in there, for whom the browser is sent back to `redirect_uri`; with new keys
    /// from then on.
    ///
    /// # Panics
    /// When it does not do as told.
    #[track_caller]
    pub fn sign_in(&self, redirect_uri: &str, person: OidcPerson<'_>) {
        self.make_anew(redirect_uri, person, "");
    }

    /// The same for somebody of whom nothing is asked; and the client [`AGENT`] gets tokens for this
    /// resource from then on, with new keys.
    ///
    /// # Panics
    /// When it does not do as told.
    #[track_caller]
    pub fn guard(&self, resource: &str) {
        let person =
            OidcPerson { subject: "s", email: "s@example.com", groups: "", is_in_token: false };
        let resource = format!("&resource={resource}");
        self.make_anew("http://127.0.0.1:1/back", person, &resource);
    }

    #[track_caller]
    fn make_anew(&self, redirect_uri: &str, person: OidcPerson<'_>, more: &str) {
        let OidcPerson { subject, email, groups, is_in_token } = person;
        let in_token = if is_in_token { "&in_token=1" } else { "" };
        let target = format!(
            "/control?redirect_uri={redirect_uri}&sub={subject}&email={email}&groups={groups}{in_token}{more}"
        );
        let answer = get(self.0.addr(), &self.0.addr().to_string(), &target, &[]);
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
}

/// A browser: it keeps cookies, and goes where it is sent.
#[derive(Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Goes to a path at an address and on, until it is not sent elsewhere or has come to `end`.
    ///
    /// # Panics
    /// When it is sent in circles, or to no address.
    #[track_caller]
    pub fn go(&mut self, at: SocketAddr, path: &str, end: &str) -> Response {
        let (mut at, mut path) = (at, path.to_owned());
        for _redirect in 0..REDIRECTS_MAX {
            let answer = self.get(at, &path);
            let is_redirect = (300..400).contains(&answer.status);
            let Some(location) = answer.get("location").filter(|_| is_redirect) else {
                return answer;
            };
            if location == end {
                return answer;
            }
            match location.strip_prefix("http://") {
                None => path = location.to_owned(),
                Some(rest) => {
                    let (host, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                    at = host.parse().expect("it is sent to an address");
                    path = rest.to_owned();
                }
            }
        }
        panic!("sent from one to the next: {path}");
    }

    /// Asks for a path, with its cookies, and takes those that it is given.
    ///
    /// # Panics
    /// When there is no valid response.
    #[track_caller]
    pub fn get(&mut self, at: SocketAddr, path: &str) -> Response {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let line = format!("Cookie: {}", cookies.join("; "));
        let lines = if cookies.is_empty() { vec![] } else { vec![line.as_str()] };
        let answer = get(at, &at.to_string(), path, &lines);
        for (name, value) in &answer.head.fields {
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let pair = value.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            match value.is_empty() {
                true => drop(self.cookies.remove(name)),
                false => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        answer
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }
}

//! Where the messages of the transport of 2024-11-05 go: its server says so in the first event of
//! its stream, and is believed as far as its own origin.

use std::ops::ControlFlow;

/// A longer one is no place.
const BYTES_MAX: usize = 8 * 1024;

/// Why messages are not sent where a server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongPlace {
    /// It is no reference to a place.
    #[error("its endpoint is no URL")]
    NoUrl,
    /// It is somebody else's: what is said to this server is not for them.
    #[error("its endpoint is of another origin")]
    OtherOrigin,
    /// It has said another one before, on the same stream.
    #[error("it says a second endpoint")]
    Second,
}

/// The place for messages, once it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePlace {
    scheme: String,
    authority: String,
    /// The path of the stream, up to its last slash.
    folder: String,
    path: String,
    target: Option<String>,
}

impl MessagePlace {
    /// Of a stream that was asked for at this origin (`http` or `https`, host and port as the URL
    /// has them) and target (path and query).
    #[must_use]
    pub fn of_stream(scheme: &str, authority: &str, target: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        Self {
            scheme: scheme.to_ascii_lowercase(),
            authority: without_usual_port(scheme, authority).to_ascii_lowercase(),
            folder: format!("{folder}/"),
            path: path.to_owned(),
            target: None,
        }
    }

    /// Path and query to which messages go, once the server has said it.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// Takes what the event `endpoint` says: a reference as RFC 3986 resolves it.
    ///
    /// # Errors
    /// [`WrongPlace`]; the stream is of no use then.
    pub fn say(&mut self, reference: &str) -> Result<(), WrongPlace> {
        let target = self.resolve(reference.trim_matches(' '))?;
        match &self.target {
            Some(before) if *before != target => Err(WrongPlace::Second),
            _ => {
                self.target = Some(target);
                Ok(())
            }
        }
    }

    fn resolve(&self, reference: &str) -> Result<String, WrongPlace> {
        let is_of_url = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        if reference.is_empty() || reference.len() > BYTES_MAX || !reference.bytes().all(is_of_url)
        {
            return Err(WrongPlace::NoUrl);
        }
        let reference = reference.split('#').next().unwrap_or_default();
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (reference, None),
        };
        let path = match self.below_origin(path)? {
            "" if path.is_empty() => self.path.clone(),
            "" => "/".to_owned(),
            own if own.starts_with('/') => own.to_owned(),
            own => format!("{}{own}", self.folder),
        };
        let mut target = without_steps(&path).ok_or(WrongPlace::NoUrl)?;
        if let Some(query) = query {
            target.push('?');
            target.push_str(query);
        }
        Ok(target)
    }

    /// The path of a reference without its query, if it is of this origin.
    fn below_origin<'r>(&self, reference: &'r str) -> Result<&'r str, WrongPlace> {
        let (scheme, rest) = match reference.split_once("//") {
            // No scheme: that of the stream.
            Some(("", rest)) => (self.scheme.as_str(), rest),
            Some((before, rest)) if before.ends_with(':') => (before.trim_end_matches(':'), rest),
            // A colon in the first element is a scheme, whatever it is of.
            _ => {
                let first = reference.split('/').next().unwrap_or_default();
                return if first.contains(':') {
                    Err(WrongPlace::OtherOrigin)
                } else {
                    Ok(reference)
                };
            }
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let is_same = scheme.eq_ignore_ascii_case(&self.scheme)
            && without_usual_port(&self.scheme, authority).eq_ignore_ascii_case(&self.authority);
        if is_same { Ok(path) } else { Err(WrongPlace::OtherOrigin) }
    }
}

fn without_usual_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    let usual = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    authority.strip_suffix(usual).unwrap_or(authority)
}

/// The path with its steps taken; none where one leads above the root.
fn without_steps(path: &str) -> Option<String> {
    let mut elements: Vec<&str> = Vec::new();
    let all: Vec<&str> = path.split('/').skip(1).collect();
    let last = all.len().saturating_sub(1);
    let walked = all.iter().enumerate().try_for_each(|(place, element)| {
        let is_step = match element.to_ascii_lowercase().as_str() {
            "." | "%2e" => true,
            ".." | ".%2e" | "%2e." | "%2e%2e" => {
                if elements.pop().is_none() {
                    return ControlFlow::Break(());
                }
                true
            }
            _ => false,
        };
        match is_step {
            false => elements.push(element),
            // A folder stays one.
            true if place == last => elements.push(""),
            true => {}
        }
        ControlFlow::Continue(())
    });
    walked.is_continue().then(|| format!("/{}", elements.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(reference: &str) -> Result<String, WrongPlace> {
        let mut place = MessagePlace::of_stream("https", "mcp.example:8443", "/a/sse?x=1");
        place.say(reference)?;
        Ok(place.target().unwrap().to_owned())
    }

    #[test]
    fn places_are_resolved_against_the_stream() {
        for (reference, target) in [
            ("/messages/?session_id=1", "/messages/?session_id=1"),
            ("messages?s=1", "/a/messages?s=1"),
            ("?s=1", "/a/sse?s=1"),
            ("../m", "/m"),
            ("./b/../m/.", "/a/m/"),
            ("https://mcp.example:8443/m?x=//y#z", "/m?x=//y"),
            ("HTTPS://MCP.example:8443", "/"),
            ("//mcp.example:8443/m", "/m"),
            ("/m/a:b", "/m/a:b"),
        ] {
            assert_eq!(place(reference).as_deref(), Ok(target), "{reference}");
        }
        let mut plain = MessagePlace::of_stream("http", "mcp.example", "/sse");
        plain.say("http://mcp.example:80/m").unwrap();
        assert_eq!(plain.target(), Some("/m"));
    }

    #[test]
    fn no_message_goes_to_somebody_else() {
        for reference in [
            "https://evil.example/m",
            "//evil.example/m",
            "https://mcp.example:8443@evil.example/m",
            "https://user@mcp.example:8443/m",
            "http://mcp.example:8443/m",
            "https://mcp.example/m",
            "https:evil",
            "javascript:alert(1)",
            "file:///etc/passwd",
        ] {
            assert_eq!(place(reference), Err(WrongPlace::OtherOrigin), "{reference}");
        }
        let long = "x".repeat(BYTES_MAX + 1);
        for reference in
            ["", "/a b", "/a\r\nHost: x", "/ä", "\\\\evil", "/../../x", "/%2e%2E", &long]
        {
            let refused = place(reference);
            assert!(refused.is_err(), "{reference}: {refused:?}");
        }
    }

    #[test]
    fn a_stream_has_one_place() {
        let mut place = MessagePlace::of_stream("http", "h", "/sse");
        assert_eq!(place.target(), None);
        place.say("/m?s=1").unwrap();
        place.say("/m?s=1").unwrap();
        assert_eq!(place.say("/m?s=2"), Err(WrongPlace::Second));
        assert_eq!(place.target(), Some("/m?s=1"));
    }
}

//! The row of a provider, read and written.

use std::fmt;

use super::{Auth, BodyEdit, Pattern, Provider, Route, RowError};
use crate::dialect::{Dialect, Quirks};

impl Provider {
    /// The provider of a name and the words behind it.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn read(name: &str, words: &str) -> Result<Self, RowError> {
        let mut words = words.split_whitespace();
        let base_url = words.next().ok_or(RowError::Missing("the base URL"))?;
        let auth = words.next().ok_or(RowError::Missing("how the credential is sent"))?;
        let mut provider = Self {
            name: provider_name(name)?.to_owned(),
            base_url: url(base_url)?.to_owned(),
            auth: read_auth(auth)?,
            routes: Vec::new(),
            quirks: Vec::new(),
            headers: Vec::new(),
            edits: Vec::new(),
            models: None,
            prefix: None,
        };
        words.try_for_each(|word| provider.read_word(word))?;
        if provider.routes.is_empty() {
            return Err(RowError::Missing("a dialect"));
        }
        Ok(provider)
    }

    fn read_word(&mut self, word: &str) -> Result<(), RowError> {
        let unknown = || RowError::Unknown(word.to_owned(), "word of a provider");
        let twice = |is_twice: bool| match is_twice {
            true => Err(RowError::Twice(word.to_owned())),
            false => Ok(()),
        };
        let (key, value) =
            word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
        match (key.split_once(':'), value) {
            (Some(("header", name)), Some(value)) => {
                self.headers.push((header_name(name)?.to_owned(), value.to_owned()));
            }
            (Some(("set", member)), Some(text)) => {
                self.edits.push(BodyEdit::Set(member.to_owned(), text.to_owned()));
            }
            (Some(("remove", member)), None) => {
                self.edits.push(BodyEdit::Remove(member.to_owned()));
            }
            (None, Some(value)) if key == "models" => {
                self.models = Some(provider_name(value)?.to_owned());
            }
            (None, Some(value)) if key == "prefix" => self.prefix = Some(value.to_owned()),
            (None, path) if Dialect::parse(key).is_some() => {
                let route = read_route(key, path.unwrap_or_default()).ok_or_else(unknown)?;
                twice(self.route(route.dialect).is_some())?;
                self.routes.push(route);
            }
            (None, pattern) => {
                let quirk = Quirks::NAMES.into_iter().find(|name| *name == key);
                let quirk = quirk.ok_or_else(unknown)?;
                twice(self.quirks.iter().any(|(other, _)| *other == quirk))?;
                self.quirks.push((quirk, pattern.map(Pattern::new)));
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

/// A name of a provider.
pub(super) fn provider_name(name: &str) -> Result<&str, RowError> {
    let is_name = (1..=63).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if is_name { Ok(name) } else { Err(RowError::Name(name.to_owned())) }
}

fn header_name(name: &str) -> Result<&str, RowError> {
    let is_name = !name.is_empty()
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if is_name { Ok(name) } else { Err(RowError::Unknown(name.to_owned(), "name of a header")) }
}

/// Encrypted, or of this machine; nothing after the path, which has no slash at its end.
fn url(url: &str) -> Result<&str, RowError> {
    const STARTS: [&str; 4] =
        ["https://", "http://localhost:", "http://127.0.0.1:", "http://[::1]:"];
    let rest = STARTS.iter().find_map(|start| url.strip_prefix(start));
    let is_url = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !url.ends_with('/')
        && !url.contains(['?', '#', '@', '\\'])
        && are_braces_known(url, false);
    if is_url { Ok(url) } else { Err(RowError::Url(url.to_owned())) }
}

/// Whether every `{…}` is a placeholder.
fn are_braces_known(text: &str, with_model: bool) -> bool {
    text.split('{').skip(1).all(|rest| {
        rest.split_once('}').is_some_and(|(name, _)| {
            Provider::PLACEHOLDERS.contains(&name) || (with_model && name == "model")
        })
    })
}

fn read_auth(word: &str) -> Result<Auth, RowError> {
    let (kind, value) = word.split_once(':').unwrap_or((word, ""));
    match (kind, value.is_empty()) {
        ("none", true) => Ok(Auth::None),
        ("bearer", true) => Ok(Auth::Bearer),
        ("google", true) => Ok(Auth::Google),
        ("word", false) => Ok(Auth::Word(value.to_owned())),
        ("header", false) => Ok(Auth::Header(header_name(value)?.to_owned())),
        ("query", false) => Ok(Auth::Query(value.to_owned())),
        ("sigv4", false) => Ok(Auth::SigV4(value.to_owned())),
        _ => Err(RowError::Unknown(word.to_owned(), "way to send a credential")),
    }
}

fn read_route(dialect: &str, paths: &str) -> Option<Route> {
    let (path, stream_path) =
        paths.split_once('|').map_or((paths, None), |(path, stream)| (path, Some(stream)));
    let is_path = |path: &str| path.starts_with('/') && are_braces_known(path, true);
    let is_whole = |path: &str| is_path(path) && path.contains("{model}");
    let is_sound = match stream_path {
        Some(stream) => is_whole(path) && is_whole(stream),
        None => path.is_empty() || is_path(path),
    };
    let dialect = Dialect::parse(dialect).filter(|_| is_sound)?;
    Some(Route { dialect, path: path.to_owned(), stream_path: stream_path.map(str::to_owned) })
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.base_url, self.auth)?;
        for route in &self.routes {
            write!(f, " {}", route.dialect.name())?;
            if !route.path.is_empty() {
                write!(f, "={}", route.path)?;
            }
            if let Some(path) = &route.stream_path {
                write!(f, "|{path}")?;
            }
        }
        for (name, pattern) in &self.quirks {
            write!(f, " {name}")?;
            if let Some(pattern) = pattern {
                write!(f, "={pattern}")?;
            }
        }
        for (name, value) in &self.headers {
            write!(f, " header:{name}={value}")?;
        }
        for edit in &self.edits {
            match edit {
                BodyEdit::Set(member, text) => write!(f, " set:{member}={text}")?,
                BodyEdit::Remove(member) => write!(f, " remove:{member}")?,
            }
        }
        if let Some(models) = &self.models {
            write!(f, " models={models}")?;
        }
        if let Some(prefix) = &self.prefix {
            write!(f, " prefix={prefix}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Bearer => f.write_str("bearer"),
            Self::Google => f.write_str("google"),
            Self::Word(word) => write!(f, "word:{word}"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::SigV4(service) => write!(f, "sigv4:{service}"),
        }
    }
}

//! A provider's addresses with the operator's values in place of their placeholders.

use thiserror::Error;

use super::Provider;

/// Longer than any region, resource, project or account is.
const VALUE_BYTES_MAX: usize = 128;

/// Why an address cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FillError {
    /// Nobody said a value.
    #[error("`{0}` is missing, which the address of the provider needs")]
    Missing(&'static str),
    /// A value that cannot stand there.
    #[error("`{1}` is no {0}: letters, digits, `-`, `_` and `.`, at most 128")]
    Value(&'static str, String),
}

impl Provider {
    /// This provider with what the operator says about its addresses: another base URL, and the
    /// values of its placeholders by their names, of which those that the base URL alone has are
    /// not asked for where there is another one.
    ///
    /// A base URL is taken with or without the path at which a dialect is, as people copy both.
    ///
    /// # Errors
    /// Where a value is missing or cannot stand in an address.
    pub fn filled<'v>(
        &self,
        base_url: Option<&str>,
        value: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<Self, FillError> {
        let mut filled = self.clone();
        if let Some(base_url) = base_url {
            filled.base_url = self.without_route(base_url).to_owned();
        }
        for name in filled.placeholders() {
            let value = value(name).ok_or(FillError::Missing(name))?;
            if !is_value(name, value) {
                return Err(FillError::Value(name, value.to_owned()));
            }
            if name == "location" {
                filled.base_url = filled.base_url.replace(VERTEX_HOST, &vertex_host(value));
            }
            let placeholder = format!("{{{name}}}");
            let fill = |text: &mut String| *text = text.replace(&placeholder, value);
            fill(&mut filled.base_url);
            for route in &mut filled.routes {
                fill(&mut route.path);
                route.stream_path.as_mut().map(fill);
            }
        }
        Ok(filled)
    }

    /// A base URL without the path of one of the dialects at its end.
    fn without_route<'u>(&self, base_url: &'u str) -> &'u str {
        let base_url = base_url.trim_end_matches('/');
        let paths = self.routes.iter().map(|route| route.path.as_str());
        let ends =
            paths.filter(|path| !path.is_empty()).filter_map(|path| base_url.strip_suffix(path));
        ends.min_by_key(|rest| rest.len()).unwrap_or(base_url)
    }
}

/// Whether a value can stand in a host or a segment of a path without changing what is around it.
fn is_value(name: &str, value: &str) -> bool {
    let is_byte = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.')
            // Projects of an organisation's domain: `example.com:project`.
            || (byte == b':' && name == "project")
    };
    (1..=VALUE_BYTES_MAX).contains(&value.len())
        && !value.starts_with('.')
        && value.bytes().all(is_byte)
}

const VERTEX_HOST: &str = "{location}-aiplatform.googleapis.com";

/// Google's host of a location: `global` and the multi-regions have hosts of other forms.
fn vertex_host(location: &str) -> String {
    match location {
        "global" => String::from("aiplatform.googleapis.com"),
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        _ => VERTEX_HOST.replace("{location}", location),
    }
}

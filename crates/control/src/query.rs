//! The query of a request: what the operation declares, each at most once, and nothing else.

use axum::http::Uri;

use crate::error::{ApiError, Fault};

/// The parameters of a request, unescaped, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of `uri`.
    pub(crate) fn read(uri: &Uri) -> Result<Self, ApiError> {
        let text = uri.query().unwrap_or_default();
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((unescape(name, true)?, unescape(value, true)?))
        });
        let pairs: Option<Vec<(String, String)>> = pairs.collect();
        let pairs = pairs.filter(|pairs| !pairs.iter().any(|(_, value)| value.contains('\0')));
        pairs.map(Self).ok_or_else(|| {
            ApiError::query_fault(Fault::of_parameter("", "the query is not escaped utf-8"))
        })
    }

    /// Refuses what is not `known` and what comes twice.
    pub(crate) fn check(&self, known: &[&str]) -> Result<(), ApiError> {
        for (index, (name, _)) in self.0.iter().enumerate() {
            let is_twice = self.0[..index].iter().any(|(other, _)| other == name);
            if is_twice {
                let fault = Fault::of_parameter(name, format!("{name} is given twice"));
                return Err(ApiError::query_fault(fault));
            }
            if !known.contains(&name.as_str()) {
                let near = architrave_config::nearest(name, known.iter().copied());
                let message = format!("this takes no query parameter {name}");
                let fault = Fault::of_parameter(name, message).with_suggestion(near);
                return Err(ApiError::query_fault(fault));
            }
        }
        Ok(())
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether `name` is `true`; absent is `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => {
                let fault = Fault::of_parameter(name, format!("{name} is true or false"));
                Err(ApiError::query_fault(fault))
            }
        }
    }

    /// Everything but `but`, in a form that two queries with the same meaning share.
    pub(crate) fn canonical(&self, but: &[&str]) -> Vec<(&str, &str)> {
        let pairs = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut pairs: Vec<_> = pairs.filter(|(name, _)| !but.contains(name)).collect();
        pairs.sort_unstable();
        pairs
    }
}

/// Text with `%xx` undone, and `+` where it stands for a space; `None` when that is not UTF-8.
pub(crate) fn unescape(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'+' if plus_is_space => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str) -> Result<Query, ApiError> {
        Query::read(&uri.parse().unwrap())
    }

    #[test]
    fn escapes_are_undone_and_must_be_whole() {
        let query = read("/x?a=%2F+b&c&d=%C3%A4").unwrap();
        assert_eq!(query.get("a"), Some("/ b"));
        assert_eq!(query.get("c"), Some(""));
        assert_eq!(query.get("d"), Some("ä"));
        for uri in ["/x?a=%", "/x?a=%2", "/x?a=%zz", "/x?a=%ff"] {
            assert!(read(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn what_is_unknown_or_given_twice_is_refused() {
        let check = |uri| read(uri).unwrap().check(&["page_size", "team"]);
        assert!(check("/x?page_size=1&team=a").is_ok());
        assert!(check("/x?page_sise=1").is_err());
        assert!(check("/x?team=a&team=b").is_err());
    }

    #[test]
    fn the_order_of_parameters_does_not_matter() {
        let (one, other) = (read("/x?a=1&b=2&page=3").unwrap(), read("/x?b=2&a=1").unwrap());
        assert_eq!(one.canonical(&["page"]), other.canonical(&["page"]));
    }
}

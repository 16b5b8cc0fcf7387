//! A description made ready for the path of a request, once for as long as anybody uses it.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use architrave_config::{ApiAnswer, ApiDescription, ApiOperation, ApiReader, ApiRequest, ApiUse};
use foldhash::quality::RandomState;

use crate::mock::Mock;
use crate::{Description, Matcher, Operation};

/// A description made ready.
#[derive(Debug)]
pub struct Compiled {
    text: Box<str>,
    operations: Vec<ApiOperation>,
    matcher: Matcher,
    /// Only where answers were asked for: it keeps the whole description.
    mock: Option<Mock>,
}

/// Reads descriptions. One that is in use already is not read again: a configuration is read anew
/// with every change of anything.
#[derive(Debug, Default)]
pub struct DescriptionReader {
    hasher: RandomState,
    known: Mutex<HashMap<(u64, bool), Weak<Compiled>>>,
}

impl Compiled {
    /// Makes a description ready.
    ///
    /// # Errors
    /// Everything for which it is not taken, each with its place.
    pub fn new(text: &str, wanted: ApiUse) -> Result<Self, Vec<String>> {
        let description = Description::read(text)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let operations = description.operations().iter().map(of_gateway).collect();
        let matcher = Matcher::new(&description);
        let mock = (wanted == ApiUse::Answers).then(|| Mock::new(description));
        Ok(Self { text: text.into(), operations, matcher, mock })
    }
}

fn of_gateway(operation: &Operation) -> ApiOperation {
    // A description says that an operation is deprecated, not since when. Where it says it in no
    // other way, it is long since.
    let since = operation.deprecated_at.unwrap_or(SystemTime::UNIX_EPOCH);
    let is_deprecated = operation.is_deprecated;
    ApiOperation {
        label: operation.label().into(),
        method: operation.method.clone(),
        path: operation.path.clone(),
        deprecated_at: is_deprecated.then_some(since),
        sunset_at: operation.sunset_at.filter(|sunset| is_deprecated && *sunset >= since),
        notice: operation.notice.clone().filter(|_| is_deprecated),
    }
}

impl ApiDescription for Compiled {
    fn text(&self) -> &str {
        &self.text
    }

    fn operations(&self) -> &[ApiOperation] {
        &self.operations
    }

    fn find(&self, method: &str, path: &str) -> Option<&ApiOperation> {
        self.operations.get(self.matcher.find(method, path)?)
    }

    fn answer(&self, request: &ApiRequest<'_>) -> ApiAnswer {
        match &self.mock {
            Some(mock) => mock.answer(request),
            None => ApiAnswer { status: 501, headers: Vec::new(), body: Vec::new() },
        }
    }
}

impl ApiReader for DescriptionReader {
    fn read(&self, text: &str, wanted: ApiUse) -> Result<Arc<dyn ApiDescription>, Vec<String>> {
        let key = (self.hasher.hash_one(text), wanted == ApiUse::Answers);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().get(&key).and_then(Weak::upgrade);
        if let Some(found) = found.filter(|found| *found.text == *text) {
            return Ok(found);
        }
        let compiled = Arc::new(Compiled::new(text, wanted)?);
        let mut known = known();
        known.retain(|_, kept| kept.strong_count() > 0);
        known.insert(key, Arc::downgrade(&compiled));
        Ok(compiled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "openapi: 3.1.0\ninfo: { title: T, version: '1' }\npaths:\n  /a/{x}:\n    get:\n      deprecated: true\n      x-deprecated-at: '2026-01-01'\n      x-sunset: '2027-01-01'\n      externalDocs: { url: https://example.com/a }\n      responses: { '200': { description: d, content: { text/plain: { example: hello } } } }\n    put: { operationId: put, x-sunset: '2027-01-01', responses: {} }\n";

    #[test]
    fn one_text_is_read_once_as_long_as_it_is_in_use() {
        let reader = DescriptionReader::default();
        let read = |wanted| reader.read(TEXT, wanted).expect("a description");
        let first = read(ApiUse::Operations);
        assert!(Arc::ptr_eq(&first, &read(ApiUse::Operations)));
        let mock = read(ApiUse::Answers);
        assert!(!Arc::ptr_eq(&first, &mock));
        let request =
            ApiRequest { method: "GET", path: "/a/1", query: "", headers: &[], body: b"" };
        assert_eq!(mock.answer(&request).body, b"hello");
        drop((first, mock));
        let _other = reader.read(&TEXT.replace("hello", "bye"), ApiUse::Operations);
        assert_eq!(reader.known.lock().unwrap().len(), 1, "what nobody uses is forgotten");
    }

    #[test]
    fn only_deprecated_operations_have_an_end() {
        let compiled = Compiled::new(TEXT, ApiUse::Operations).expect("a description");
        let get = compiled.find("GET", "/a/7").expect("there");
        assert_eq!(&*get.label, "GET /a/{x}");
        assert!(get.deprecated_at < get.sunset_at && get.notice.is_some());
        let put = compiled.find("PUT", "/a/7").expect("there");
        assert_eq!((put.deprecated_at, put.sunset_at), (None, None));
        assert!(compiled.find("GET", "/b").is_none());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let faults = Compiled::new("openapi: 2", ApiUse::Operations).expect_err("none");
        assert!(faults[0].starts_with("line 1 at /openapi: "), "{faults:?}");
    }
}

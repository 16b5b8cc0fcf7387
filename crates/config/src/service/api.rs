//! The description of a service's API, as the rest of the gateway sees it: its operations, and
//! answers in place of a service that is not there yet.
//!
//! What a description says is not known here: whoever loads hands in who can read one.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::read::{FilePath, Reader, Scope, Shape, Written, record};
use crate::tree::Node;

/// Faults of one description that are told.
const FAULTS_TOLD_MAX: usize = 20;

/// The description of an API.
pub trait ApiDescription: fmt::Debug + Send + Sync {
    /// What was read.
    fn text(&self) -> &str;

    /// Its operations, in the order of the text.
    fn operations(&self) -> &[ApiOperation];

    /// The operation that a request asks for. The path is without query, in its canonical spelling.
    fn find(&self, method: &str, path: &str) -> Option<&ApiOperation>;

    /// An answer in place of the service; only where [`ApiUse::Answers`] was asked for.
    fn answer(&self, request: &ApiRequest<'_>) -> ApiAnswer;
}

/// Who can read descriptions.
pub trait ApiReader {
    /// Reads a description, for what it is to be used.
    ///
    /// # Errors
    /// Everything for which it is not taken, each with its place in the text.
    fn read(&self, text: &str, wanted: ApiUse) -> Result<Arc<dyn ApiDescription>, Vec<String>>;
}

/// For what a description is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiUse {
    /// To know which operation is asked for.
    Operations,
    /// To answer from it as well.
    Answers,
}

/// Nobody: every description is refused.
#[derive(Clone, Copy, Debug)]
pub struct NoApiReader;

impl ApiReader for NoApiReader {
    fn read(&self, _text: &str, _wanted: ApiUse) -> Result<Arc<dyn ApiDescription>, Vec<String>> {
        Err(vec![String::from("descriptions cannot be read here")])
    }
}

/// One operation of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiOperation {
    /// What it is called: its id in the description, else its method and path.
    pub label: Arc<str>,
    /// Its method, in capitals.
    pub method: String,
    /// Its path, with the names of parameters in braces.
    pub path: String,
    /// Since when it is deprecated, where it is.
    pub deprecated_at: Option<SystemTime>,
    /// When it ends, where it is deprecated.
    pub sunset_at: Option<SystemTime>,
    /// Where people read of its end.
    pub notice: Option<String>,
}

/// A request that is answered from a description.
#[derive(Clone, Copy, Debug)]
pub struct ApiRequest<'r> {
    /// Its method.
    pub method: &'r str,
    /// Its path, without the query.
    pub path: &'r str,
    /// Its query, without the question mark.
    pub query: &'r str,
    /// Its header fields, in order.
    pub headers: &'r [(&'r str, &'r str)],
    /// Its body.
    pub body: &'r [u8],
}

/// An answer from a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiAnswer {
    /// The status.
    pub status: u16,
    /// Header fields, `content-type` among them where there is a body.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The description of a service's API.
#[derive(Clone)]
pub struct Api(pub Arc<dyn ApiDescription>);

impl PartialEq for Api {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.text() == other.0.text()
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.0.operations().iter().map(|one| &*one.label).collect();
        formatter.debug_tuple("Api").field(&labels).finish()
    }
}

record! {
    /// The description of a service's API: OpenAPI 3.0 or 3.1, in YAML or JSON.
    #[derive(Debug)]
    pub(crate) struct ApiWritten {
        /// The file that it is in, relative to the working directory; in a gateway file alone.
        "file": Option<FilePath> = None => file: Option<PathBuf>,
        /// Or the description itself.
        "text": Option<DescriptionText> = None => text: Option<String>,
    }
}

/// The text of a description.
pub(crate) struct DescriptionText;

impl Written for DescriptionText {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let text = node.text().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            reader.refuse(node.place, "expected the text of a description");
        }
        text.map(str::to_owned)
    }

    fn shape() -> Shape {
        Shape::Text { kind: DESCRIPTION, pattern: None }
    }
}

/// What the declaration calls the text of a description.
pub(crate) const DESCRIPTION: &str = "description";

impl ApiWritten {
    /// Reads the description; `scope` is that of the service.
    pub(super) fn resolve(&self, wanted: ApiUse, scope: &mut Scope<'_, '_, '_>) -> Option<Api> {
        let sources = scope.reader.sources;
        let (key, text) = match (&self.file, &self.text) {
            (Some(file), None) => match sources.description(&file.to_string_lossy()) {
                Ok(text) => ("file", text),
                Err(why) => {
                    scope.refuse_within("api", "file", format!("{}: {why}", file.display()));
                    return None;
                }
            },
            (None, Some(text)) => ("text", text.clone()),
            _ => {
                scope.refuse_at("api", "takes either `file` or `text`");
                return None;
            }
        };
        match sources.api_reader().read(&text, wanted) {
            Ok(description) => Some(Api(description)),
            Err(faults) => {
                for fault in faults.into_iter().take(FAULTS_TOLD_MAX) {
                    scope.refuse_within("api", key, format!("the description, {fault}"));
                }
                None
            }
        }
    }
}

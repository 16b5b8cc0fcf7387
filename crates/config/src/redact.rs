//! What the request log never has: for the whole gateway, and for single services on top of that.

use crate::policy::{PersonalData, SoughtPattern};
use crate::read::{List, Reader, Scope, Shape, Text, Written, record, scalar, words};
use crate::tree::Node;

/// What is looked for where nothing is said: what has check digits, and addresses of mail.
pub const PERSONAL_DATA: [PersonalData; 3] =
    [PersonalData::Card, PersonalData::Email, PersonalData::Iban];

/// As a list that people keep by hand.
const NAMES_MAX: usize = 200;
/// Each is looked for on its own.
const PATTERNS_MAX: usize = 20;

words! {
    /// Header fields that the request log has.
    pub enum KeptHeader {
        /// What the client says that it is.
        UserAgent = "user-agent",
    }
}

/// What the request log never has, beside what looks like a secret by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redact {
    /// Members of JSON and fields of forms whose values are not kept.
    pub names: Vec<String>,
    /// Places in JSON whose values are not kept: pointers, in which `*` stands for anything.
    pub paths: Vec<String>,
    /// Header fields that are not kept.
    pub headers: Vec<KeptHeader>,
    /// Parameters of queries of which not even the name is kept.
    pub query: Vec<String>,
    /// What values look like that are not kept; `None` where nothing is said.
    pub personal_data: Option<Vec<PersonalData>>,
    /// Patterns of what is not kept.
    pub patterns: Vec<SoughtPattern>,
}

record! {
    /// What the request log never has, beside what looks like a secret and the values of queries.
    #[derive(Debug)]
    pub(crate) struct RedactWritten => Redact by finish {
        /// Members of JSON and fields of forms whose values are not kept, beside those that look like
        /// secrets, such as `password`. Case, `-` and `_` do not matter.
        "names": List<Text> = Vec::new() => names: Vec<String>,
        /// Places in bodies of JSON whose values are not kept: JSON Pointers, in which `*` stands for
        /// any member or element, such as `/customers/*/name`.
        "paths": List<BodyPath> = Vec::new() => paths: Vec<String>,
        /// Header fields that are not kept; of all that there are, the request log has `user-agent`.
        "headers": List<KeptHeader> = Vec::new() => headers: Vec<KeptHeader>,
        /// Parameters of queries of which not even the name is kept; values never are.
        "query": List<Text> = Vec::new() => query: Vec<String>,
        /// What is not kept for what it looks like, in paths, user agents and bodies. For the whole
        /// gateway by default `card`, `email` and `iban`; a service adds to that.
        "personal_data": Option<List<PersonalData>> = None => personal_data: Option<Vec<PersonalData>>,
        /// Regular expressions of what is not kept, in paths, user agents and bodies.
        "patterns": List<SoughtPattern> = Vec::new() => patterns: Vec<SoughtPattern>,
    }
}

impl RedactWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Redact> {
        for (key, most) in [
            ("names", NAMES_MAX),
            ("paths", NAMES_MAX),
            ("query", NAMES_MAX),
            ("patterns", PATTERNS_MAX),
        ] {
            if scope.count(key) > most {
                scope.refuse_at(key, format!("has more than {most} elements"));
            }
        }
        Some(Redact {
            names: self.names,
            paths: self.paths,
            headers: self.headers,
            query: self.query,
            personal_data: self.personal_data,
            patterns: self.patterns,
        })
    }
}

impl Redact {
    /// What holds for a service: all of this, and what the service adds.
    #[must_use]
    pub fn with(&self, own: Option<&Self>) -> Self {
        let mut all = self.clone();
        let mut personal = self.personal_data.clone().unwrap_or_else(|| PERSONAL_DATA.to_vec());
        if let Some(own) = own {
            all.names.extend_from_slice(&own.names);
            all.paths.extend_from_slice(&own.paths);
            all.headers.extend_from_slice(&own.headers);
            all.query.extend_from_slice(&own.query);
            all.patterns.extend_from_slice(&own.patterns);
            let more = own.personal_data.iter().flatten();
            personal
                .extend(more.copied().filter(|kind| !personal.contains(kind)).collect::<Vec<_>>());
        }
        all.personal_data = Some(personal);
        all
    }
}

/// A JSON Pointer in which `*` stands for any member or element.
struct BodyPath;

impl Written for BodyPath {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        const PATH_BYTES_MAX: usize = 512;
        const STEPS_MAX: usize = 32;
        let expected = "a JSON Pointer of at most 32 steps, such as `/customers/*/name`";
        scalar(node, reader, expected, |text| {
            let fits = text.starts_with('/')
                && text.len() <= PATH_BYTES_MAX
                && text.matches('/').count() <= STEPS_MAX;
            fits.then(|| text.to_owned())
        })
    }

    fn shape() -> Shape {
        Shape::Text { kind: "JSON Pointer", pattern: Some("^/") }
    }
}

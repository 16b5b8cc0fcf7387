//! `headers`: fields removed, set and added, on the request and on the response.
//!
//! Names and values were checked by the configuration: no framing or hop-by-hop field is among
//! them. `host` is not a field here; `rewrite` changes it.

use architrave_config::policy as config;
use architrave_net::Fields;

use crate::registry::{Build, RequestPolicy, ResponsePolicy, Site};
use crate::verdict::Verdict;
use crate::view::{RequestView, ResponseView};

/// The policy, ready to run.
#[derive(Debug)]
pub struct Headers {
    request: config::HeaderEdits,
    response: config::HeaderEdits,
}

impl Build<config::Headers> for Headers {
    fn build(config: &config::Headers, _site: &Site<'_>) -> Self {
        Self { request: config.request.clone(), response: config.response.clone() }
    }
}

impl RequestPolicy for Headers {
    fn on_request(&self, view: &mut RequestView<'_>) -> Verdict {
        apply(&self.request, &mut view.head.fields);
        Verdict::Continue
    }
}

impl ResponsePolicy for Headers {
    fn on_response(&self, view: &mut ResponseView<'_>) {
        apply(&self.response, &mut view.head.fields);
    }
}

impl Headers {
    /// Whether it changes the response.
    pub(crate) fn edits_responses(&self) -> bool {
        !is_empty(&self.response)
    }

    /// Whether it changes the request.
    pub(crate) fn edits_requests(&self) -> bool {
        !is_empty(&self.request)
    }
}

fn is_empty(edits: &config::HeaderEdits) -> bool {
    edits.remove.is_empty() && edits.set.is_empty() && edits.add.is_empty()
}

fn apply(edits: &config::HeaderEdits, fields: &mut Fields) {
    for name in &edits.remove {
        fields.remove(name);
    }
    for (name, value) in &edits.set {
        fields.set(name, value.as_bytes());
    }
    for (name, value) in &edits.add {
        fields.append(name, value.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use architrave_net::hop::HOP_BY_HOP;
    use architrave_net::{Known, KnownSet};

    use super::*;

    #[test]
    fn what_cannot_be_edited_is_what_is_written_anew_or_left_out() {
        let refused = architrave_config::HOP_FIELDS.iter().map(|name| Known::of(name.as_bytes()));
        assert_eq!(KnownSet::of(&refused.collect::<Vec<_>>()), HOP_BY_HOP);
        assert!(architrave_config::HOP_FIELDS.is_sorted(), "nothing stands there twice");
    }

    #[test]
    fn fields_are_removed_then_set_then_added() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let edits = config::HeaderEdits {
            remove: vec!["x-gone".into(), "x-both".into()],
            set: vec![pair("x-both", "set"), pair("x-set", "new")],
            add: vec![pair("x-set", "added"), pair("x-kept", "added")],
        };
        let mut fields = Fields::new();
        for (name, value) in [
            ("X-Gone", "1"),
            ("x-gone", "2"),
            ("X-Both", "old"),
            ("X-Set", "old"),
            ("X-Kept", "old"),
        ] {
            fields.append(name, value.as_bytes());
        }
        apply(&edits, &mut fields);
        let expected =
            ["X-Kept: old", "x-both: set", "x-set: new", "x-set: added", "x-kept: added"];
        assert_eq!(crate::exercise::lines(&fields), expected);
    }
}

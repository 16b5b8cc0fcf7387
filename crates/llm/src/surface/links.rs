//! Links in replies that lead to the provider itself: whoever follows one goes past the gateway, and
//! shows the provider what is meant for the gateway.

use std::ops::Range;

use super::{Family, Operation, Surface};
use crate::json::{Cursor, JsonError, Kind};

/// A link to the results of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultsLink {
    /// Where in the reply it is, with its quotes.
    pub span: Range<usize>,
    /// The id of the batch.
    pub id: String,
}

impl Surface {
    /// The links to results that a reply about batches has: Anthropic's clients follow them.
    #[must_use]
    pub fn results_links(self, body: &str) -> Vec<ResultsLink> {
        let mut links = Vec::new();
        let tells_batches = matches!(
            self.operation(),
            Operation::BatchCreate
                | Operation::BatchGet
                | Operation::BatchCancel
                | Operation::BatchList
        );
        if tells_batches && self.family() == Family::Anthropic {
            match find(&mut Cursor::new(body), true, &mut links) {
                Ok(()) => {}
                Err(_) => links.clear(),
            }
        }
        links
    }
}

/// Finds the link of a batch, or those of a list of them.
fn find(
    cursor: &mut Cursor<'_>,
    may_be_list: bool,
    links: &mut Vec<ResultsLink>,
) -> Result<(), JsonError> {
    let (mut id, mut span) = (None, None);
    cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("id", Kind::Text) => {
            id = Some(cursor.text()?.into_owned());
            Ok(())
        }
        ("results_url", Kind::Text) => {
            let from = cursor.at();
            cursor.skip()?;
            span = Some(from..cursor.at());
            Ok(())
        }
        ("data", Kind::Array) if may_be_list => cursor.array(|cursor| match cursor.kind() {
            Kind::Object => find(cursor, false, links),
            _ => cursor.skip(),
        }),
        _ => cursor.skip(),
    })?;
    links.extend(id.zip(span).map(|(id, span)| ResultsLink { span, id }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_results_are_found_in_batches_and_lists_of_them() {
        let batch = r#"{"id":"b1","results_url":"https://house.example/b1","metadata":{"results_url":"x"}}"#;
        let list = format!(r#"{{"data":[{batch},{{"id":"b2","results_url":null}}]}}"#);
        for (surface, body) in
            [(Surface::AnthropicBatchGet, batch), (Surface::AnthropicBatchList, &list)]
        {
            let links = surface.results_links(body);
            let told: Vec<_> = links.iter().map(|it| (&*it.id, &body[it.span.clone()])).collect();
            assert_eq!(told, [("b1", "\"https://house.example/b1\"")]);
        }
        assert_eq!(Surface::AnthropicMessages.results_links(batch), []);
        assert_eq!(Surface::OpenaiBatchGet.results_links(batch), []);
        assert_eq!(Surface::AnthropicBatchGet.results_links("<html>"), []);
    }
}

//! Requests and rankings in the words of each wire.

use super::{Ranked, RerankDocument, RerankReply, RerankRequest, Wire, Wish};
use crate::dialect::Context;
use crate::json::Writer;

pub(super) fn request(wire: Wire, request: &RerankRequest<'_>, w: &mut Writer<'_>) {
    let RerankRequest {
        model,
        query,
        documents,
        top,
        returns_documents,
        rank_fields,
        document_tokens_max,
        document_chunks_max,
        truncates,
        priority,
    } = request;
    w.object(|w| {
        if wire != Wire::Bedrock {
            w.key("model").text(model);
        }
        w.key("query").text(query);
        w.key("documents").array(|w| {
            for RerankDocument { text, fields } in documents {
                match (fields, text) {
                    (Some(fields), _) if wire == Wire::CohereV1 => w.json(fields.as_str()),
                    (_, text) => w.text(text.as_deref().unwrap_or_default()),
                }
            }
        });
        let top_name = if wire == Wire::Voyage { "top_k" } else { "top_n" };
        w.count_field(top_name, *top);
        match wire {
            Wire::Cohere => {
                w.count_field("max_tokens_per_doc", *document_tokens_max);
                w.count_field("priority", *priority);
            }
            Wire::CohereV1 => {
                if !rank_fields.is_empty() {
                    w.key("rank_fields")
                        .array(|w| rank_fields.iter().for_each(|name| w.text(name)));
                }
                w.count_field("max_chunks_per_doc", *document_chunks_max);
                w.truth_field("return_documents", *returns_documents);
            }
            Wire::Voyage => {
                w.truth_field("return_documents", *returns_documents);
                w.truth_field("truncation", *truncates);
            }
            Wire::Bedrock if model.contains("cohere") => w.key("api_version").count(2),
            Wire::Bedrock => {}
        }
    });
}

pub(super) fn reply(reply: &RerankReply<'_>, wish: &Wish, context: &Context, w: &mut Writer<'_>) {
    let RerankReply { id, model, results, used } = reply;
    let model = model.as_deref().unwrap_or(&context.model);
    let tokens = used.tokens.map(|usage| usage.input_total());
    w.object(|w| match wish.wire {
        Wire::Voyage => {
            w.key("object").text("list");
            write_results("data", results, wish, w);
            w.key("model").text(model);
            w.key("usage").object(|w| w.key("total_tokens").count(tokens.unwrap_or(0)));
        }
        Wire::Bedrock => write_results("results", results, wish, w),
        // What Cohere has and what those have who took it over do not exclude each other.
        Wire::Cohere | Wire::CohereV1 => {
            w.key("id").text(id.as_deref().unwrap_or(&context.id));
            if wish.wire == Wire::CohereV1 {
                w.key("model").text(model);
            }
            write_results("results", results, wish, w);
            w.key("meta").object(|w| {
                let version = if wish.wire == Wire::Cohere { "2" } else { "1" };
                w.key("api_version").object(|w| w.key("version").text(version));
                w.key("billed_units").object(|w| {
                    w.count_field("search_units", used.requests);
                    w.count_field("input_tokens", tokens);
                });
            });
            if let (Wire::CohereV1, Some(tokens)) = (wish.wire, tokens) {
                w.key("usage").object(|w| w.key("total_tokens").count(tokens));
            }
        }
    });
}

fn write_results(name: &str, results: &[Ranked<'_>], wish: &Wish, w: &mut Writer<'_>) {
    w.key(name).array(|w| {
        for Ranked { index, score, document } in results {
            w.object(|w| {
                w.key("index").count(*index);
                w.key("relevance_score").number(score);
                let place = usize::try_from(*index).unwrap_or(usize::MAX);
                // Ours have the form that the client's wire has.
                if let Some(document) = wish.documents.get(place).or(document.as_ref()) {
                    w.key("document").json(document.as_str());
                }
            });
        }
    });
}

//! What a prompt service says of itself: its own OpenAPI 3.1 description, at its own path by GET.

use architrave_config::{InputKind, PromptService};
use architrave_llm::json::{Number, Writer};
use architrave_net::Method;

use crate::dispatch::llm::LlmAnswer;
use crate::exchange::Exchange;

/// The answer to GET.
pub(super) fn answer<'a>(exchange: &Exchange<'_>, service: &PromptService) -> LlmAnswer<'a> {
    let name = exchange.matched.and_then(|matched| matched.service).map(|it| it.name.clone());
    let name = name.as_ref().map_or("prompt", |name| name.as_str());
    let mut body = Vec::with_capacity(2048);
    write(service, name, &exchange.path, &mut Writer::new(&mut body));
    if exchange.head.method == Method::Head {
        body.clear();
    }
    LlmAnswer::whole(200, "application/json", body)
}

fn write(service: &PromptService, name: &str, path: &str, w: &mut Writer<'_>) {
    w.object(|w| {
        w.key("openapi").text("3.1.0");
        w.key("info").object(|w| {
            w.key("title").text(name);
            w.key("version").text("1");
        });
        w.key("paths").object(|w| {
            w.name(path).object(|w| w.key("post").object(|w| operation(service, name, w)));
        });
    });
}

fn operation(service: &PromptService, name: &str, w: &mut Writer<'_>) {
    w.key("operationId").text(name);
    w.key("requestBody").object(|w| {
        w.key("required").truth(true);
        w.key("content").object(|w| {
            w.name("application/json").object(|w| w.key("schema").object(|w| inputs(service, w)));
        });
    });
    w.key("responses").object(|w| {
        w.name("200").object(|w| {
            w.key("description").text("The answer of the model.");
            w.key("content").object(|w| {
                w.name("application/json").object(|w| {
                    w.key("schema").object(|w| output(service, w));
                });
                w.name("text/event-stream").object(|w| {
                    w.key("schema").object(|w| {
                        w.key("type").text("string");
                        w.key("description").text(
                            "Events: `delta` with {\"delta\": text}, then one `done` with what a \
                             whole answer says, or one `error`.",
                        );
                    });
                });
            });
        });
        w.key("default").object(|w| {
            w.key("description").text("Why there is no answer.");
            w.key("content").object(|w| {
                w.name("application/problem+json").object(|w| {
                    w.key("schema").object(|w| w.key("type").text("object"));
                });
            });
        });
    });
}

fn inputs(service: &PromptService, w: &mut Writer<'_>) {
    w.key("type").text("object");
    w.key("additionalProperties").truth(false);
    w.key("properties").object(|w| {
        for (name, input) in &service.input {
            w.name(name).object(|w| {
                kind(&input.kind, w);
                w.text_field("description", input.description.as_deref());
                if let Some(default) = &input.default {
                    match input.kind {
                        InputKind::String { .. } | InputKind::Enum(_) => {
                            w.key("default").text(default);
                        }
                        _ => w.key("default").json(default),
                    }
                }
            });
        }
    });
    w.key("required").array(|w| {
        let required = service.input.iter().filter(|(_, input)| input.default.is_none());
        required.for_each(|(name, _)| w.text(name));
    });
}

fn kind(kind: &InputKind, w: &mut Writer<'_>) {
    let bounds = |w: &mut Writer<'_>, min: Option<f64>, max: Option<f64>| {
        for (key, bound) in [("minimum", min), ("maximum", max)] {
            let number = bound.and_then(|bound| Number::new(bound.to_string()));
            w.number_field(key, number.as_ref());
        }
    };
    match kind {
        InputKind::String { chars_max } => {
            w.key("type").text("string");
            w.key("maxLength").count(*chars_max as u64);
        }
        InputKind::Number { min, max } => {
            w.key("type").text("number");
            bounds(w, *min, *max);
        }
        InputKind::Integer { min, max } => {
            w.key("type").text("integer");
            bounds(w, *min, *max);
        }
        InputKind::Boolean => w.key("type").text("boolean"),
        InputKind::Enum(words) => {
            w.key("type").text("string");
            w.key("enum").array(|w| words.iter().for_each(|word| w.text(word)));
        }
    }
}

fn output(service: &PromptService, w: &mut Writer<'_>) {
    w.key("type").text("object");
    w.key("properties").object(|w| {
        match &service.output {
            Some(output) => w.key("output").json(output.schema()),
            None => w.key("output").object(|w| w.key("type").text("string")),
        }
        w.key("model").object(|w| w.key("type").text("string"));
        w.key("usage").object(|w| {
            w.key("type").text("object");
            w.key("properties").object(|w| {
                for name in ["input_tokens", "output_tokens"] {
                    w.key(name).object(|w| w.key("type").text("integer"));
                }
            });
        });
    });
    w.key("required").array(|w| ["output", "model"].into_iter().for_each(|name| w.text(name)));
}

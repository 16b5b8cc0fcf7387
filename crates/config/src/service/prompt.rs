//! A prompt service: a text with holes that a model answers, so that callers need to know neither
//! the model nor the wording.

mod form;
mod input;
mod template;

pub use form::OutputForm;
pub use input::{InputKind, PromptInput};
pub use template::{Template, TemplatePart};

use crate::model::ModelNameText;
use crate::read::{Count, JsonText, Number, Pairs, Scope, record};
use input::{InputName, InputWritten};
use template::TemplateText;

/// A prompt with holes, that a model answers.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptService {
    /// The model that is asked: a listed name, or `provider/model`.
    pub model: String,
    /// What the user says; its inputs are among [`PromptService::input`].
    pub template: Template,
    /// What the system says.
    pub system: Option<Template>,
    /// What fills the holes, by name, in the order of the file; each is used.
    pub input: Vec<(String, PromptInput)>,
    /// The form that the answer must have.
    pub output: Option<OutputForm>,
    /// How freely the model chooses its words, 0 to 2.
    pub temperature: Option<f64>,
    /// Tokens of the answer.
    pub tokens_max: Option<u32>,
}

record! {
    /// The form that an answer must have.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(super) struct PromptOutput {
        /// A JSON Schema that the answer follows, written as YAML. Its properties are asked for in
        /// the order in which they stand.
        "schema": JsonText => schema: String,
    }
}

record! {
    /// A prompt with holes, that a model answers.
    #[derive(Debug)]
    pub(super) struct PromptWritten => PromptService by finish {
        /// The model that is asked: a listed name, or `provider/model`.
        "model": ModelNameText => model: String,
        /// What the user says. `{{name}}` stands for an input, `\{{` for the text `{{`.
        "template": TemplateText => template: Template,
        /// What the system says, written in the same way.
        "system": Option<TemplateText> = None => system: Option<Template>,
        /// What fills the holes, by name: each a type, or a map that says more. A request is a JSON
        /// object with these members.
        "input": Pairs<InputName, InputWritten> = Vec::new() => input: Vec<(String, PromptInput)>,
        /// The form that the answer must have; by default it is text.
        "output": Option<PromptOutput> = None => output: Option<PromptOutput>,
        /// How freely the model chooses its words; by default as it always does.
        "temperature": Option<Number<0, 2>> = None => temperature: Option<f64>,
        /// Tokens of the answer; by default what the model can.
        "max_tokens": Option<Count<u32, 1, 10_000_000>> = None => tokens_max: Option<u32>,
    }
}

impl PromptWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<PromptService> {
        let inputs = scope.node.get("input").map_or(&[][..], |input| input.entries());
        let is_declared = |name: &str| inputs.iter().any(|entry| entry.key() == name);
        let templates = [("template", Some(&self.template)), ("system", self.system.as_ref())];
        for (key, template) in templates {
            let Some(node) = scope.node.get(key) else { continue };
            let used = template.into_iter().flat_map(Template::inputs);
            for name in used.filter(|name| !is_declared(name)) {
                if node.substituted {
                    scope.reader.refuse(node.place, "has a hole whose name is not in `input`");
                    continue;
                }
                let suggestion = scope.reader.nearest(name, inputs.iter().map(|entry| entry.key()));
                let message = format!("`{{{{{name}}}}}` is not in `input`");
                scope.reader.refuse_with(node.place, message, suggestion);
            }
        }
        let is_used = |name: &str| {
            let mut templates = [Some(&self.template), self.system.as_ref()].into_iter().flatten();
            templates.any(|template| template.inputs().any(|used| used == name))
        };
        for entry in inputs.iter().filter(|entry| !is_used(entry.key())) {
            let message = format!(
                "no `{{{{{}}}}}` in the template: it would be asked for in vain",
                entry.key()
            );
            scope.reader.refuse(entry.key.place, message);
        }
        let Self { model, template, system, input, output, temperature, tokens_max } = self;
        let output = output.and_then(|output| {
            let place = scope.node.get("output").and_then(|it| it.get("schema")).map(|it| it.place);
            OutputForm::new(output.schema)
                .map_err(|wrong| {
                    let message = format!("is no JSON Schema: {wrong}");
                    scope.reader.refuse(place.unwrap_or(scope.node.place), message);
                })
                .ok()
        });
        Some(PromptService { model, template, system, input, output, temperature, tokens_max })
    }
}

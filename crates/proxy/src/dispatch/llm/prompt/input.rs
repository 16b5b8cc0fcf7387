//! What a caller puts into the holes of a prompt, and the question that it becomes.

use std::borrow::Cow;

use architrave_config::{InputKind, PromptInput, PromptService};
use architrave_llm::chat::{
    ChatError, ChatRequest, Json, Message, Output, OutputFormat, Part, Role,
};
use architrave_llm::dialect::Quirks;
use architrave_llm::json::{Cursor, JsonError, Kind, Number};

/// The values of the inputs, in the order of the service.
pub(super) type Values<'a> = Vec<Cow<'a, str>>;

/// Reads the body: an object with the service's inputs as its members.
///
/// # Errors
/// The input that is missing, unknown or wrong, by its name.
pub(super) fn read<'a>(
    service: &'a PromptService,
    body: &'a [u8],
) -> Result<Values<'a>, ChatError> {
    let text = std::str::from_utf8(body)
        .map_err(|_not_text| ChatError::invalid("", "the body is not UTF-8"))?;
    let mut given: Vec<Option<Cow<'a, str>>> = vec![None; service.input.len()];
    let mut wrong: Option<ChatError> = None;
    let mut cursor = Cursor::new(text);
    cursor.object(|cursor, name| {
        let Some(place) = service.input.iter().position(|(known, _)| known == name) else {
            let known: Vec<&str> = service.input.iter().map(|(known, _)| known.as_str()).collect();
            let message = format!("there is no such input; the inputs are {}", known.join(", "));
            wrong.get_or_insert(ChatError::invalid(name, message));
            return cursor.skip();
        };
        let (name, input) = &service.input[place];
        match value(cursor, input)? {
            Some(value) => given[place] = Some(value),
            None => {
                let message = format!("`{name}` is {}", input.kind.expected());
                wrong.get_or_insert(ChatError::invalid(name.as_str(), message));
            }
        }
        Ok(())
    })?;
    cursor.end()?;
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let values = service.input.iter().zip(given).map(|((name, input), given)| {
        let value = given.or_else(|| input.default.as_deref().map(Cow::Borrowed));
        let missing = || {
            let message = format!("`{name}` is missing: {}", input.kind.expected());
            ChatError::invalid(name.as_str(), message)
        };
        value.ok_or_else(missing)
    });
    values.collect()
}

/// The value of an input as text; nothing where it is of another type or beyond its bounds.
fn value<'a>(
    cursor: &mut Cursor<'a>,
    input: &PromptInput,
) -> Result<Option<Cow<'a, str>>, JsonError> {
    let kind = cursor.kind();
    let text: Cow<'a, str> = match (&input.kind, kind) {
        (InputKind::String { .. } | InputKind::Enum(_), Kind::Text) => cursor.text()?,
        // Numbers, `true` and `false` stand in the text as they were written.
        (
            InputKind::Number { .. } | InputKind::Integer { .. } | InputKind::Boolean,
            Kind::Scalar,
        ) => cursor.json()?.into_text(),
        _ => {
            cursor.skip()?;
            return Ok(None);
        }
    };
    Ok(input.kind.takes(&text).then_some(text))
}

/// The question as a request in the dialect that prompts are put in.
///
/// # Errors
/// What cannot be said there.
pub(super) fn question(
    service: &PromptService,
    values: &Values<'_>,
    stream: bool,
) -> Result<Vec<u8>, ChatError> {
    let value = |name: &str| {
        let place = service.input.iter().position(|(known, _)| known == name);
        place.and_then(|place| values.get(place)).map_or("", |value| value)
    };
    let message = |role, text: String| Message { role, name: None, parts: vec![Part::text(text)] };
    let system = service.system.as_ref().map(|system| message(Role::System, system.filled(value)));
    let user = message(Role::User, service.template.filled(value));
    let schema = service.output.as_ref().and_then(|output| Json::new(output.schema()));
    let format = schema.map(|schema| OutputFormat::Schema {
        name: Some("output".into()),
        description: None,
        schema,
        strict: None,
    });
    let mut request = ChatRequest {
        model: service.model.as_str().into(),
        stream,
        stream_usage: true,
        messages: system.into_iter().chain([user]).collect(),
        output: Output {
            tokens_max: service.tokens_max.map(u64::from),
            format,
            ..Output::default()
        },
        ..ChatRequest::default()
    };
    request.sampling.temperature =
        service.temperature.and_then(|temperature| Number::new(temperature.to_string()));
    let mut body = Vec::with_capacity(1024);
    super::DIALECT.write_request(&request, &Quirks::default(), &mut body)?;
    Ok(body)
}

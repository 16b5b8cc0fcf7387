//! What servers ask of clients, from one era's words to the other's.

use architrave_wire::json::{Cursor, JsonError, Kind, Writer};

use crate::message::{Message, Part};
use crate::method::Method;
use crate::refusal::{Refusal, RefusalKind};
use crate::session::Abilities;

/// More questions at once are more than anybody answers.
pub const QUESTIONS_MAX: usize = 32;

/// One question of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What it is called among the others.
    pub key: String,
    /// `sampling/createMessage`, `elicitation/create` or `roots/list`.
    pub method: Method,
    /// With what it is asked: an object.
    pub params: String,
}

impl Question {
    /// The question that a request of a legacy server is, without what only the legacy era says.
    ///
    /// # Errors
    /// Where it is none.
    pub fn of_request(key: &str, message: &Message, text: &str) -> Result<Self, Refusal> {
        let method = message.method().filter(|method| is_question(*method)).ok_or_else(|| {
            Refusal::unknown_method(&message.method_text(text).unwrap_or_default())
        })?;
        let mut params = Vec::new();
        let mut writer = Writer::new(&mut params);
        let whole = message.raw(Part::Params, text).unwrap_or("{}");
        let mut read = Ok(());
        writer.object(|writer| {
            let mut cursor = Cursor::new(whole);
            read = cursor.object(|cursor, name| {
                let value = cursor.json()?;
                if !matches!(name, "_meta" | "task" | "elicitationId") {
                    writer.name(name).json(value.as_str());
                }
                Ok(())
            });
        });
        let wrong = |_| Refusal::new(RefusalKind::ServerFailed, "its question cannot be read");
        read.map_err(wrong)?;
        let params = String::from_utf8(params).unwrap_or_default();
        Ok(Self { key: key.to_owned(), method, params })
    }

    /// The questions of a modern server's result.
    ///
    /// # Errors
    /// Where they cannot be read, or are too many.
    pub fn of_result(message: &Message, text: &str) -> Result<Vec<Self>, Refusal> {
        let failed = |about: &'static str| Refusal::new(RefusalKind::ServerFailed, about);
        let Some(asked) = message.raw(Part::InputRequests, text) else {
            return match message.has(Part::ResultState) {
                true => Ok(Vec::new()),
                false => Err(failed("it needs input and does not say which")),
            };
        };
        let mut questions = Vec::new();
        let mut is_known = true;
        let read: Result<(), JsonError> = Cursor::new(asked).object(|cursor, key| {
            let (mut method, mut params) = (None, String::from("{}"));
            cursor.object(|cursor, name| match (name, cursor.kind()) {
                ("method", Kind::Text) => {
                    method = Method::named(&cursor.text()?).filter(|method| is_question(*method));
                    Ok(())
                }
                ("params", Kind::Object) => {
                    params = cursor.json()?.as_str().to_owned();
                    Ok(())
                }
                _ => cursor.skip(),
            })?;
            match method {
                Some(method) if questions.len() < QUESTIONS_MAX => {
                    questions.push(Self { key: key.to_owned(), method, params });
                }
                _ => is_known = false,
            }
            Ok(())
        });
        match read {
            Ok(()) if is_known => Ok(questions),
            Ok(()) => Err(failed("it asks what clients cannot be asked, or too much")),
            Err(_) => Err(failed("its questions cannot be read")),
        }
    }

    /// What a client must be able to do to be asked it.
    #[must_use]
    pub fn needs(&self) -> Abilities {
        match self.method {
            Method::RootsList => Abilities::ROOTS,
            Method::ElicitationCreate => match member(&self.params, "mode").as_deref() {
                Some("\"url\"") => Abilities::URL,
                _ => Abilities::FORM,
            },
            _ => match member(&self.params, "tools") {
                Some(tools) if tools != "[]" && tools != "null" => {
                    Abilities::SAMPLING.with(Abilities::SAMPLING_TOOLS)
                }
                _ => Abilities::SAMPLING,
            },
        }
    }

    /// Holds it to what a client can do.
    ///
    /// # Errors
    /// What the client would have to declare: what it has asked for needs it.
    pub fn allowed(&self, abilities: Abilities) -> Result<(), Refusal> {
        let needs = self.needs();
        if abilities.has(needs) {
            return Ok(());
        }
        let (name, required) = match self.method {
            Method::RootsList => ("roots", r#"{"roots":{}}"#),
            Method::ElicitationCreate if needs == Abilities::URL => {
                ("elicitation by URL", r#"{"elicitation":{"url":{}}}"#)
            }
            Method::ElicitationCreate => ("elicitation", r#"{"elicitation":{"form":{}}}"#),
            _ if needs == Abilities::SAMPLING => ("sampling", r#"{"sampling":{}}"#),
            _ => ("sampling with tools", r#"{"sampling":{"tools":{}}}"#),
        };
        Err(Refusal::missing_capability(name, required))
    }

    /// The request by which a legacy client is asked it.
    #[must_use]
    pub fn request(&self, id: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.params.len() + 96);
        Writer::new(&mut out).object(|writer| {
            writer.key("jsonrpc").text("2.0");
            writer.key("id").json(id);
            writer.key("method").text(self.method.as_str());
            writer.key("params").json(&self.params);
        });
        out
    }
}

/// The result by which a modern client is asked questions, and told what to say again with the
/// answers.
#[must_use]
pub fn input_required(id: &str, questions: &[Question], state: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::new(&mut out).object(|writer| {
        writer.key("jsonrpc").text("2.0");
        writer.key("id").json(id);
        writer.key("result").object(|writer| {
            writer.key("resultType").text("input_required");
            if !questions.is_empty() {
                writer.key("inputRequests").object(|writer| {
                    for question in questions {
                        writer.name(&question.key).object(|writer| {
                            writer.key("method").text(question.method.as_str());
                            writer.key("params").json(&question.params);
                        });
                    }
                });
            }
            writer.text_field("requestState", state);
        });
    });
    out
}

/// What a modern client has answered when it makes its request again: keys, and results as JSON.
///
/// # Errors
/// Where it is no object of objects.
pub fn responses(message: &Message, text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let Some(said) = message.raw(Part::InputResponses, text) else { return Ok(Vec::new()) };
    let wrong = |about: &'static str| Refusal::new(RefusalKind::WrongParams, about);
    let mut responses = Vec::new();
    let mut is_sound = true;
    let read: Result<(), JsonError> = Cursor::new(said).object(|cursor, key| {
        is_sound &= cursor.kind() == Kind::Object && responses.len() < QUESTIONS_MAX;
        let value = cursor.json()?;
        if is_sound {
            responses.push((key.to_owned(), value.as_str().to_owned()));
        }
        Ok(())
    });
    match read {
        Ok(()) if is_sound => Ok(responses),
        _ => Err(wrong("`params.inputResponses` must be an object of results")),
    }
}

/// The response with which a legacy server's question is answered; `id` is the one that it has asked
/// under.
#[must_use]
pub fn response(id: &str, result: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#).into_bytes()
}

/// The request that a modern server is made again when its questions have been answered: the first
/// one, with answers and state. `state` is the JSON of what it wants to be told again.
#[must_use]
pub fn again(
    first: &Message,
    text: &str,
    id: &str,
    (answers, state): (&[(String, String)], Option<&str>),
) -> Vec<u8> {
    let mut rewrite = first.rewrite();
    rewrite.json(Part::Id, id);
    let mut said = Vec::new();
    Writer::new(&mut said).object(|writer| {
        for (key, result) in answers {
            writer.name(key).json(result);
        }
    });
    rewrite.json(Part::InputResponses, said);
    match state {
        Some(state) => rewrite.json(Part::RequestState, state),
        None => rewrite.take_out(Part::RequestState),
    };
    rewrite.apply(text)
}

/// The questions that a legacy server's error says must be answered first: URLs to which the user is
/// to be sent (-32042).
#[must_use]
pub fn urls_first(message: &Message, text: &str) -> Option<Vec<Question>> {
    if message.raw(Part::ErrorCode, text) != Some("-32042") {
        return None;
    }
    let data = message.raw(Part::ErrorData, text)?;
    let mut questions = Vec::new();
    Cursor::new(data)
        .object(|cursor, name| match (name, cursor.kind()) {
            ("elicitations", Kind::Array) => cursor.array(|cursor| {
                let value = cursor.json()?;
                let (url, says) =
                    (member(value.as_str(), "url"), member(value.as_str(), "message"));
                if let (Some(url), Some(says)) = (url, says)
                    && questions.len() < QUESTIONS_MAX
                {
                    let params = format!(r#"{{"mode":"url","message":{says},"url":{url}}}"#);
                    let key = format!("url-{}", questions.len());
                    questions.push(Question { key, method: Method::ElicitationCreate, params });
                }
                Ok(())
            }),
            _ => cursor.skip(),
        })
        .ok()?;
    (!questions.is_empty()).then_some(questions)
}

const fn is_question(method: Method) -> bool {
    matches!(method, Method::SamplingCreateMessage | Method::ElicitationCreate | Method::RootsList)
}

/// The JSON of a member of an object.
fn member(object: &str, wanted: &str) -> Option<String> {
    let mut found = None;
    let mut cursor = Cursor::new(object);
    cursor
        .object(|cursor, name| {
            let value = cursor.json()?;
            if name == wanted {
                found = Some(value.as_str().to_owned());
            }
            Ok(())
        })
        .ok()?;
    found
}

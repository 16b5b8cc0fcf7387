//! The file of a batch: a request in each line, as OpenAI and Gemini have it.
//!
//! It is gone through as a body is: by the scan, so that whoever reads the lines sees the same
//! models as this. What has to be changed is told as places for a [`Splice`](crate::scan::Splice).

mod results;

use std::collections::HashSet;
use std::ops::Range;

use thiserror::Error;

use crate::chat::{ChatError, ErrorKind};
use crate::scan::{Member, ScanError, Scanned, Spellings, Watch, Watched};
use crate::surface::{KeptId, OwnLink, Surface, bare_model as bare, gemini_model};

pub use results::{AnswerUsed, BatchResults, ResultForm};

/// In whose words the lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineForm {
    /// Each says its path, and its body names the model.
    Openai,
    /// Each asks for what the batch does; few name a model beside the batch's own.
    Gemini,
}

impl LineForm {
    const fn watch(self) -> &'static Watch {
        match self {
            Self::Openai => &LINE,
            Self::Gemini => &GEMINI_LINE,
        }
    }
}

static GEMINI_LINE: Watch = Watch {
    members: &[
        Member::top(Watched::LineBody, "request"),
        Member::within(Watched::LineBody, Watched::Model, "model"),
    ],
    spellings: Spellings::Either,
};

static LINE: Watch = Watch {
    members: &[
        Member::top(Watched::LineBody, "body"),
        Member::within(Watched::LineBody, Watched::Model, "model"),
        Member::top(Watched::LinePath, "url"),
    ],
    spellings: Spellings::One,
};

/// How many lines are gone through; OpenAI takes half of that.
const LINES_MAX: usize = 100_000;
/// How many models one batch may name; OpenAI's file takes one.
pub(crate) const MODELS_MAX: usize = 32;
/// How many things at providers one file may name.
const KEPT_MAX: usize = 4_096;

/// What the lines of a batch ask for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BatchFile {
    /// The models, in the order in which they are named first.
    pub models: Vec<LineModel>,
    /// What lives at a provider, each with the first line that names it.
    pub kept: Vec<(KeptId, usize)>,
    /// The same to look it up: each line may name what each before it does.
    known: HashSet<KeptId>,
    /// Links to what is open to the operator's account, each with its line.
    pub links: Vec<(OwnLink, usize)>,
    /// How many lines came before those that are gone through.
    before: usize,
}

/// A model that lines of a batch ask for.
#[derive(Debug, PartialEq, Eq)]
pub struct LineModel {
    /// Its name.
    pub name: String,
    /// The first line that names it, from 1.
    pub line: usize,
    /// Where the strings are that name it, with their quotes.
    pub spans: Vec<Range<usize>>,
}

/// Why the file of a batch is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BatchError {
    /// A line is no sound request.
    #[error("line {line} of the batch: {why}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There is too much of something.
    #[error("the batch has more than {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// What is allowed.
        max: usize,
    },
}

impl From<BatchError> for ChatError {
    fn from(error: BatchError) -> Self {
        Self::new(ErrorKind::InvalidRequest, error.to_string())
    }
}

impl BatchFile {
    /// The part of a file that stands behind so many lines of it.
    #[must_use]
    pub fn behind(before: usize) -> Self {
        Self { before, ..Self::default() }
    }

    /// Goes through the lines of a file that lies there in a body.
    ///
    /// # Errors
    /// Which line is wrong, and why.
    pub fn read(
        &mut self,
        form: LineForm,
        body: &[u8],
        file: Range<usize>,
    ) -> Result<(), BatchError> {
        let mut from = file.start;
        let lines = body.get(file).unwrap_or_default().split(|byte| *byte == b'\n');
        for (number, line) in (self.before..).zip(lines) {
            if number == LINES_MAX {
                return Err(BatchError::TooMany { what: "lines", max: LINES_MAX });
            }
            if !line.trim_ascii().is_empty() {
                self.line(form, line, from, number + 1)?;
            }
            from += line.len() + 1;
        }
        Ok(())
    }

    fn line(
        &mut self,
        form: LineForm,
        line: &[u8],
        from: usize,
        number: usize,
    ) -> Result<(), BatchError> {
        let wrong = |why: String| BatchError::Line { line: number, why };
        let unsound = |error: ScanError| wrong(error.to_string());
        let scanned = Scanned::whole(line, form.watch()).map_err(unsound)?;
        let model = scanned.text(Watched::Model, line).filter(|name| !name.is_empty());
        match (model, scanned.span(Watched::Model), form) {
            (Some(name), Some(span), _) => {
                let name = if form == LineForm::Gemini { bare(&name) } else { &name };
                self.add(name, from + span.start..from + span.end, number)?;
            }
            // The batch's own is meant.
            (None, _, LineForm::Gemini) if !scanned.says(Watched::Model, line) => {}
            _ => {
                return Err(wrong(String::from(
                    "`model` must be a string with the name of a model",
                )));
            }
        }
        let Some(surface) = asked_by(form, &scanned, line) else { return Ok(()) };
        let body = scanned.raw(Watched::LineBody, line).unwrap_or("{}");
        let named = surface.named_in_request(body).map_err(|error| wrong(error.to_string()))?;
        self.links.extend(named.links.into_iter().map(|link| (link, number)));
        for id in named.kept {
            if self.known.insert(id.clone()) {
                self.kept.push((id, number));
            }
        }
        for (what, count) in
            [("ids of a provider", self.kept.len()), ("links to buckets", self.links.len())]
        {
            if count > KEPT_MAX {
                return Err(BatchError::TooMany { what, max: KEPT_MAX });
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, span: Range<usize>, line: usize) -> Result<(), BatchError> {
        if let Some(known) = self.models.iter_mut().find(|known| *known.name == *name) {
            known.spans.push(span);
            return Ok(());
        }
        if self.models.len() == MODELS_MAX {
            return Err(BatchError::TooMany { what: "models", max: MODELS_MAX });
        }
        self.models.push(LineModel { name: name.to_owned(), line, spans: vec![span] });
        Ok(())
    }
}

/// In whose words a line may name what lives at a provider; nothing where it names nothing.
fn asked_by(form: LineForm, scanned: &Scanned, line: &[u8]) -> Option<Surface> {
    let surface = match form {
        LineForm::Openai => {
            let path = scanned.text(Watched::LinePath, line)?;
            Surface::of("POST", &path, "")?.surface
        }
        LineForm::Gemini => Surface::GeminiContent,
    };
    // An item of a conversation lies deeper here than the scan looks for it.
    let looks_deeper = surface == Surface::OpenaiResponses;
    (scanned.may_name_kept || looks_deeper).then_some(surface)
}

/// Whether a file of that media type is one of lines: clients call it `application/jsonl`, or
/// `jsonl` alone.
#[must_use]
pub fn is_lines(media_type: &[u8]) -> bool {
    media_type.to_ascii_lowercase().windows(5).any(|word| word == b"jsonl")
}

/// Whether a file of that purpose is one of a batch.
#[must_use]
pub fn is_purpose(purpose: &str) -> bool {
    let purpose = purpose.trim();
    // Together calls it `batch-api`; what a batch has put out is not put in again.
    purpose.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("batch"))
}

/// The JSON string of a name, to stand in the place of another.
#[must_use]
pub fn written(form: LineForm, name: &str) -> Vec<u8> {
    let (collection, bare) = match form {
        LineForm::Openai => ("", name),
        LineForm::Gemini => gemini_model(name),
    };
    let mut value = Vec::with_capacity(collection.len() + bare.len() + 2);
    crate::json::Writer::new(&mut value).texts(&[collection, bare]);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::Kept;

    fn read(file: &str) -> Result<BatchFile, BatchError> {
        let mut batch = BatchFile::default();
        batch.read(LineForm::Openai, file.as_bytes(), 0..file.len()).map(|()| batch)
    }

    #[test]
    fn every_line_says_its_model_and_what_it_needs_of_the_provider() {
        let file = concat!(
            "head",
            r#"{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{"model":"a","messages":[]}}"#,
            "\r\n\n",
            r#" {"url":"/v1/responses","body":{"input":[{"id":"msg_1"}],"model":"b","previous_response_id":"resp_1"}}"#,
            "\n",
            r#"{"url":"/v1/chat/completions","body":{"model":"\u0061","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}}"#,
            "tail",
        );
        let mut batch = BatchFile::default();
        batch.read(LineForm::Openai, file.as_bytes(), 4..file.len() - 4).unwrap();
        let names: Vec<_> = batch.models.iter().map(|it| (it.name.as_str(), it.line)).collect();
        assert_eq!(names, [("a", 1), ("b", 3)]);
        let spans = batch.models[0].spans.iter().map(|span| &file[span.clone()]);
        assert_eq!(spans.collect::<Vec<_>>(), ["\"a\"", "\"\\u0061\""]);
        let kept: Vec<_> = batch.kept.iter().map(|((kept, id), at)| (*kept, &**id, *at)).collect();
        let all = [(Kept::Item, "msg_1", 3), (Kept::Reply, "resp_1", 3), (Kept::File, "file-1", 4)];
        assert_eq!(kept, all);
    }

    #[test]
    fn a_line_that_two_readers_could_read_differently_is_refused_by_its_number() {
        let good = r#"{"body":{"model":"a"}}"#;
        for bad in [
            r#"{"body":{"model":"a","model":"b"}}"#,
            r#"{"body":{"model":"a"},"body":{"model":"b"}}"#,
            r#"{"body":{"model":"a"}}{"body":{"model":"b"}}"#,
            "{\"body\":{\"model\":\"a\"}}\r{\"body\":{\"model\":\"b\"}}",
            r#"{"model":"a"}"#,
            r#"{"body":{"model":["a"]}}"#,
            r#"{"body":{"model":""}}"#,
            "[]",
            "\u{feff}{}",
            "eyJib2R5Ijoi",
        ] {
            let error = read(&format!("{good}\n\n{bad}\n")).unwrap_err();
            assert!(matches!(error, BatchError::Line { line: 3, .. }), "{bad}: {error}");
        }
        assert_eq!(read(""), Ok(BatchFile::default()));
    }

    #[test]
    fn a_line_of_geminis_may_name_a_model_and_what_it_needs_of_the_provider() {
        let file = concat!(
            r#"{"key":"1","request":{"contents":[{"parts":[{"text":"a"}]}]}}"#,
            "\n",
            r#"{"key":"2","request":{"model":"models/a","contents":[{"parts":[{"file_data":{"file_uri":"files/f"}}]}]}}"#,
            "\n",
            r#"{"request":{"cachedContent":"cachedContents/c","model":"a"},"key":"model"}"#,
        );
        let mut batch = BatchFile::default();
        batch.read(LineForm::Gemini, file.as_bytes(), 0..file.len()).unwrap();
        let names: Vec<_> = batch.models.iter().map(|it| (it.name.as_str(), it.line)).collect();
        assert_eq!(names, [("a", 2)]);
        let spans = batch.models[0].spans.iter().map(|span| &file[span.clone()]);
        assert_eq!(spans.collect::<Vec<_>>(), ["\"models/a\"", "\"a\""]);
        let kept: Vec<_> = batch.kept.iter().map(|((kept, id), at)| (*kept, &**id, *at)).collect();
        assert_eq!(kept, [(Kept::File, "f", 2), (Kept::Cache, "c", 3)]);
        for bad in [
            r#"{"request":{"model":7}}"#,
            r#"{"request":{"model":"a","model":"b"}}"#,
            r#"{"request":{"cached_content":"a","cachedContent":"b"}}"#,
            "[]",
        ] {
            let error = BatchFile::default().read(LineForm::Gemini, bad.as_bytes(), 0..bad.len());
            assert!(matches!(error, Err(BatchError::Line { line: 1, .. })), "{bad}: {error:?}");
        }
        assert_eq!(written(LineForm::Gemini, "m"), b"\"models/m\"");
        assert_eq!(written(LineForm::Gemini, "tunedModels/m"), b"\"tunedModels/m\"");
        assert!(is_lines(b"jsonl") && is_lines(b"application/JSONL; charset=utf-8"));
        assert!(!is_lines(b"application/json") && !is_lines(b"text/plain"));
    }

    #[test]
    fn what_it_names_is_bounded() {
        let line = |model: usize| format!("{{\"body\":{{\"model\":\"m{model}\"}}}}\n");
        let many: String = (0..=MODELS_MAX).map(line).collect();
        assert_eq!(read(&many), Err(BatchError::TooMany { what: "models", max: MODELS_MAX }));
        let long = "\n".repeat(LINES_MAX);
        assert_eq!(read(&long), Err(BatchError::TooMany { what: "lines", max: LINES_MAX }));
    }

    #[test]
    fn purposes_are_told_apart() {
        assert!(is_purpose("batch") && is_purpose("batch-api") && is_purpose(" Batch"));
        assert!(!is_purpose("user_data") && !is_purpose("") && !is_purpose("bätch"));
    }
}

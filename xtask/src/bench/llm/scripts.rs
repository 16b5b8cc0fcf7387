//! The requests that wrk makes, as scripts of its own.

use std::path::PathBuf;

use anyhow::Result;

use crate::bench::llm_origin::MODEL;
use crate::bench::peer::API_KEY;
use crate::tree;

/// A sort of request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Script {
    /// OpenAI's dialect, whole.
    Chat,
    /// The same for a plain proxy.
    Plain,
    /// Anthropic's dialect, whole.
    Messages,
    /// A stream that comes at once.
    Burst,
    /// The same in Anthropic's dialect.
    MessagesBurst,
    /// The same for a plain proxy.
    PlainBurst,
    /// A stream with a pace.
    Paced,
    /// The same for a plain proxy.
    PlainPaced,
    /// A prompt of 100 KiB.
    LongPrompt,
}

/// Bytes of a long prompt.
const LONG_BYTES: usize = 100 * 1024;

impl Script {
    /// The script, written to its file.
    pub(crate) fn written(self) -> Result<PathBuf> {
        let field = match self {
            Self::Messages | Self::MessagesBurst => ("x-api-key", API_KEY.to_owned()),
            _ => ("authorization", format!("Bearer {API_KEY}")),
        };
        self.written_with("", &[field])
    }

    /// The script with other fields than the usual key, for whom they are meant being part of the
    /// file's name.
    pub(crate) fn written_with(
        self,
        whom: &str,
        fields: &[(&'static str, String)],
    ) -> Result<PathBuf> {
        let path = tree::target()?.join(format!("bench/llm/{self:?}{whom}.lua").to_lowercase());
        tree::write(&path, &self.text(fields))?;
        Ok(path)
    }

    /// The path that is asked for.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Plain | Self::PlainBurst | Self::PlainPaced => "/plain/v1/chat/completions",
            Self::Messages | Self::MessagesBurst => "/v1/messages",
            Self::Chat | Self::Burst | Self::Paced | Self::LongPrompt => "/v1/chat/completions",
        }
    }

    /// Whether the answer is a stream.
    pub(crate) const fn is_stream(self) -> bool {
        matches!(
            self,
            Self::Burst | Self::MessagesBurst | Self::PlainBurst | Self::Paced | Self::PlainPaced
        )
    }

    /// The body.
    pub(crate) fn body(self) -> String {
        let pace = match self {
            Self::Burst | Self::MessagesBurst | Self::PlainBurst => " at once",
            _ => "",
        };
        let stream = if self.is_stream() { ",\"stream\":true" } else { "" };
        let question = match self {
            Self::LongPrompt => "What does a load balancer do, and why? ".repeat(LONG_BYTES / 39),
            _ => format!("What does a load balancer do?{pace}"),
        };
        match self {
            Self::Messages | Self::MessagesBurst => format!(
                "{{\"model\":\"{MODEL}\",\"max_tokens\":100,\"temperature\":0.2{stream},\
                 \"system\":\"You answer in one sentence.\",\
                 \"messages\":[{{\"role\":\"user\",\"content\":\"{question}\"}}]}}"
            ),
            _ => format!(
                "{{\"model\":\"{MODEL}\",\"max_tokens\":100,\"temperature\":0.2{stream},\
                 \"messages\":[{{\"role\":\"system\",\"content\":\"You answer in one sentence.\"}},\
                 {{\"role\":\"user\",\"content\":\"{question}\"}}]}}"
            ),
        }
    }

    fn text(self, fields: &[(&'static str, String)]) -> String {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!(", [\"{name}\"] = [==[{value}]==]"))
            .collect();
        format!(
            "wrk.method = \"POST\"\nwrk.path = \"{}\"\n\
             wrk.headers = {{ [\"content-type\"] = \"application/json\"{fields} }}\n\
             wrk.body = [==[{}]==]\n",
            self.path(),
            self.body()
        )
    }
}

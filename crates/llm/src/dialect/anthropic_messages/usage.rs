//! Usage as Anthropic counts it: the prompt without what came from or went to the cache.

use crate::chat::{ServiceClass, Usage};
use crate::json::{Cursor, JsonError, Kind, Writer};

/// Reads usage, and of which class of service it was: of the two words for it that stand there, the
/// one that prices go by first.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let (mut usage, mut written, mut split) = (Usage::default(), 0, false);
    let mut speed = None;
    cursor.object(|cursor, name| {
        match name {
            "input_tokens" => usage.input = count(cursor)?,
            "cache_read_input_tokens" => usage.cache_read = count(cursor)?,
            "cache_creation_input_tokens" => written = count(cursor)?,
            "cache_creation" => {
                split |= cursor.maybe(|cursor| read_written(cursor, &mut usage))?.is_some();
            }
            "output_tokens" => usage.output = count(cursor)?,
            "output_tokens_details" => {
                cursor.maybe(|cursor| read_output(cursor, &mut usage))?;
            }
            "server_tool_use" => {
                cursor.maybe(|cursor| read_tools(cursor, &mut usage))?;
            }
            "speed" if cursor.kind() == Kind::Text => {
                speed = ServiceClass::of_word(&cursor.text()?);
            }
            "service_tier" if cursor.kind() == Kind::Text => {
                usage.service = ServiceClass::of_word(&cursor.text()?);
            }
            "service_tier" | "inference_geo" | "speed" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    usage.service = speed.or(usage.service);
    if !split {
        usage.cache_write = written;
    }
    usage.output = usage.output.saturating_sub(usage.reasoning);
    Ok(usage)
}

fn read_written(cursor: &mut Cursor<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "ephemeral_5m_input_tokens" => usage.cache_write = count(cursor)?,
            "ephemeral_1h_input_tokens" => usage.cache_write_1h = count(cursor)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn read_output(cursor: &mut Cursor<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "thinking_tokens" => usage.reasoning = count(cursor)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

/// What Anthropic ran for it.
fn read_tools(cursor: &mut Cursor<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "web_search_requests" => usage.searches = count(cursor)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn count(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    Ok(cursor.maybe(Cursor::count)?.unwrap_or(0))
}

/// Writes usage; classes that have no name there go with the text of their side.
pub(super) fn write(usage: &Usage, service_class: Option<&str>, writer: &mut Writer<'_>) {
    let written = usage.cache_write.saturating_add(usage.cache_write_1h);
    let cached = usage.cache_read.saturating_add(written);
    writer.object(|w| {
        w.key("input_tokens").count(usage.input_total().saturating_sub(cached));
        w.key("cache_creation_input_tokens").count(written);
        w.key("cache_read_input_tokens").count(usage.cache_read);
        w.key("cache_creation").object(|w| {
            w.key("ephemeral_5m_input_tokens").count(usage.cache_write);
            w.key("ephemeral_1h_input_tokens").count(usage.cache_write_1h);
        });
        w.key("output_tokens").count(usage.output_total());
        if usage.reasoning > 0 {
            w.key("output_tokens_details")
                .object(|w| w.count_field("thinking_tokens", Some(usage.reasoning)));
        }
        if usage.searches > 0 {
            w.key("server_tool_use")
                .object(|w| w.count_field("web_search_requests", Some(usage.searches)));
        }
        w.text_field(
            "service_tier",
            service_class.map(|word| match word {
                "default" => "standard",
                word => word,
            }),
        );
    });
}

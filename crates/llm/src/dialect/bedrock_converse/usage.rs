//! Usage as Bedrock counts it: the prompt without what came from or went to the cache.

use crate::chat::Usage;
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let (mut usage, mut written) = (Usage::default(), 0);
    cursor.object(|cursor, name| {
        match name {
            "inputTokens" => usage.input = count(cursor)?,
            "outputTokens" => usage.output = count(cursor)?,
            // Newer models say both; the second is their count before Converse had one.
            "cacheReadInputTokens" | "cacheReadInputTokenCount" => {
                usage.cache_read = count(cursor)?;
            }
            "cacheWriteInputTokens" | "cacheWriteInputTokenCount" => written = count(cursor)?,
            "cacheDetails" => {
                cursor.maybe(|cursor| cursor.array(|cursor| read_detail(cursor, &mut usage)))?;
            }
            "totalTokens" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    usage.cache_write = written.saturating_sub(usage.cache_write_1h);
    Ok(usage)
}

/// How much of what went to the cache is kept for how long.
fn read_detail(cursor: &mut Cursor<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    let (mut is_hour, mut tokens) = (false, 0);
    cursor.object(|cursor, name| {
        match name {
            "ttl" => is_hour = cursor.text()? == "1h",
            "inputTokens" => tokens = count(cursor)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    if is_hour {
        usage.cache_write_1h = usage.cache_write_1h.saturating_add(tokens);
    }
    Ok(())
}

fn count(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    Ok(cursor.maybe(Cursor::count)?.unwrap_or(0))
}

/// Writes usage; classes that have no name there go with the text of their side.
pub(super) fn write(usage: &Usage, writer: &mut Writer<'_>) {
    let written = usage.cache_write.saturating_add(usage.cache_write_1h);
    let cached = usage.cache_read.saturating_add(written);
    writer.object(|w| {
        w.key("inputTokens").count(usage.input_total().saturating_sub(cached));
        w.key("outputTokens").count(usage.output_total());
        w.key("totalTokens").count(usage.total());
        w.key("cacheReadInputTokens").count(usage.cache_read);
        w.key("cacheWriteInputTokens").count(written);
        if usage.cache_write_1h > 0 {
            w.key("cacheDetails").array(|w| {
                let split = [("5m", usage.cache_write), ("1h", usage.cache_write_1h)];
                for (time, tokens) in split.into_iter().filter(|(_, tokens)| *tokens > 0) {
                    w.object(|w| {
                        w.key("ttl").text(time);
                        w.key("inputTokens").count(tokens);
                    });
                }
            });
        }
    });
}

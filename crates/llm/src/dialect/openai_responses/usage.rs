//! Usage as Responses count it: totals, and within them details.
//!
//! Details are taken out of the totals, so that each token is in one class.

use crate::chat::Usage;
use crate::dialect::openai_chat::usage::told_cost;
use crate::json::{Cursor, JsonError, Kind, Writer};

pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let (mut usage, mut input, mut output, mut total) = (Usage::default(), 0, 0, 0);
    cursor.object(|cursor, name| {
        match name {
            "input_tokens" => input = count(cursor)?,
            "output_tokens" => output = count(cursor)?,
            "total_tokens" => total = count(cursor)?,
            "input_tokens_details" => {
                cursor.maybe(|cursor| read_input(cursor, &mut usage))?;
            }
            "output_tokens_details" => {
                cursor.maybe(|cursor| read_output(cursor, &mut usage))?;
            }
            "cost" => {
                usage.told_nano_usd = told_cost(&mut cursor.clone_at());
                cursor.unknown()?;
            }
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    // Some count reasoning beside the output; their total gives them away.
    let beside: u64 = [input, output, usage.reasoning].into_iter().fold(0, u64::saturating_add);
    if usage.reasoning > 0 && total == beside {
        output = output.saturating_add(usage.reasoning);
    }
    // Until here the form's own totals hold the details alone.
    usage.input = input.saturating_sub(usage.input_total());
    usage.output = output.saturating_sub(usage.output_total());
    Ok(usage)
}

fn read_input(cursor: &mut Cursor<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "cached_tokens" => usage.cache_read = count(cursor)?,
            "cache_write_tokens" => usage.cache_write = count(cursor)?,
            "audio_tokens" => usage.input_audio = count(cursor)?,
            "image_tokens" => usage.input_image = count(cursor)?,
            "text_tokens" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn read_output(cursor: &mut Cursor<'_>, usage: &mut Usage) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "reasoning_tokens" => usage.reasoning = count(cursor)?,
            "audio_tokens" => usage.output_audio = count(cursor)?,
            "image_tokens" => usage.output_image = count(cursor)?,
            "text_tokens" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn count(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    Ok(cursor.maybe(Cursor::count)?.unwrap_or(0))
}

pub(super) fn write(usage: &Usage, writer: &mut Writer<'_>) {
    let some = |count: u64| Some(count).filter(|count| *count > 0);
    writer.object(|w| {
        w.key("input_tokens").count(usage.input_total());
        w.key("input_tokens_details").object(|w| {
            w.key("cached_tokens").count(usage.cache_read);
            let written = usage.cache_write.saturating_add(usage.cache_write_1h);
            w.count_field("cache_write_tokens", some(written));
            w.count_field("audio_tokens", some(usage.input_audio));
            w.count_field("image_tokens", some(usage.input_image));
        });
        w.key("output_tokens").count(usage.output_total());
        w.key("output_tokens_details").object(|w| {
            w.key("reasoning_tokens").count(usage.reasoning);
            w.count_field("audio_tokens", some(usage.output_audio));
            w.count_field("image_tokens", some(usage.output_image));
        });
        w.key("total_tokens").count(usage.total());
    });
}

/// How many searches of the web the items of an answer are. Pages that are opened, and what is
/// looked for in them, are told in the same words and are none.
pub(super) fn searches(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    let mut searches = 0;
    cursor.maybe(|cursor| {
        cursor.array(|cursor| {
            searches += u64::from(is_search(cursor)?);
            Ok(())
        })
    })?;
    Ok(searches)
}

/// Whether an item is a search of the web.
pub(super) fn is_search(cursor: &mut Cursor<'_>) -> Result<bool, JsonError> {
    let (mut is_call, mut is_other) = (false, false);
    if cursor.kind() != Kind::Object {
        return cursor.skip().map(|()| false);
    }
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("type", Kind::Text) => is_call = cursor.text()? == "web_search_call",
            ("action", Kind::Object) => cursor.object(|cursor, name| {
                match (name, cursor.kind()) {
                    ("type", Kind::Text) => is_other = cursor.text()? != "search",
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(is_call && !is_other)
}

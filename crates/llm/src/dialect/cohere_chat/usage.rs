//! Usage as Cohere counts it: tokens that were used, and units that are charged, which are fewer.

use crate::chat::Usage;
use crate::json::{Cursor, JsonError, Writer};

/// The counts as they are written.
#[derive(Default)]
struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    reasoning: u64,
    cached: u64,
    billed_input: Option<u64>,
    billed_output: Option<u64>,
    searches: u64,
}

pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let mut counts = Counts::default();
    cursor.object(|cursor, name| {
        match name {
            "tokens" => {
                cursor.maybe(|cursor| read_tokens(cursor, &mut counts))?;
            }
            "billed_units" => {
                cursor.maybe(|cursor| read_billed(cursor, &mut counts))?;
            }
            "cached_tokens" => counts.cached = count(cursor)?.unwrap_or(0),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(counts.usage())
}

fn read_tokens(cursor: &mut Cursor<'_>, counts: &mut Counts) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "input_tokens" => counts.input = count(cursor)?,
            "output_tokens" => counts.output = count(cursor)?,
            "reasoning_tokens" => counts.reasoning = count(cursor)?.unwrap_or(0),
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

fn read_billed(cursor: &mut Cursor<'_>, counts: &mut Counts) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "input_tokens" => counts.billed_input = count(cursor)?,
            "output_tokens" => counts.billed_output = count(cursor)?,
            "search_units" => counts.searches = count(cursor)?.unwrap_or(0),
            // Classifications are no tokens.
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

/// A count, which may be written as a number with a point.
fn count(cursor: &mut Cursor<'_>) -> Result<Option<u64>, JsonError> {
    let number = cursor.maybe(Cursor::number)?;
    Ok(number.and_then(|number| number.as_str().split('.').next()?.parse().ok()))
}

impl Counts {
    /// What is cached and what is reasoning is within the totals.
    fn usage(&self) -> Usage {
        let input = self.input.or(self.billed_input).unwrap_or(0);
        let output = self.output.or(self.billed_output).unwrap_or(0);
        Usage {
            input: input.saturating_sub(self.cached),
            cache_read: self.cached.min(input),
            output: output.saturating_sub(self.reasoning),
            reasoning: self.reasoning.min(output),
            billed_input: self.billed_input,
            billed_output: self.billed_output,
            searches: self.searches,
            ..Usage::default()
        }
    }
}

/// Writes usage. Where a provider charges what it used, the units are the tokens.
pub(super) fn write(usage: &Usage, writer: &mut Writer<'_>) {
    let (input, output) = (usage.input_total(), usage.output_total());
    writer.object(|w| {
        w.key("billed_units").object(|w| {
            w.key("input_tokens").count(usage.billed_input.unwrap_or(input));
            w.key("output_tokens").count(usage.billed_output.unwrap_or(output));
            let searches = Some(usage.searches).filter(|count| *count > 0);
            w.count_field("search_units", searches);
        });
        w.key("tokens").object(|w| {
            w.key("input_tokens").count(input);
            w.key("output_tokens").count(output);
            let reasoning = Some(usage.reasoning).filter(|count| *count > 0);
            w.count_field("reasoning_tokens", reasoning);
        });
        w.key("cached_tokens").count(usage.cache_read);
    });
}

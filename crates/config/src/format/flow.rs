//! Values beside their keys: one space behind a key, and lists and maps in brackets on one line with
//! even spaces where that has room, and in block style where it has not.
//!
//! What holds a comment, an anchor, a tag, an alias, a value of several lines or a key without a value
//! stays as it was written, and so does a document that is in brackets as a whole, as JSON is.

use saphyr_parser::{Event, Parser, Span};

use super::layout::{BLANKS, STEP, indent, is_dash};

/// The longest line that a list or map in brackets may make, in characters.
const WIDTH: usize = 100;

/// A value in brackets, or within them.
#[derive(Debug)]
enum Value<'t> {
    Scalar(&'t str),
    List(Vec<Self>),
    Map(Vec<(&'t str, Self)>),
}

/// A list or map in brackets that no other holds.
#[derive(Debug)]
struct Flow<'t> {
    /// From the first bracket to behind the last, in bytes.
    start: usize,
    end: usize,
    /// `None` where it is to stay as it is.
    value: Option<Value<'t>>,
}

/// What is to be put in place of a part of the text.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// The text, which is laid out in levels, with its values in place.
pub(super) fn write(text: &str) -> Option<String> {
    let mut edits: Vec<Edit> = Vec::new();
    let found = Finder::new(text).find()?;
    for (key_end, value_start) in found.gaps {
        edits.push(Edit { start: key_end, end: value_start, text: String::from(": ") });
    }
    for flow in &found.flows {
        let Some(value) = &flow.value else { continue };
        if let Some(edit) = Line::of(text, flow).and_then(|line| line.rewritten(value)) {
            // A key's gap is written anew with its line.
            edits.retain(|other| other.end <= edit.start || other.start >= edit.end);
            edits.push(edit);
        }
    }
    edits.sort_by_key(|edit| edit.start);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for edit in edits {
        out.push_str(text.get(from..edit.start)?);
        out.push_str(&edit.text);
        from = edit.end;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

/// Walks through a text and finds what this module writes anew.
struct Finder<'t> {
    text: &'t str,
    /// Where each character begins, in bytes.
    starts: Vec<usize>,
    open: Vec<Open<'t>>,
    /// The list or map in brackets that is open and in no other: where it begins.
    outermost: Option<usize>,
    /// Where the last token within it ends.
    token_end: usize,
    is_plain: bool,
    found: Found<'t>,
}

#[derive(Default)]
struct Found<'t> {
    flows: Vec<Flow<'t>>,
    /// From the end of a key to the beginning of its value, in one line of block style.
    gaps: Vec<(usize, usize)>,
}

/// A list or map that is open.
enum Open<'t> {
    BlockList,
    /// Where the key ends whose value is next.
    BlockMap(Option<usize>),
    List(Vec<Value<'t>>),
    Map(Vec<(&'t str, Value<'t>)>, Option<&'t str>),
}

impl<'t> Finder<'t> {
    fn new(text: &'t str) -> Self {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        Self {
            text,
            starts,
            open: Vec::new(),
            outermost: None,
            token_end: 0,
            is_plain: true,
            found: Found::default(),
        }
    }

    fn find(mut self) -> Option<Found<'t>> {
        for event in Parser::new_from_str(self.text) {
            let (event, span) = event.ok()?;
            self.take(&event, &span)?;
        }
        Some(self.found)
    }

    fn at(&self, character: usize) -> Option<usize> {
        self.starts.get(character).copied()
    }

    fn take(&mut self, event: &Event<'_>, span: &Span) -> Option<()> {
        let (start, end) = (self.at(span.start.index())?, self.at(span.end.index())?);
        match event {
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                let is_list = matches!(event, Event::SequenceStart(..));
                let is_marked = *anchor != 0 || tag.is_some();
                let bracket = if is_list { '[' } else { '{' };
                let is_bracket = !is_marked && self.text[start..end].starts_with(bracket);
                if self.outermost.is_none() && !is_bracket {
                    self.begin_value(start, is_marked);
                    self.open.push(if is_list { Open::BlockList } else { Open::BlockMap(None) });
                    return Some(());
                }
                if self.outermost.is_none() {
                    self.begin_value(start, false);
                    self.outermost = Some(start);
                    self.token_end = start;
                    // A document in brackets is JSON, or like it.
                    self.is_plain = !self.open.is_empty();
                }
                self.is_plain &= is_bracket;
                self.pass_to(start, end);
                self.open.push(match is_list {
                    true => Open::List(Vec::new()),
                    false => Open::Map(Vec::new(), None),
                });
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop()? {
                Open::BlockList | Open::BlockMap(_) => {}
                Open::List(items) => self.close(Value::List(items), start),
                Open::Map(entries, key) => {
                    self.is_plain &= key.is_none();
                    self.close(Value::Map(entries), start);
                }
            },
            Event::Scalar(_, _, anchor, tag) => {
                let is_marked = *anchor != 0 || tag.is_some();
                let written = self.text[start..end].trim_end();
                if self.outermost.is_some() {
                    let is_whole = !written.is_empty() && !written.contains('\n');
                    self.is_plain &= is_whole && !is_marked;
                    self.pass_to(start, start + written.len());
                    self.put(Value::Scalar(written));
                } else {
                    self.scalar_of_block((start, start + written.len()), is_marked);
                }
            }
            Event::Alias(_) => {
                self.is_plain = false;
                if self.outermost.is_some() {
                    self.put(Value::Scalar(""));
                } else {
                    self.begin_value(start, true);
                }
            }
            _ => {}
        }
        Some(())
    }

    /// Something begins in block style: if it is the value of a key, the gap before it is known.
    fn begin_value(&mut self, start: usize, is_marked: bool) {
        let Some(Open::BlockMap(key)) = self.open.last_mut() else { return };
        let Some(key_end) = key.take() else {
            // A key that is a list, a map or an alias: its value is passed over as well.
            return;
        };
        let gap = self.text.get(key_end..start).unwrap_or_default();
        let is_gap = gap.strip_prefix(':').is_some_and(|rest| {
            !rest.is_empty() && rest.chars().all(|letter| BLANKS.contains(&letter))
        });
        if is_gap && !is_marked {
            self.found.gaps.push((key_end, start));
        }
    }

    fn scalar_of_block(&mut self, (start, end): (usize, usize), is_marked: bool) {
        match self.open.last_mut() {
            Some(Open::BlockMap(key @ None)) => *key = Some(end),
            // Nothing is written where nothing is the value.
            Some(Open::BlockMap(key)) if start >= end => *key = None,
            _ => self.begin_value(start, is_marked),
        }
    }

    /// Between two tokens within brackets there may be white space, commas and colons.
    fn pass_to(&mut self, start: usize, end: usize) {
        let between = self.text.get(self.token_end..start).unwrap_or("#");
        let is_usual = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ':');
        self.is_plain &= between.chars().all(is_usual);
        self.token_end = end;
    }

    fn put(&mut self, value: Value<'t>) {
        match self.open.last_mut() {
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(entries, key)) => match (key.take(), value) {
                (Some(name), value) => entries.push((name, value)),
                (None, Value::Scalar(name)) => *key = Some(name),
                (None, _) => self.is_plain = false,
            },
            _ => {}
        }
    }

    fn close(&mut self, value: Value<'t>, bracket: usize) {
        // The span of the last bracket may have a comment in it.
        let end = bracket + 1;
        self.pass_to(bracket, end);
        if matches!(self.open.last(), Some(Open::List(_) | Open::Map(..))) {
            self.put(value);
        } else if let Some(start) = self.outermost.take() {
            let value = self.is_plain.then_some(value);
            self.found.flows.push(Flow { start, end, value });
            self.is_plain = true;
        }
    }
}

/// The line that a list or map in brackets begins in, and what is behind it.
struct Line<'t> {
    /// Where the line begins, and where what is behind the brackets ends.
    start: usize,
    end: usize,
    /// White space and dashes.
    lead: &'t str,
    /// The key, with its colon.
    key: &'t str,
    /// All of it up to the last bracket.
    content: &'t str,
    /// A comment behind it, and the column that it begins in.
    comment: &'t str,
    comment_column: usize,
}

impl<'t> Line<'t> {
    /// `None` where something else stands beside it.
    fn of(text: &'t str, flow: &Flow<'_>) -> Option<Self> {
        let start = text[..flow.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[flow.end..].find('\n').map_or(text.len(), |at| flow.end + at);
        let comment = text[flow.end..end].trim_matches(BLANKS);
        let before = &text[start..flow.start];
        let mut lead = indent(before);
        while is_dash(before[lead..].trim_end_matches(BLANKS)) || before[lead..].starts_with("- ") {
            lead += 1 + indent(&before[lead + 1..]);
        }
        let (lead, key) = before.split_at(lead);
        let key = key.trim_end_matches(BLANKS);
        let is_usual = (comment.is_empty() || comment.starts_with('#'))
            && (key.is_empty() || key.ends_with(':'));
        let whole = text[start..end].trim_end_matches(BLANKS);
        is_usual.then(|| Self {
            start,
            end,
            lead,
            key,
            content: &text[start..flow.end],
            comment,
            comment_column: width(whole) - width(comment),
        })
    }

    fn rewritten(&self, value: &Value<'_>) -> Option<Edit> {
        let space = if self.key.is_empty() { "" } else { " " };
        let one_line = format!("{}{}{space}{}", self.lead, self.key, value.inline());
        let mut text = String::new();
        if width(&one_line) <= WIDTH || value.is_empty() {
            if one_line == self.content {
                return None;
            }
            text.push_str(&one_line);
            if !self.comment.is_empty() {
                // In a column with others, as long as there is room.
                let gap = self.comment_column.saturating_sub(width(&one_line)).max(2);
                text.push_str(&" ".repeat(gap));
                text.push_str(self.comment);
            }
        } else {
            let column = width(self.lead);
            if !self.comment.is_empty() {
                // It is about all of it.
                text.push_str(&" ".repeat(indent(self.lead)));
                text.push_str(self.comment);
                text.push('\n');
            }
            text.push_str(self.lead);
            if self.key.is_empty() {
                value.block(column, &mut text);
            } else {
                text.push_str(self.key);
                text.push('\n');
                text.push_str(&" ".repeat(column + STEP));
                value.block(column + STEP, &mut text);
            }
        }
        Some(Edit { start: self.start, end: self.end, text })
    }
}

impl Value<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Scalar(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
        }
    }

    /// All of it in one line.
    fn inline(&self) -> String {
        match self {
            Self::Scalar(text) => (*text).to_owned(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::inline).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) if entries.is_empty() => String::from("{}"),
            Self::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| format!("{key}: {}", value.inline()));
                format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// All of it in block style, from where the line is at `column` already. What is within stays in
    /// brackets where that has room.
    fn block(&self, column: usize, text: &mut String) {
        let pad = format!("\n{}", " ".repeat(column));
        match self {
            Self::Scalar(scalar) => text.push_str(scalar),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { &pad });
                    text.push_str("- ");
                    item.beside(column + STEP, column + STEP, text);
                }
            }
            Self::Map(entries) => {
                for (at, (key, value)) in entries.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { &pad });
                    text.push_str(key);
                    text.push(':');
                    let beside = column + width(key) + 2;
                    if value.has_room(beside) {
                        text.push(' ');
                        text.push_str(&value.inline());
                    } else {
                        text.push('\n');
                        text.push_str(&" ".repeat(column + STEP));
                        value.block(column + STEP, text);
                    }
                }
            }
        }
    }

    fn beside(&self, at: usize, column: usize, text: &mut String) {
        if self.has_room(at) {
            text.push_str(&self.inline());
        } else {
            self.block(column, text);
        }
    }

    fn has_room(&self, at: usize) -> bool {
        matches!(self, Self::Scalar(_)) || self.is_empty() || at + width(&self.inline()) <= WIDTH
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

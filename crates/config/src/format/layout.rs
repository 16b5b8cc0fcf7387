//! Lines and their levels: which lines begin something in block style, which belong to a value
//! that began above, and where each goes.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Spaces per level.
pub(super) const STEP: usize = 2;

/// What YAML takes for nothing within a line. Other white space is text.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It begins something in block style.
    Block,
    /// It goes on with a list or map in brackets.
    Flow,
    /// It goes on with a scalar: its white space may be content.
    Scalar,
}

/// A text cut to lines.
pub(super) struct Layout<'t> {
    lines: Vec<(&'t str, Kind)>,
}

/// The comments of a text: what stands behind a `#` that is in no value. `None` when the text cannot
/// be read.
pub(super) fn comments(text: &str) -> Option<Vec<&str>> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut gaps = Vec::new();
    let mut from = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        if matches!(event, Event::Scalar(..)) {
            gaps.push(from..*starts.get(span.start.index())?);
            from = from.max(*starts.get(span.end.index())?);
        }
    }
    gaps.push(from..text.len());
    let lines = gaps.into_iter().flat_map(|gap| text.get(gap).unwrap_or_default().lines());
    Some(lines.filter_map(|line| Some(line[line.find('#')?..].trim_end())).collect())
}

/// One open level: where it was, and where it goes.
struct Level {
    old: usize,
    new: usize,
    dash: bool,
}

impl<'t> Layout<'t> {
    /// `None` when the text cannot be read.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}');
        let mut lines: Vec<(&str, Kind)> = text.lines().map(|line| (line, Kind::Block)).collect();
        let mut open_flows: Vec<Option<usize>> = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.ok()?;
            match event {
                Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
                    let header = header_of(&lines, &span);
                    mark(&mut lines, header, &span, Kind::Scalar);
                }
                Event::Scalar(..) => mark(&mut lines, span.start.line(), &span, Kind::Scalar),
                Event::SequenceStart(..) | Event::MappingStart(..) => {
                    open_flows.push(in_brackets(&lines, &span).then_some(span.start.line()));
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(first) = open_flows.pop().flatten() {
                        mark(&mut lines, first, &span, Kind::Flow);
                    }
                }
                _ => {}
            }
        }
        Some(Self { lines })
    }

    /// The text with every line in its place.
    pub(super) fn write(&self) -> String {
        let mut text =
            String::with_capacity(self.lines.iter().map(|(line, _)| line.len() + 1).sum());
        let mut levels: Vec<Level> = Vec::new();
        let mut shift = 0;
        let mut blank = true;
        for ((line, kind), below) in self.lines.iter().zip(self.below()) {
            let content = line.trim_matches(BLANKS);
            if *kind != Kind::Scalar && content.is_empty() {
                if !blank {
                    text.push('\n');
                }
                blank = true;
                continue;
            }
            blank = false;
            let old = indent(line);
            let placed = match kind {
                Kind::Scalar => shifted(line, shift),
                Kind::Flow => shifted(line.trim_end_matches(BLANKS), shift),
                Kind::Block if content.starts_with('#') => {
                    comment(old, below, &levels, shift) + content
                }
                Kind::Block => {
                    let (placed, moved) = block(line.trim_end_matches(BLANKS), &mut levels);
                    shift = moved;
                    placed
                }
            };
            text.push_str(&placed);
            text.push('\n');
        }
        while text.ends_with("\n\n") && self.lines.last().is_some_and(|last| last.1 != Kind::Scalar)
        {
            text.pop();
        }
        text
    }

    /// For every line, the next one below that begins something.
    fn below(&self) -> Vec<Option<&'t str>> {
        let mut next = None;
        let mut below: Vec<Option<&str>> = Vec::with_capacity(self.lines.len());
        for (line, kind) in self.lines.iter().rev() {
            below.push(next);
            let content = line.trim_matches(BLANKS);
            if *kind == Kind::Block && !content.is_empty() && !content.starts_with('#') {
                next = Some(*line);
            }
        }
        below.reverse();
        below
    }
}

/// A comment goes with the line below that begins where it does; otherwise it is lined up with
/// something above, and moves as that moved.
fn comment(old: usize, below: Option<&str>, levels: &[Level], shift: isize) -> String {
    let beside = below.filter(|line| indent(line) == old);
    let known = levels.iter().any(|level| level.old == old && !level.dash);
    let column = match beside {
        Some(line) => column(levels, old, is_dash(line.trim_start_matches(BLANKS))),
        None if known => column(levels, old, false),
        None => moved(old, shift),
    };
    " ".repeat(column)
}

/// Marks the lines that go on with what began in the line `first`, counted from 1.
fn mark(lines: &mut [(&str, Kind)], first: usize, span: &Span, kind: Kind) {
    let last = span.end.line();
    if last <= first {
        return;
    }
    // A value may end where the next one begins, behind nothing but white space.
    let ends_before = lines.get(last.saturating_sub(1)).is_none_or(|(line, _)| {
        line.chars().take(span.end.col()).all(|letter| BLANKS.contains(&letter))
    });
    let last = last - usize::from(ends_before);
    for (_, marked) in lines.iter_mut().take(last).skip(first) {
        if *marked != Kind::Scalar {
            *marked = kind;
        }
    }
}

/// The line with the `|` or `>` of a block scalar, whose span begins with its first text.
fn header_of(lines: &[(&str, Kind)], span: &Span) -> usize {
    let above = &lines[..span.start.line().saturating_sub(1).min(lines.len())];
    above.iter().rposition(|(line, _)| !line.trim_matches(BLANKS).is_empty()).map_or(0, |at| at + 1)
}

/// Whether a list or map is written in brackets; an anchor or tag may stand before them.
fn in_brackets(lines: &[(&str, Kind)], span: &Span) -> bool {
    // Without an anchor or tag, the span is the bracket itself, or nothing.
    if span.len() <= 1 {
        return span.len() == 1;
    }
    let line = lines.get(span.start.line().saturating_sub(1)).map_or("", |(line, _)| line);
    let mut rest: String = line.chars().skip(span.start.col()).collect();
    while rest.starts_with(['&', '!']) {
        rest =
            rest.split_once(' ').map_or("", |(_, rest)| rest.trim_start_matches(BLANKS)).to_owned();
    }
    rest.starts_with(['[', '{'])
}

pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

pub(super) fn is_dash(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

fn moved(old: usize, shift: isize) -> usize {
    old.checked_add_signed(shift).unwrap_or(0)
}

fn shifted(line: &str, shift: isize) -> String {
    let content = line.trim_start_matches(' ');
    if content.is_empty() {
        return line.to_owned();
    }
    " ".repeat(moved(line.len() - content.len(), shift)) + content
}

/// A line of block style in its place, and how far what it holds has moved.
fn block(line: &str, levels: &mut Vec<Level>) -> (String, isize) {
    let mut old = indent(line);
    let mut content = &line[old..];
    let mut placed = " ".repeat(open(levels, old, is_dash(content)));
    while is_dash(content) {
        placed.push('-');
        let rest = content[1..].trim_start_matches(' ');
        if rest.is_empty() || rest.starts_with('#') {
            // The element begins below; a comment keeps its distance.
            placed.push_str(&content[1..]);
            content = "";
            break;
        }
        placed.push(' ');
        old += content.len() - rest.len();
        content = rest;
        open(levels, old, is_dash(content));
    }
    let shift = placed.len().cast_signed() - old.cast_signed();
    placed.push_str(content);
    (placed, shift)
}

/// The new column of something at an old one, opening a level for it where needed.
fn open(levels: &mut Vec<Level>, old: usize, dash: bool) -> usize {
    while levels.last().is_some_and(|top| !holds(top, old, dash)) {
        levels.pop();
    }
    let new = column(levels, old, dash);
    if !levels.last().is_some_and(|top| top.old == old && top.dash == dash) {
        levels.push(Level { old, new, dash });
    }
    new
}

/// Whether a level is still open at a line: a list may begin in the column of its map's keys.
fn holds(level: &Level, old: usize, dash: bool) -> bool {
    level.old < old || (level.old == old && (dash || !level.dash))
}

fn column(levels: &[Level], old: usize, dash: bool) -> usize {
    match levels.iter().rev().find(|level| holds(level, old, dash)) {
        Some(level) if level.old == old && level.dash == dash => level.new,
        Some(level) => level.new + STEP,
        None => 0,
    }
}

//! From YAML (and so JSON) to a [`Tree`]: anchors are copied under a budget, depth and size are
//! bounded, a key that comes twice is a fault. Tags and several documents are not taken.

use std::borrow::Cow;
use std::collections::{HashMap, hash_map};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput};

use super::{Content, Entry, Fault, Node, Place, Position, Tree};
use crate::ConfigError;

/// 100,000 routes are about 40 MB; more than this is a mistake or an attack.
const TEXT_BYTES_MAX: usize = 64 << 20;
/// The deepest thing that the format knows is below 12; nesting costs stack.
const DEPTH_MAX: usize = 64;
/// What aliases may copy in all, in bytes of memory: enough for every honest use, far from a
/// "billion laughs".
const COPIED_BYTES_MAX: usize = 16 << 20;
/// What one copied node costs beside its text.
const NODE_BYTES: usize = size_of::<Node<'_>>();
/// Below this many entries, comparing keys in turn is quicker than hashing them.
const SMALL_MAP: usize = 12;

/// Reads one document. Faults that leave the tree readable are added to `faults`.
///
/// # Errors
/// The one fault after which nothing more can be read: the text is not YAML, or over a bound.
pub(crate) fn parse<'t>(
    text: &'t str,
    file: &str,
    faults: &mut Vec<Fault>,
) -> Result<Tree<'t>, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder {
        parser: Parser::new_from_str(text),
        positions: Vec::with_capacity(text.len() / 16),
        anchors: HashMap::new(),
        copied_bytes: 0,
        substitutes: false,
        faults,
    };
    let root = if text.len() > TEXT_BYTES_MAX {
        Err(Broken::new(START, format!("the text is longer than {} MiB", TEXT_BYTES_MAX >> 20)))
    } else {
        refuse_control_characters(text).and_then(|()| builder.document())
    };
    match root {
        Ok(root) => {
            let Builder { positions, substitutes, .. } = builder;
            Ok(Tree { root, substitutes, positions })
        }
        Err(Broken { position, message }) => Err(ConfigError {
            file: file.to_owned(),
            line: position.line,
            column: position.column,
            path: String::new(),
            message,
            suggestion: None,
        }),
    }
}

/// YAML has none but tabs and line breaks. The parser would let them by, into names and values
/// where nobody sees them.
fn refuse_control_characters(text: &str) -> Result<(), Broken> {
    let is_control = |byte: u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
    let Some(at) = text.bytes().position(is_control) else { return Ok(()) };
    let (before, byte) = (&text[..at], text.as_bytes()[at]);
    let line_start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let breaks = before.matches('\n').count() + before.matches('\r').count();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    let position = Position {
        line: number(breaks - before.matches("\r\n").count()),
        column: number(before[line_start..].chars().count()),
    };
    let message = format!(
        "not valid YAML: a control character, U+{byte:04X}; between double quotes it is written \
         `\\x{byte:02X}`"
    );
    Err(Broken::new(position, message))
}

const START: Position = Position { line: 1, column: 1 };

/// Why nothing more can be read.
struct Broken {
    position: Position,
    message: String,
}

impl Broken {
    fn new(position: Position, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}

impl From<ScanError> for Broken {
    fn from(error: ScanError) -> Self {
        let hint = if error.info().contains("unknown anchor") {
            " (a text that begins with `*` needs quotes)"
        } else {
            ""
        };
        Self::new(position(error.marker()), format!("not valid YAML: {}{hint}", error.info()))
    }
}

fn position(marker: &Marker) -> Position {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Position { line: number(marker.line()), column: number(marker.col()).saturating_add(1) }
}

struct Builder<'t, 'f> {
    parser: Parser<'t, StrInput<'t>>,
    positions: Vec<Position>,
    /// Finished anchored nodes by the parser's number.
    anchors: HashMap<usize, Node<'t>>,
    copied_bytes: usize,
    substitutes: bool,
    faults: &'f mut Vec<Fault>,
}

impl<'t> Builder<'t, '_> {
    fn document(&mut self) -> Result<Node<'t>, Broken> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => break,
                (Event::DocumentStart(_), at) if root.is_some() => {
                    return Err(Broken::new(at, "a second document: one file holds one"));
                }
                (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd, _) => {}
                (event, at) => root = Some(self.node(event, at, 0)?),
            }
        }
        match root {
            Some(root) => Ok(root),
            None => Ok(self.make(START, Content::Nothing)),
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Position), Broken> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, position(&span.start))),
            Some(Err(error)) => Err(error.into()),
            None => Ok((Event::StreamEnd, START)),
        }
    }

    fn make(&mut self, at: Position, content: Content<'t>) -> Node<'t> {
        Node { place: self.mark(at), substituted: false, is_plain: false, content }
    }

    fn mark(&mut self, at: Position) -> Place {
        let place = Place(u32::try_from(self.positions.len()).unwrap_or(u32::MAX));
        self.positions.push(at);
        place
    }

    fn node(&mut self, event: Event<'t>, at: Position, depth: usize) -> Result<Node<'t>, Broken> {
        if depth > DEPTH_MAX {
            return Err(Broken::new(at, format!("nested more than {DEPTH_MAX} deep")));
        }
        let (anchor, tagged, node) = match event {
            Event::Alias(anchor) => return self.alias(anchor, at, depth),
            Event::Scalar(text, style, anchor, tag) => {
                self.substitutes |= text.as_bytes().contains(&b'$') && text.contains("${");
                let is_plain = style == ScalarStyle::Plain;
                let node = Node { is_plain, ..self.make(at, scalar(text, style)) };
                (anchor, tag.is_some(), node)
            }
            Event::SequenceStart(anchor, tag) => (anchor, tag.is_some(), self.list(at, depth)?),
            Event::MappingStart(anchor, tag) => (anchor, tag.is_some(), self.map(at, depth)?),
            _ => return Err(Broken::new(at, "not valid YAML: a value was expected here")),
        };
        if tagged {
            self.faults.push(Fault::new(node.place, "tags (`!…`) are not taken here"));
        }
        if anchor != 0 {
            self.charge(&node, at)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, at: Position, depth: usize) -> Result<Node<'t>, Broken> {
        let place = self.mark(at);
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => break,
                (event, at) => items.push(self.node(event, at, depth + 1)?),
            }
        }
        Ok(Node { place, substituted: false, is_plain: false, content: Content::List(items) })
    }

    fn map(&mut self, at: Position, depth: usize) -> Result<Node<'t>, Broken> {
        let place = self.mark(at);
        let mut entries = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let mut key = self.node(event, at, depth + 1)?;
            match key.content {
                Content::Text(_) => {}
                // Without quotes, `null: x` has a key that is the word.
                Content::Nothing => key.content = Content::Text(Cow::Borrowed("null")),
                _ => return Err(Broken::new(at, "a key must be a text")),
            }
            let (event, at) = self.next()?;
            entries.push(Entry { key, value: self.node(event, at, depth + 1)? });
        }
        self.drop_duplicates(&mut entries);
        Ok(Node { place, substituted: false, is_plain: false, content: Content::Map(entries) })
    }

    fn drop_duplicates(&mut self, entries: &mut Vec<Entry<'t>>) {
        // For each, where the value stands that the same key has above.
        let known: Vec<Option<Place>> = if entries.len() <= SMALL_MAP {
            let before = |at: usize| {
                let (before, entry) = (&entries[..at], &entries[at]);
                before.iter().find(|it| it.key() == entry.key()).map(|it| it.value.place)
            };
            (0..entries.len()).map(before).collect()
        } else {
            let mut seen = HashMap::with_capacity(entries.len());
            let each = entries.iter().map(|entry| match seen.entry(entry.key()) {
                hash_map::Entry::Occupied(first) => Some(*first.get()),
                hash_map::Entry::Vacant(fresh) => {
                    fresh.insert(entry.value.place);
                    None
                }
            });
            each.collect()
        };
        if known.iter().all(Option::is_none) {
            return;
        }
        let mut known = known.into_iter();
        entries.retain(|Entry { key, .. }| {
            let Some(first) = known.next().flatten() else { return true };
            let message = format!("the key {} comes twice", key.described());
            // What is dropped is not in the tree; the path leads to the one that stays.
            self.faults.push(Fault { shown_at: key.place, ..Fault::new(first, message) });
            false
        });
    }

    fn alias(&mut self, anchor: usize, at: Position, depth: usize) -> Result<Node<'t>, Broken> {
        let Some(source) = self.anchors.get(&anchor).cloned() else {
            return Err(Broken::new(at, "an alias within its own anchor"));
        };
        self.charge(&source, at)?;
        self.renumbered(source, depth)
    }

    /// A copy keeps the position of the text it was made from and gets places of its own.
    fn renumbered(&mut self, mut node: Node<'t>, depth: usize) -> Result<Node<'t>, Broken> {
        let at = self.positions[node.place.0 as usize];
        if depth > DEPTH_MAX {
            return Err(Broken::new(at, format!("nested more than {DEPTH_MAX} deep")));
        }
        node.place = self.mark(at);
        node.content = match node.content {
            Content::List(items) => Content::List(
                items
                    .into_iter()
                    .map(|item| self.renumbered(item, depth + 1))
                    .collect::<Result<_, _>>()?,
            ),
            Content::Map(entries) => Content::Map(
                entries
                    .into_iter()
                    .map(|Entry { key, value }| {
                        let key = self.renumbered(key, depth + 1)?;
                        Ok(Entry { key, value: self.renumbered(value, depth + 1)? })
                    })
                    .collect::<Result<_, Broken>>()?,
            ),
            flat => flat,
        };
        Ok(node)
    }

    fn charge(&mut self, node: &Node<'_>, at: Position) -> Result<(), Broken> {
        self.copied_bytes = self.copied_bytes.saturating_add(weight(node));
        if self.copied_bytes > COPIED_BYTES_MAX {
            return Err(Broken::new(at, "anchors and aliases copy too much"));
        }
        Ok(())
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Content<'_> {
    if style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null") {
        return Content::Nothing;
    }
    Content::Text(text)
}

fn weight(node: &Node<'_>) -> usize {
    NODE_BYTES
        + match &node.content {
            Content::Nothing => 0,
            Content::Text(text) => text.len(),
            Content::List(items) => items.iter().map(weight).sum(),
            Content::Map(entries) => {
                entries.iter().map(|entry| weight(&entry.key) + weight(&entry.value)).sum()
            }
        }
}

//! A pattern looked for in a text that is still coming.
//!
//! What the text has is searched as a whole, by the library's quickest means. What may go on at its
//! end is told by an automaton that is put at each place near the end and fed what is there: dead,
//! nothing can come of it; alive, the text is held back from there. So no more is held back than
//! the pattern may still need, and mostly nothing.
//!
//! A match has at most [`MATCH_BYTES_MAX`] bytes: where a pattern would take in more, what counts is
//! what it takes in of so many. That bounds what is held back.

use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};

use regex::Regex;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::Pool;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::{Hir, HirKind, LookSet};

use super::sought::Seen;

/// The longest match; also what is held back at most.
pub const MATCH_BYTES_MAX: usize = 1_024;

/// How far behind a match one may have to look: at one letter.
const LOOK_BYTES: usize = 4;

/// Bytes of memory for the automaton's states as they are met; few are.
const STATES_BYTES_MAX: usize = 256 << 10;

/// Bytes that an automaton is built from at most; the pattern itself is bounded by configuration.
const NFA_BYTES_MAX: usize = 4 << 20;

/// A pattern, and whether what it finds is what was sought.
#[derive(Debug)]
pub(super) struct Pattern {
    name: &'static str,
    regex: Regex,
    /// `None` where none can be built: then so much is held back as may be.
    automaton: Option<Automaton>,
    /// How much of what the pattern found counts; `None` for none of it.
    check: fn(&str) -> Option<usize>,
}

/// A piece of a long text that is searched at a time: what begins in it and is not too long ends in
/// it, too. Else a pattern that begins everywhere and ends far away would have all of the text
/// searched from everywhere.
struct Block<'t> {
    text: &'t str,
    /// What begins before this is found or not, whatever comes.
    certain: usize,
}

/// Bytes of a block; some of each are searched twice.
const BLOCK_BYTES: usize = 4 * (MATCH_BYTES_MAX + LOOK_BYTES);

#[derive(Debug)]
struct Automaton {
    dfa: DFA,
    /// A set of states for each thread that looks.
    caches: Pool<Cache, NewCache>,
}

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

impl Pattern {
    /// Looks for all that a pattern finds.
    pub(super) fn new(regex: Regex) -> Self {
        Self::checked("pattern", regex, |found| Some(found.len()))
    }

    /// Looks for what a pattern finds and a check holds for.
    pub(super) fn checked(
        name: &'static str,
        regex: Regex,
        check: fn(&str) -> Option<usize>,
    ) -> Self {
        let automaton = Automaton::new(regex.as_str());
        Self { name, regex, automaton, check }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn seek(&self, seen: Seen<'_>, found: &mut Vec<Range<usize>>) -> usize {
        let Seen { text, mut from, .. } = seen;
        let mut open = self.open_at(seen);
        while from < text.len() {
            // What was found may reach over a place from which something was in the making.
            if open < from {
                open = self.open_at(Seen { from, ..seen });
            }
            let block = Block::new(text, from, open);
            match self.regex.find_at(block.text, from).filter(|next| next.start() < block.certain) {
                Some(next) => from = self.take(text, next.range(), found),
                None if block.certain < open => from = block.certain,
                // What has been in the making for too long is decided by what there is of it.
                None if text.len() - open >= MATCH_BYTES_MAX + LOOK_BYTES => {
                    from = self.take(text, open..text.len(), found);
                }
                None => return open,
            }
        }
        text.len()
    }

    /// Adds what was found, as far as it counts; where to go on looking.
    fn take(&self, text: &str, next: Range<usize>, found: &mut Vec<Range<usize>>) -> usize {
        let start = next.start;
        let counts = if next.len() > MATCH_BYTES_MAX {
            self.bounded(text, start)
        } else {
            self.checks(text, next)
        };
        match counts.filter(|range| !range.is_empty()) {
            Some(range) => {
                let end = range.end;
                found.push(range);
                end
            }
            None => next_letter(text, start),
        }
    }

    /// What begins at `start` and is not too long.
    fn bounded(&self, text: &str, start: usize) -> Option<Range<usize>> {
        let end = (start + MATCH_BYTES_MAX + LOOK_BYTES).min(text.len());
        let end = floor(text, end);
        let found = self.regex.find_at(&text[..end], start)?;
        let fits = found.start() == start && found.len() <= MATCH_BYTES_MAX;
        if fits { self.checks(text, start..found.end()) } else { None }
    }

    fn checks(&self, text: &str, range: Range<usize>) -> Option<Range<usize>> {
        let length = (self.check)(&text[range.clone()])?;
        Some(range.start..range.start + length)
    }

    /// The first place from which something is in the making at the end of the text.
    fn open_at(&self, seen: Seen<'_>) -> usize {
        let Seen { text, from, is_whole } = seen;
        if is_whole {
            return text.len();
        }
        let near_end = text.len().saturating_sub(MATCH_BYTES_MAX + LOOK_BYTES);
        let from = from.max(floor(text, near_end));
        match &self.automaton {
            Some(automaton) => automaton.open_at(text, from),
            None => from,
        }
    }
}

impl<'t> Block<'t> {
    /// The block of a text from a place on; nothing is certain from `open` on.
    fn new(text: &'t str, from: usize, open: usize) -> Self {
        if text.len() - from <= BLOCK_BYTES {
            return Self { text, certain: open };
        }
        let end = floor(text, from + BLOCK_BYTES);
        let certain = floor(text, end - MATCH_BYTES_MAX - LOOK_BYTES).min(open);
        Self { text: &text[..end], certain }
    }
}

impl Automaton {
    /// Borders of words in Unicode are beyond an automaton that reads bytes. It is told that they
    /// are everywhere and keeps all that may come: it holds back too much at times, never too
    /// little.
    fn new(pattern: &str) -> Option<Self> {
        let mut hir = syntax::parse(pattern).ok()?;
        let has_borders = hir.properties().look_set().contains_word_unicode();
        if has_borders {
            hir = without_borders(hir);
        }
        let kind = if has_borders { MatchKind::All } else { MatchKind::LeftmostFirst };
        let config = Config::new()
            .match_kind(kind)
            .cache_capacity(STATES_BYTES_MAX)
            .skip_cache_capacity_check(true);
        let nfa = thompson::Config::new().nfa_size_limit(Some(NFA_BYTES_MAX));
        let nfa = thompson::Compiler::new().configure(nfa).build_from_hir(&hir).ok()?;
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        let new_cache: NewCache = {
            let dfa = dfa.clone();
            Box::new(move || dfa.create_cache())
        };
        Some(Self { dfa, caches: Pool::new(new_cache) })
    }

    fn open_at(&self, text: &str, from: usize) -> usize {
        let mut cache = self.caches.get();
        let starts = text[from..].char_indices().map(|(offset, _)| from + offset);
        starts
            .into_iter()
            .find(|start| self.is_alive(&mut cache, text, *start))
            .unwrap_or(text.len())
    }

    /// Whether a match that begins at `start` may come to be, or to be longer, by what comes.
    fn is_alive(&self, cache: &mut Cache, text: &str, start: usize) -> bool {
        let input = Input::new(text).span(start..text.len()).anchored(Anchored::Yes);
        let Ok(mut state) = self.dfa.start_state_forward(cache, &input) else { return true };
        for byte in &text.as_bytes()[start..] {
            match self.dfa.next_state(cache, state, *byte) {
                Ok(next) if next.is_dead() => return false,
                Ok(next) if next.is_quit() => return true,
                Ok(next) => state = next,
                Err(_) => return true,
            }
        }
        !state.is_dead()
    }
}

/// The same without borders of words in Unicode.
fn without_borders(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Look(look) if LookSet::singleton(look).contains_word_unicode() => Hir::empty(),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Repetition(mut repetition) => {
            repetition.sub = Box::new(without_borders(*repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Capture(capture) => without_borders(*capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(without_borders).collect()),
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.into_iter().map(without_borders).collect())
        }
    }
}

/// The letter's start at or before a place.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn next_letter(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

//! Words and phrases, whatever their case, and not within longer words.
//!
//! A tree of letters, so that ten thousand of them cost no more than the longest that fits. Case is
//! folded letter by letter as Unicode has it for single letters; white space of any sort is a space.
//! A letter with a mark is the same as one sign and as two (NFC and NFD): both are taken apart.

use std::collections::HashMap;
use std::ops::Range;

use smallvec::SmallVec;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::sought::Seen;

/// A set of words and phrases.
#[derive(Debug)]
pub(super) struct Keywords {
    nodes: Vec<Node>,
    steps: HashMap<(u32, char), u32, foldhash::fast::RandomState>,
    /// Which ASCII letters begin one, so that most places are passed over at a glance.
    begins: [bool; 128],
}

#[derive(Debug, Default)]
struct Node {
    is_end: bool,
    goes_on: bool,
}

/// How far a walk from one place came.
enum Walk {
    /// One ends here.
    Ends(usize),
    /// None begins there.
    Nothing,
    /// More text is needed.
    Open,
}

impl Keywords {
    pub(super) fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let (nodes, steps) = (vec![Node::default()], HashMap::default());
        let mut keywords = Self { nodes, steps, begins: [false; 128] };
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            keywords.insert(word);
        }
        keywords
    }

    fn insert(&mut self, word: &str) {
        let mut at = 0;
        for letter in word.nfd().flat_map(fold) {
            if at == 0 {
                self.note_begin(letter);
            }
            self.nodes[at as usize].goes_on = true;
            let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
            at = *self.steps.entry((at, letter)).or_insert(next);
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        self.nodes[at as usize].is_end = true;
    }

    fn note_begin(&mut self, letter: char) {
        if letter.is_ascii() {
            self.begins[letter as usize] = true;
            self.begins[letter.to_ascii_uppercase() as usize] = true;
        }
        if letter == ' ' {
            for space in ['\t', '\n', '\r', '\u{b}', '\u{c}'] {
                self.begins[space as usize] = true;
            }
        }
    }

    pub(super) fn seek(&self, seen: Seen<'_>, found: &mut Vec<Range<usize>>) -> usize {
        let Seen { text, from, is_whole } = seen;
        let mut before = text[..from].chars().next_back();
        let mut letters = text[from..].chars();
        let mut at = from;
        while let Some(letter) = letters.next() {
            // A word does not begin within one.
            let may_begin = !letter.is_ascii() || self.begins[letter as usize];
            let is_within = is_wordly(letter) && before.is_some_and(is_wordly);
            before = Some(letter);
            let mut end = at + letter.len_utf8();
            if may_begin && !is_within {
                match self.walk(&text[at..], is_whole) {
                    Walk::Ends(length) => {
                        end = at + length;
                        found.push(at..end);
                        before = text[..end].chars().next_back();
                        letters = text[end..].chars();
                    }
                    Walk::Open => return at,
                    Walk::Nothing => {}
                }
            }
            at = end;
        }
        text.len()
    }

    /// The longest one at the start of the text.
    fn walk(&self, text: &str, is_whole: bool) -> Walk {
        let (mut at, mut longest) = (0, Walk::Nothing);
        let mut letters = text.char_indices().peekable();
        while let Some((offset, letter)) = letters.next() {
            let step = |at: u32, folded| self.steps.get(&(at, folded)).copied();
            let Some(next) = fold(letter).try_fold(at, step) else { return longest };
            at = next;
            let node = &self.nodes[at as usize];
            match letters.peek() {
                Some((_, after)) if node.is_end && !(is_wordly(letter) && is_wordly(*after)) => {
                    longest = Walk::Ends(offset + letter.len_utf8());
                }
                None if node.is_end && is_whole => return Walk::Ends(text.len()),
                None if !is_whole && (node.is_end || node.goes_on) => return Walk::Open,
                _ => {}
            }
        }
        longest
    }
}

fn fold(letter: char) -> impl Iterator<Item = char> {
    let letter = if letter.is_whitespace() { ' ' } else { letter };
    let mut parts = SmallVec::<[char; 4]>::new();
    for lower in letter.to_lowercase() {
        decompose_canonical(lower, |part| parts.push(part));
    }
    parts.into_iter()
}

/// A mark belongs to the letter that it stands over.
fn is_wordly(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || (!letter.is_ascii() && is_combining_mark(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<String> {
        let keywords = Keywords::new(words.iter().copied());
        let mut found = Vec::new();
        let seen = Seen { text, from: 0, is_whole: true };
        assert_eq!(keywords.seek(seen, &mut found), text.len());
        found.into_iter().map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn words_are_found_in_any_case_and_not_within_others() {
        let words = ["nightfall", "Projekt Ölwechsel", "c++", "#tag"];
        let text = "Nightfall, nightfalls, a_nightfall; projekt\tÖLWECHSEL! C++11 C++ x#tag";
        let expected = ["Nightfall", "projekt\tÖLWECHSEL", "C++", "C++", "#tag"];
        assert_eq!(found(&words, text), expected);
    }

    #[test]
    fn a_letter_with_a_mark_is_the_same_as_one_sign_and_as_two() {
        let text = "Herr Müller, Herr Mu\u{308}ller, MU\u{308}LLER";
        let expected = ["Müller", "Mu\u{308}ller", "MU\u{308}LLER"];
        assert_eq!(found(&["müller"], text), expected);
        assert_eq!(found(&["mu\u{308}ller"], text), expected);
        assert_eq!(found(&["muller", "mu", "ö"], text), [""; 0]);
        assert_eq!(found(&["ö"], "Ö o\u{308} o"), ["Ö", "o\u{308}"]);
    }

    #[test]
    fn the_longest_of_several_is_found() {
        assert_eq!(found(&["new", "new york", "york city"], "New York City"), ["New York"]);
        assert_eq!(found(&["new", "new york"], "new yorkers"), ["new"]);
    }

    #[test]
    fn what_is_in_the_making_is_left_open_from_where_it_begins() {
        let keywords = Keywords::new(["nightfall", "night watch"]);
        let seek = |text| {
            let mut found = Vec::new();
            let open_at = keywords.seek(Seen { text, from: 0, is_whole: false }, &mut found);
            (open_at, found.first().cloned())
        };
        for (text, open_at) in
            [("at nig", 3), ("at night", 3), ("at nightfall", 3), ("at knig", 7), ("at nixe", 7)]
        {
            assert_eq!(seek(text), (open_at, None), "{text}");
        }
        assert_eq!(seek("at nightfall "), (13, Some(3..12)));
    }
}

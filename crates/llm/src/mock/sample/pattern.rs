//! A text that fits a regular expression: the first branch, the first character of each class,
//! each part as rarely as it may come. What looks around or back is not understood.

use std::iter::Peekable;
use std::str::Chars;

/// How long a text may get.
const LENGTH_MAX: usize = 4_096;
/// How deep groups may lie in each other.
const DEPTH_MAX: usize = 16;
/// Characters to try where a class only says which it is not.
const CANDIDATES: &str = "aA0 _-.x1Z~é";

struct Parser<'p> {
    rest: Peekable<Chars<'p>>,
    repeats: usize,
    depth: usize,
}

/// A text that fits; parts that may come any number of times come `repeats` times more than they
/// must.
pub(super) fn fitting(pattern: &str, repeats: usize) -> Option<String> {
    let mut parser = Parser { rest: pattern.chars().peekable(), repeats, depth: 0 };
    let text = parser.branches()?;
    parser.rest.next().is_none().then_some(text)
}

impl Parser<'_> {
    /// Branches up to the end of the group; the first counts.
    fn branches(&mut self) -> Option<String> {
        self.depth += 1;
        let first = (self.depth <= DEPTH_MAX).then(|| self.sequence())??;
        while self.rest.next_if_eq(&'|').is_some() {
            self.sequence()?;
        }
        self.depth -= 1;
        Some(first)
    }

    fn sequence(&mut self) -> Option<String> {
        let mut text = String::new();
        while let Some(&next) = self.rest.peek() {
            if matches!(next, '|' | ')') {
                break;
            }
            let atom = self.atom()?;
            let times = self.times()?;
            if text.len() + atom.len() * times > LENGTH_MAX {
                return None;
            }
            text.push_str(&atom.repeat(times));
        }
        Some(text)
    }

    fn atom(&mut self) -> Option<String> {
        Some(match self.rest.next()? {
            '^' | '$' => String::new(),
            '.' => "a".to_owned(),
            '(' => self.group()?,
            '[' => self.class()?.to_string(),
            '\\' => self.escape()?,
            character => character.to_string(),
        })
    }

    fn group(&mut self) -> Option<String> {
        if self.rest.next_if_eq(&'?').is_some() {
            match self.rest.next()? {
                ':' => {}
                'P' | '<' => {
                    // A name, or a look back.
                    let mut name = self.rest.by_ref().skip_while(|next| *next == '<');
                    if matches!(name.next()?, '=' | '!') {
                        return None;
                    }
                    self.rest.by_ref().find(|next| *next == '>')?;
                }
                _ => return None,
            }
        }
        let text = self.branches()?;
        self.rest.next_if_eq(&')').map(|_| text)
    }

    /// A class's first character, or one that it does not shut out.
    fn class(&mut self) -> Option<char> {
        let is_shut = self.rest.next_if_eq(&'^').is_some();
        let mut ranges: Vec<(char, char)> = Vec::new();
        loop {
            let first = match self.rest.next()? {
                ']' if !ranges.is_empty() => break,
                '\\' => match self.rest.next()? {
                    'd' => {
                        ranges.push(('0', '9'));
                        continue;
                    }
                    'w' => {
                        ranges.extend([('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]);
                        continue;
                    }
                    's' => ' ',
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'D' | 'W' | 'S' | 'p' | 'P' | 'u' | 'x' => return None,
                    literal => literal,
                },
                literal => literal,
            };
            let mut ahead = self.rest.clone();
            let is_range =
                ahead.next() == Some('-') && ahead.peek().is_some_and(|next| *next != ']');
            if is_range {
                self.rest.next();
                let last = self.rest.next()?;
                let last = if last == '\\' { self.rest.next()? } else { last };
                ranges.push((first, last));
            } else {
                ranges.push((first, first));
            }
        }
        let is_in = |character: char| ranges.iter().any(|(a, z)| (*a..=*z).contains(&character));
        let mut candidates = CANDIDATES.chars();
        if is_shut {
            candidates.find(|one| !is_in(*one))
        } else {
            ranges.first().map(|range| range.0)
        }
    }

    fn escape(&mut self) -> Option<String> {
        Some(match self.rest.next()? {
            'd' => "0".to_owned(),
            'w' | 'D' | 'S' => "a".to_owned(),
            's' | 'W' => " ".to_owned(),
            'b' | 'A' | 'z' | 'Z' => String::new(),
            'n' => "\n".to_owned(),
            't' => "\t".to_owned(),
            'r' => "\r".to_owned(),
            // Back to a group, or a class by its name.
            '1'..='9' | 'k' | 'p' | 'P' | 'u' | 'x' | 'B' => return None,
            literal => literal.to_string(),
        })
    }

    /// How often what came before is to come.
    fn times(&mut self) -> Option<usize> {
        let times = match self.rest.peek() {
            Some('*') => self.repeats,
            Some('+') => 1 + self.repeats,
            Some('?') => 0,
            Some('{') => return self.counted(),
            _ => return Some(1),
        };
        self.rest.next();
        self.rest.next_if(|next| matches!(next, '?' | '+'));
        Some(times)
    }

    fn counted(&mut self) -> Option<usize> {
        self.rest.next();
        let inside: String = self.rest.by_ref().take_while(|next| *next != '}').collect();
        self.rest.next_if(|next| matches!(next, '?' | '+'));
        let (least, most) = inside.split_once(',').unwrap_or((&inside, &inside));
        let least: usize = least.parse().ok()?;
        let most = if most.is_empty() { usize::MAX } else { most.parse().ok()? };
        (least <= LENGTH_MAX).then_some(least.saturating_add(self.repeats).min(most))
    }
}

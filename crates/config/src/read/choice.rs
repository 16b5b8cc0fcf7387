//! Choices: one word of a closed list ([`words!`]), or a map with exactly one of some keys
//! ([`choice!`]). Each is declared once, for reader, schema and reference.

use super::meant::meant_word;
use super::{Reader, Shape, later_message};
use crate::tree::{Content, Entry, Node};

/// Declares an enum whose variants are written as words.
macro_rules! words {
    (
        $(#[doc = $about:literal])*
        $vis:vis enum $name:ident {$(
            $(#[doc = $doc:literal])*
            $variant:ident = $word:literal,
        )+}
        $(later $($later:literal),+ ;)?
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name {$(
            $(#[doc = $doc])*
            $variant,
        )+}

        impl $name {
            /// The word it is written as.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::read::Written for $name {
            type Value = Self;

            fn read(
                node: &$crate::tree::Node<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                match node.text() {
                    $(Some($word) => Some(Self::$variant),)+
                    _ => {
                        reader.refuse_unknown_word(node, &[$($word),+], &[$($($later),+)?]);
                        None
                    }
                }
            }

            fn shape() -> $crate::read::Shape {
                $crate::read::Shape::Words {
                    name: stringify!($name),
                    about: &[$($about),*],
                    words: vec![$($crate::read::OptionShape {
                        key: $word,
                        about: &[$($doc),*],
                        shape: None,
                    }),+],
                }
            }

            fn show(value: &Self) -> Option<serde_json::Value> {
                Some(value.as_str().into())
            }
        }
    };
}
pub(crate) use words;

/// Declares how an enum is written as a map with exactly one key: for each key, how its value is
/// written and what is made of it.
macro_rules! choice {
    (
        $(#[doc = $about:literal])*
        $name:ident {$(
            $(#[doc = $doc:literal])*
            $key:literal: $written:ty => $make:expr,
        )+}
        $(later $($later:literal),+ ;)?
    ) => {
        impl $crate::read::Written for $name {
            type Value = Self;

            fn read(
                node: &$crate::tree::Node<'_>,
                reader: &mut $crate::read::Reader<'_>,
            ) -> Option<Self> {
                let entry =
                    reader.only_key(node, &[$($key),+], &[$($($later),+)?], Self::shape)?;
                match entry.key() {
                    $($key => {
                        let make: fn(<$written as $crate::read::Written>::Value) -> Self = $make;
                        <$written as $crate::read::Written>::read(&entry.value, reader).map(make)
                    })+
                    _ => None,
                }
            }

            fn shape() -> $crate::read::Shape {
                $crate::read::Shape::Choice {
                    name: stringify!($name),
                    about: &[$($about),*],
                    options: vec![$($crate::read::OptionShape {
                        key: $key,
                        about: &[$($doc),*],
                        shape: Some(<$written as $crate::read::Written>::shape()),
                    }),+],
                }
            }
        }
    };
}
pub(crate) use choice;

impl Reader<'_> {
    /// Notes a word that is not in the list, or only in a later version's.
    pub(crate) fn refuse_unknown_word(&mut self, node: &Node<'_>, known: &[&str], later: &[&str]) {
        let Some(word) = node.text() else {
            return self.refuse_type(node, &one_of(known));
        };
        if later.contains(&word) {
            return self.refuse(node.place, later_message(word));
        }
        let message = format!("expected {}, found {}", one_of(known), node.described());
        let suggestion = (!node.substituted)
            .then(|| self.nearest(word, known.iter().copied()).or_else(|| meant_word(word, known)));
        self.refuse_with(node.place, message, suggestion.flatten());
    }

    /// The one entry of a choice; notes what is wrong with it otherwise.
    pub(crate) fn only_key<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
        known: &[&str],
        later: &[&str],
        shape: fn() -> Shape,
    ) -> Option<&'n Entry<'t>> {
        let wanted = || format!("a map with exactly one of {}", listed(known));
        if let Content::Text(word) = &node.content {
            let message = format!("expected {}, found {}", wanted(), node.described());
            let suggestion = shape().takes_nothing(word).then(|| format!("{{ {word}: {{}} }}"));
            self.refuse_with(node.place, message, suggestion);
            return None;
        }
        let mut only = None;
        for entry in node.entries() {
            if known.contains(&entry.key()) {
                only = Some(entry);
            } else if later.contains(&entry.key()) {
                self.refuse_later(entry);
            } else {
                let message = format!("unknown key {}", entry.key.described());
                self.refuse_word(&entry.key, message, known.iter().copied());
            }
        }
        match node.entries().len() {
            1 => return only,
            0 => self.refuse_type(node, &wanted()),
            count => self.refuse(node.place, format!("expected {}, found {count} keys", wanted())),
        }
        None
    }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [word] => format!("`{word}`"),
        words => format!("one of {}", listed(words)),
    }
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

//! Classes of service that have prices of their own, in whoever's words.

use super::Text;
use crate::json::{Cursor, Kind};

/// What a request is paid as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceClass {
    /// As all are of whom nothing else is said.
    Standard,
    /// Later and cheaper.
    Flex,
    /// Sooner and dearer.
    Priority,
    /// Between flex and standard.
    Balanced,
    /// Faster and dearer, in Anthropic's word.
    Fast,
    /// Faster and dearer, in OpenAI's word.
    Ultrafast,
}

impl ServiceClass {
    /// Those that may have prices of their own.
    pub const PRICED: [Self; 5] =
        [Self::Flex, Self::Priority, Self::Balanced, Self::Fast, Self::Ultrafast];

    /// Its name in rows of the catalogue.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Balanced => "balanced",
            Self::Fast => "fast",
            Self::Ultrafast => "ultrafast",
        }
    }

    /// The one that has prices under that name.
    #[must_use]
    pub fn priced(name: &str) -> Option<Self> {
        Self::PRICED.into_iter().find(|class| class.name() == name)
    }

    /// The one that a provider's word stands for; nothing where it says that it is still open.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        // Vertex says which traffic it was.
        let word = word.strip_prefix("on_demand_").unwrap_or(&word);
        match word {
            "" | "auto" => None,
            _ if word.ends_with("unspecified") => None,
            _ => Some(Self::priced(word).unwrap_or(Self::Standard)),
        }
    }

    /// The one that a request asks for: a word, or an object that has it as its `type`.
    #[must_use]
    pub fn asked(json: &str) -> Option<Self> {
        let mut cursor = Cursor::new(json);
        let mut word = Text::default();
        let read = match cursor.kind() {
            Kind::Text => cursor.text().map(|text| word = text),
            Kind::Object => cursor.object(|cursor, name| match (name, cursor.kind()) {
                ("type", Kind::Text) => cursor.text().map(|text| word = text),
                _ => cursor.skip(),
            }),
            _ => return None,
        };
        read.ok().and_then(|()| Self::of_word(&word))
    }
}

#[cfg(test)]
mod tests {
    use super::ServiceClass as Class;

    #[test]
    fn words_of_all_providers_are_known() {
        for (word, class) in [
            ("priority", Some(Class::Priority)),
            ("PRIORITY", Some(Class::Priority)),
            ("ON_DEMAND_PRIORITY", Some(Class::Priority)),
            ("flex", Some(Class::Flex)),
            ("ultrafast", Some(Class::Ultrafast)),
            ("default", Some(Class::Standard)),
            ("standard", Some(Class::Standard)),
            ("on_demand", Some(Class::Standard)),
            ("scale", Some(Class::Standard)),
            ("auto", None),
            ("SERVICE_TIER_UNSPECIFIED", None),
            ("", None),
        ] {
            assert_eq!(Class::of_word(word), class, "{word}");
        }
    }

    #[test]
    fn a_request_asks_by_a_word_or_by_an_object() {
        assert_eq!(Class::asked(r#""flex""#), Some(Class::Flex));
        assert_eq!(Class::asked(r#"{"x":1,"type":"priority"}"#), Some(Class::Priority));
        for nothing in ["null", "7", "{}", r#"{"type":3}"#, r#""auto""#, r#"["flex"]"#, "\"fl"] {
            assert_eq!(Class::asked(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn names_read_back() {
        for class in Class::PRICED {
            assert_eq!(Class::priced(class.name()), Some(class));
        }
        assert_eq!(Class::priced("standard"), None);
    }
}

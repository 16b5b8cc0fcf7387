//! Opaque values in the one field that clients keep and send back, `encrypted_content`: OpenAI's
//! own as they are, those of others with their maker and their sort before them.
//!
//! OpenAI's own are base64, in which no colon can be.

use std::borrow::Cow;

use crate::chat::{Maker, Signature, Text};

/// What an opaque value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Reasoning that only its maker can read.
    Encrypted,
    /// The signature of reasoning.
    Signature,
    /// The signature of the tool call before it.
    Call,
}

const MAKERS: [(Maker, &str); 4] = [
    (Maker::Openai, "openai:"),
    (Maker::Anthropic, "anthropic:"),
    (Maker::Google, "google:"),
    (Maker::Other, "other:"),
];

const SORTS: [(Sort, &str); 3] =
    [(Sort::Encrypted, "encrypted:"), (Sort::Signature, "signature:"), (Sort::Call, "call:")];

/// What came in `encrypted_content`, and whose it is.
pub(super) fn read(value: Text<'_>) -> (Sort, Signature<'_>) {
    let marks = MAKERS.iter().find_map(|(maker, mark)| {
        let rest = value.strip_prefix(mark)?;
        let (sort, _) = SORTS.iter().find(|(_, mark)| rest.starts_with(mark))?;
        Some((*maker, *sort))
    });
    let Some((maker, sort)) = marks else {
        return (Sort::Encrypted, Signature { maker: Maker::Openai, value });
    };
    let [maker_mark, sort_mark] = marks_of(maker, sort);
    let from = maker_mark.len() + sort_mark.len();
    let value = match value {
        Cow::Borrowed(value) => Cow::Borrowed(&value[from..]),
        Cow::Owned(value) => Cow::Owned(value[from..].to_owned()),
    };
    (sort, Signature { maker, value })
}

/// The text to put into `encrypted_content`.
pub(super) fn write<'a>(sort: Sort, signature: &Signature<'a>) -> Text<'a> {
    if (sort, signature.maker) == (Sort::Encrypted, Maker::Openai) {
        return signature.value.clone();
    }
    let [maker, sort] = marks_of(signature.maker, sort);
    Cow::Owned([maker, sort, &signature.value].concat())
}

fn marks_of(maker: Maker, sort: Sort) -> [&'static str; 2] {
    let maker = MAKERS.iter().find(|(one, _)| *one == maker).map_or("", |(_, mark)| mark);
    let sort = SORTS.iter().find(|(one, _)| *one == sort).map_or("", |(_, mark)| mark);
    [maker, sort]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_and_sorts_come_back() {
        for (maker, _) in MAKERS {
            for (sort, _) in SORTS {
                let signature = Signature { maker, value: "c2ln".into() };
                assert_eq!(read(write(sort, &signature)), (sort, signature));
            }
        }
        let own = Signature { maker: Maker::Openai, value: "gAAAA".into() };
        assert_eq!(write(Sort::Encrypted, &own), "gAAAA");
    }
}

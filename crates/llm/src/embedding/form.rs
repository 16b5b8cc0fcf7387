//! The form in the middle: what all say who ask for vectors, and who answer.

use super::EmbedField;
use crate::chat::{Json, Source, Text, Usage};
use crate::field::FieldSet;

/// A request for vectors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbedRequest<'a> {
    /// The model asked for, wherever the wire puts it; empty where it is not said.
    pub model: Text<'a>,
    /// What is to become vectors.
    pub inputs: Vec<EmbedInput<'a>>,
    /// What the vectors are for.
    pub purpose: Option<Purpose>,
    /// How many numbers a vector has.
    pub dimensions: Option<u64>,
    /// How the numbers are wanted; nothing: as a list of numbers.
    pub encodings: Vec<Encoding>,
    /// What becomes of an input that is too long.
    pub truncate: Option<Truncate>,
    /// Whether vectors have length 1.
    pub is_normalized: Option<bool>,
    /// Tokens of an input at most.
    pub tokens_max: Option<u64>,
    /// How urgent it is; 0 is most.
    pub priority: Option<u64>,
    /// Who the end user is, opaque.
    pub user: Option<Text<'a>>,
}

/// What becomes one vector.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbedInput<'a> {
    /// Its parts, mostly one.
    pub parts: Vec<EmbedPart<'a>>,
    /// What it is called.
    pub title: Option<Text<'a>>,
}

/// A part of an input.
#[derive(Debug, Clone, PartialEq)]
pub enum EmbedPart<'a> {
    /// Text.
    Text(Text<'a>),
    /// Text as numbers of tokens, an array.
    Tokens(Json<'a>),
    /// An image.
    Image(Source<'a>),
}

/// What vectors are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To search with.
    Query,
    /// To be searched for.
    Document,
    /// To be sorted into classes.
    Classification,
    /// To be grouped.
    Clustering,
    /// To be compared.
    Similarity,
    /// To search answers with.
    Question,
    /// To search proof with.
    FactCheck,
    /// To search source code with.
    CodeQuery,
}

/// How the numbers of a vector are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// A list of numbers.
    Float,
    /// Base64 of 32-bit floats, the low byte first.
    Base64,
    /// A list of numbers from -128 to 127.
    Int8,
    /// A list of numbers from 0 to 255.
    Uint8,
    /// Eight bits in each of a list of numbers from -128 to 127.
    Binary,
    /// Eight bits in each of a list of numbers from 0 to 255.
    Ubinary,
    /// A list of noughts and ones.
    Bits,
}

/// What becomes of an input that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truncate {
    /// It is refused.
    None,
    /// Its start is cut off.
    Start,
    /// Its end is cut off.
    End,
}

/// A reply with vectors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbedReply<'a> {
    /// Its id at the provider.
    pub id: Option<Text<'a>>,
    /// The model that answered.
    pub model: Option<Text<'a>>,
    /// The vectors, in the order of the inputs.
    pub vectors: Vec<Vector<'a>>,
    /// What was used; none where the provider does not say.
    pub usage: Option<Usage>,
}

/// One vector, in each encoding in which it is given: an array or, of base64, a string.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vector<'a> {
    /// Encoding and value.
    pub values: Vec<(Encoding, Json<'a>)>,
}

impl<'a> EmbedInput<'a> {
    /// An input of one text.
    #[must_use]
    pub fn text(text: Text<'a>) -> Self {
        EmbedPart::Text(text).into()
    }

    /// The text, where it is nothing but one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [EmbedPart::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Its texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            EmbedPart::Text(text) => Some(text.as_ref()),
            EmbedPart::Tokens(_) | EmbedPart::Image(_) => None,
        })
    }
}

impl<'a> From<EmbedPart<'a>> for EmbedInput<'a> {
    fn from(part: EmbedPart<'a>) -> Self {
        Self { parts: vec![part], title: None }
    }
}

impl<'a> Vector<'a> {
    /// A vector given in one encoding.
    #[must_use]
    pub fn one(encoding: Encoding, value: Json<'a>) -> Self {
        Self { values: vec![(encoding, value)] }
    }

    /// Its value in an encoding.
    #[must_use]
    pub fn get(&self, encoding: Encoding) -> Option<&Json<'a>> {
        self.values.iter().find(|(one, _)| *one == encoding).map(|(_, value)| value)
    }
}

impl<'a> EmbedReply<'a> {
    /// Takes over the vectors of the reply to the inputs that come next.
    pub fn join(&mut self, next: Self) {
        let Self { id, model, vectors, usage } = next;
        self.id = self.id.take().or(id);
        self.model = self.model.take().or(model);
        self.vectors.extend(vectors);
        self.usage = match (self.usage, usage) {
            (Some(mut sum), Some(usage)) => {
                sum.input = sum.input.saturating_add(usage.input);
                sum.input_image = sum.input_image.saturating_add(usage.input_image);
                Some(sum)
            }
            (sum, usage) => sum.or(usage),
        };
    }
}

impl EmbedRequest<'_> {
    /// The fields that it uses.
    #[must_use]
    pub fn fields(&self) -> FieldSet<EmbedField> {
        let Self {
            model: _,
            inputs,
            purpose,
            dimensions,
            encodings,
            truncate,
            is_normalized,
            tokens_max,
            priority,
            user,
        } = self;
        let mut fields = FieldSet::default();
        for input in inputs {
            fields.add_if(EmbedField::Parts, input.parts.len() > 1);
            fields.add_if(EmbedField::Title, input.title.is_some());
            for part in &input.parts {
                fields.add(match part {
                    EmbedPart::Text(_) => EmbedField::Text,
                    EmbedPart::Tokens(_) => EmbedField::Tokens,
                    EmbedPart::Image(Source::Bytes { .. }) => EmbedField::ImageBytes,
                    EmbedPart::Image(_) => EmbedField::ImageUrl,
                });
            }
        }
        if let Some(purpose) = purpose {
            fields.add(match purpose {
                Purpose::Query | Purpose::Document => EmbedField::PurposeSearch,
                Purpose::Classification | Purpose::Clustering => EmbedField::PurposeSort,
                Purpose::Similarity => EmbedField::PurposeCompare,
                Purpose::Question | Purpose::FactCheck | Purpose::CodeQuery => {
                    EmbedField::PurposeAsk
                }
            });
        }
        for encoding in encodings {
            fields.add(match encoding {
                Encoding::Float => EmbedField::Floats,
                Encoding::Base64 => EmbedField::Base64,
                Encoding::Int8 | Encoding::Uint8 | Encoding::Binary | Encoding::Ubinary => {
                    EmbedField::SmallNumbers
                }
                Encoding::Bits => EmbedField::Bits,
            });
        }
        fields.add_if(EmbedField::EncodingsMany, encodings.len() > 1);
        fields.add_if(EmbedField::Dimensions, dimensions.is_some());
        fields.add_if(EmbedField::TruncateNone, *truncate == Some(Truncate::None));
        fields.add_if(EmbedField::TruncateStart, *truncate == Some(Truncate::Start));
        fields.add_if(EmbedField::TruncateEnd, *truncate == Some(Truncate::End));
        fields.add_if(EmbedField::Normalized, is_normalized.is_some());
        fields.add_if(EmbedField::TokensMax, tokens_max.is_some());
        fields.add_if(EmbedField::Priority, priority.is_some());
        fields.add_if(EmbedField::User, user.is_some());
        fields
    }
}

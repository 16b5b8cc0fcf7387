//! What each wire makes of each field of a request for vectors.

use super::Wire;
use crate::field::{Say, listed};

listed! {
/// What a request for vectors may say. Names are those of the most usual wire's fields, which several
/// of these may be values of.
pub enum EmbedField {
    Text "input" "Text"
    Tokens "input_tokens" "Text as numbers of tokens"
    ImageBytes "images" "Image as bytes"
    ImageUrl "image_url" "Image by link"
    Parts "inputs" "One vector of several parts"
    Title "title" "Title of a text"
    PurposeSearch "input_type" "For search"
    PurposeSort "input_type" "For sorting and grouping"
    PurposeCompare "input_type" "For comparing"
    PurposeAsk "input_type" "For questions, proof and source code"
    Dimensions "dimensions" "Numbers of a vector"
    Floats "embedding_types" "Vectors as lists of numbers"
    Base64 "embedding_types" "Vectors as base64 of floats"
    SmallNumbers "embedding_types" "Vectors of small whole numbers"
    Bits "embedding_types" "Vectors of noughts and ones"
    EncodingsMany "embedding_types" "The same vector in several encodings"
    TruncateNone "truncate" "Inputs that are too long are refused"
    TruncateStart "truncate" "Inputs that are too long lose their start"
    TruncateEnd "truncate" "Inputs that are too long lose their end"
    Normalized "normalize" "Vectors of length 1, or not"
    TokensMax "max_tokens" "Tokens of an input at most"
    Priority "priority" "How urgent it is"
    User "user" "Who the end user is"
}
}

use EmbedField::{
    Base64, Bits, Dimensions, EncodingsMany, Floats, ImageBytes, ImageUrl, Normalized, Parts,
    Priority, PurposeAsk, PurposeCompare, PurposeSearch, PurposeSort, SmallNumbers, Text, Title,
    Tokens, TokensMax, TruncateEnd, TruncateNone, TruncateStart, User,
};
use Say::{Carried, Dropped, Near, Refused};

impl Wire {
    /// What it makes of a field.
    #[must_use]
    pub fn says(self, field: EmbedField) -> Say {
        match (field, self) {
            // Either is made of the other one.
            (Text | Floats | Base64, _) => Carried,
            _ => match self {
                Self::Openai => openai(field),
                Self::Gemini | Self::GeminiBatch => gemini(field),
                Self::Predict => predict(field),
                Self::Cohere | Self::BedrockCohere => cohere(field),
                Self::CohereV1 => cohere_v1(field),
                Self::Titan => titan(field),
            },
        }
    }
}

const NUMBERS: Say = Refused("its vectors have no such encoding");
const TEXT: Say = Refused("it takes text alone");
const WORDS: Say = Refused("it takes text, and no numbers of tokens");
const SINGLE: Say = Refused("it makes a vector of one text");
const ONE_USE: Say = Dropped("its vectors are the same for all uses");
const LONG: Say = Dropped("it treats long inputs in its own way");
const ANYWAY: Say = Near("it refuses them anyway");
const NO_PLACE: Say = Dropped("there is no field for it");

fn openai(field: EmbedField) -> Say {
    match field {
        Text | Tokens | Dimensions | Floats | Base64 | User => Carried,
        TruncateNone => ANYWAY,
        ImageBytes | ImageUrl => TEXT,
        Parts => SINGLE,
        PurposeSearch | PurposeSort | PurposeCompare | PurposeAsk => ONE_USE,
        SmallNumbers | Bits => NUMBERS,
        EncodingsMany => Carried,
        TruncateStart | TruncateEnd => LONG,
        Title | Normalized | TokensMax | Priority => NO_PLACE,
    }
}

fn gemini(field: EmbedField) -> Say {
    match field {
        Text | Floats | Base64 | ImageBytes | ImageUrl | Parts | Title | Dimensions => Carried,
        PurposeSearch | PurposeSort | PurposeCompare | PurposeAsk => Carried,
        Tokens => WORDS,
        SmallNumbers | Bits => NUMBERS,
        EncodingsMany => Carried,
        TruncateNone | TruncateStart | TruncateEnd => LONG,
        Normalized | TokensMax | Priority | User => NO_PLACE,
    }
}

fn predict(field: EmbedField) -> Say {
    match field {
        Text | Floats | Base64 | Title | Dimensions | TruncateNone | TruncateEnd => Carried,
        PurposeSearch | PurposeSort | PurposeCompare | PurposeAsk => Carried,
        ImageBytes | ImageUrl => TEXT,
        Parts => SINGLE,
        Tokens => WORDS,
        SmallNumbers | Bits => NUMBERS,
        EncodingsMany => Carried,
        TruncateStart => LONG,
        Normalized | TokensMax | Priority | User => NO_PLACE,
    }
}

fn cohere(field: EmbedField) -> Say {
    match field {
        Text | Floats | Base64 | ImageBytes | ImageUrl | Parts | Dimensions => Carried,
        PurposeSearch | PurposeSort | SmallNumbers | EncodingsMany => Carried,
        TruncateNone | TruncateStart | TruncateEnd | TokensMax | Priority => Carried,
        PurposeCompare => Near("as `clustering`"),
        PurposeAsk => Near("as `search_query`"),
        Tokens => WORDS,
        Bits => NUMBERS,
        Title | Normalized | User => NO_PLACE,
    }
}

fn cohere_v1(field: EmbedField) -> Say {
    match field {
        Dimensions => Refused("version 1 has no dimensions"),
        ImageUrl => TEXT,
        Parts => SINGLE,
        TokensMax | Priority => NO_PLACE,
        _ => cohere(field),
    }
}

fn titan(field: EmbedField) -> Say {
    match field {
        Text | Floats | Base64 | ImageBytes | Dimensions | Bits | EncodingsMany | Normalized => {
            Carried
        }
        ImageUrl => Refused("it takes images as bytes"),
        Parts => SINGLE,
        Tokens => WORDS,
        SmallNumbers => NUMBERS,
        PurposeSearch | PurposeSort | PurposeCompare | PurposeAsk => ONE_USE,
        TruncateNone => ANYWAY,
        TruncateStart | TruncateEnd => LONG,
        Title | TokensMax | Priority | User => NO_PLACE,
    }
}

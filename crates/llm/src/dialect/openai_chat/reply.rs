//! Whole replies of OpenAI Chat.
//!
//! What streams share with them (citations, log probabilities, media) is here, too.

mod annotations;
mod logprobs;
mod media;
pub(super) mod parts;
mod read;
pub(super) mod sources;
mod wav;
mod write;

pub(super) use annotations::{
    read as read_annotations, write as write_annotations, write_one as write_annotation,
};
pub(super) use logprobs::{read as read_logprobs, write as write_logprobs};
pub(super) use media::{Audio, read_audio, read_images, write_image};
pub(in crate::dialect) use read::read;
pub(in crate::dialect) use write::write;

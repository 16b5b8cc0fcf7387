//! Vectors for texts: always the same for the same text, and near to each other where texts share
//! words, so that a search over them finds something.

use super::draw::{Draw, of_text};

/// How many dimensions a vector has where no number is asked for.
pub const EMBED_DIMENSIONS: usize = 1_536;

/// In how many dimensions a word shows.
const WORD_DIMENSIONS: usize = 8;
/// How much a dimension has that no word shows in: texts with the same words in another order
/// differ by it.
const GROUND: f64 = 0.01;

/// The vector of a text, of length 1; empty for no dimensions.
#[must_use]
pub fn embed(text: &str, dimensions: usize) -> Vec<f32> {
    let mut ground = Draw::new(of_text(text));
    let mut vector: Vec<f64> =
        (0..dimensions).map(|_| (ground.fraction() - 0.5) * GROUND).collect();
    let words = text.split(|character: char| !character.is_alphanumeric());
    for word in words.filter(|word| !word.is_empty() && dimensions > 0) {
        let mut places = Draw::new(of_text(&word.to_lowercase()));
        for _ in 0..WORD_DIMENSIONS {
            let place = (places.fraction() * dimensions as f64) as usize;
            vector[place.min(dimensions - 1)] += places.fraction() - 0.5;
        }
    }
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    vector.into_iter().map(|value| (value / length) as f32).collect()
}

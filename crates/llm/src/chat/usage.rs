//! What a request used, in classes that do not overlap: each token is in exactly one, so that a
//! price times a count summed over the classes is the cost.
//!
//! Dialects differ in what their totals include; readers take apart, writers add up.

use super::ServiceClass;

/// Tokens by class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt, neither from nor to a cache, text.
    pub input: u64,
    /// Prompt that came from the provider's cache.
    pub cache_read: u64,
    /// Prompt that went to the cache for five minutes or an unnamed time.
    pub cache_write: u64,
    /// Prompt that went to the cache for an hour.
    pub cache_write_1h: u64,
    /// Prompt that was sound.
    pub input_audio: u64,
    /// Prompt that was images, where the provider counts them apart.
    pub input_image: u64,
    /// Answer, text and arguments of tools.
    pub output: u64,
    /// Reasoning.
    pub reasoning: u64,
    /// Answer that was sound.
    pub output_audio: u64,
    /// Answer that was images.
    pub output_image: u64,
    /// What the provider charges as input, where it says another number than it used (Cohere).
    pub billed_input: Option<u64>,
    /// What the provider charges as output, where it says another number than it used.
    pub billed_output: Option<u64>,
    /// How much of [`Self::cache_read`] was sound, which may have a price of its own there.
    pub cache_read_audio: u64,
    /// Searches of the web that the provider ran for it.
    pub searches: u64,
    /// The class of service that it was, where the provider says it, else the one asked for.
    pub service: Option<ServiceClass>,
    /// What it cost by the provider's own word, in nano-USD, rounded up.
    pub told_nano_usd: Option<u64>,
}

/// A class of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenClass {
    /// [`Usage::input`]
    Input,
    /// [`Usage::cache_read`]
    CacheRead,
    /// [`Usage::cache_write`]
    CacheWrite,
    /// [`Usage::cache_write_1h`]
    CacheWrite1h,
    /// [`Usage::input_audio`]
    InputAudio,
    /// [`Usage::input_image`]
    InputImage,
    /// [`Usage::output`]
    Output,
    /// [`Usage::reasoning`]
    Reasoning,
    /// [`Usage::output_audio`]
    OutputAudio,
    /// [`Usage::output_image`]
    OutputImage,
}

impl TokenClass {
    /// All classes, in the order of [`Usage::by_class`].
    pub const ALL: [Self; 10] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::InputAudio,
        Self::InputImage,
        Self::Output,
        Self::Reasoning,
        Self::OutputAudio,
        Self::OutputImage,
    ];

    /// Its name in metrics, logs and price tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite => "cache_write",
            Self::CacheWrite1h => "cache_write_1h",
            Self::InputAudio => "input_audio",
            Self::InputImage => "input_image",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::OutputAudio => "output_audio",
            Self::OutputImage => "output_image",
        }
    }
}

impl Usage {
    /// The counts, in the order of [`TokenClass::ALL`].
    #[must_use]
    pub fn by_class(&self) -> [u64; 10] {
        [
            self.input,
            self.cache_read,
            self.cache_write,
            self.cache_write_1h,
            self.input_audio,
            self.input_image,
            self.output,
            self.reasoning,
            self.output_audio,
            self.output_image,
        ]
    }

    /// What of the prompt was sound that came from the cache.
    #[must_use]
    pub fn sound_from_cache(&self) -> u64 {
        self.cache_read_audio.min(self.cache_read)
    }

    /// The whole prompt.
    #[must_use]
    pub fn input_total(&self) -> u64 {
        self.by_class()[..6].iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The whole answer, reasoning included.
    #[must_use]
    pub fn output_total(&self) -> u64 {
        self.by_class()[6..].iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Prompt and answer.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input_total().saturating_add(self.output_total())
    }

    /// Adds what another exchange used.
    pub fn add(&mut self, other: &Self) {
        // Who says no other number is charged for what was used.
        let billed = |one: Option<u64>, total: u64| one.unwrap_or(total);
        let both = |ours: Option<u64>, (our, theirs): (u64, Option<u64>), their: u64| {
            (ours.is_some() || theirs.is_some())
                .then(|| billed(ours, our).saturating_add(billed(theirs, their)))
        };
        let (input, output) = (self.input_total(), self.output_total());
        let billed_input =
            both(self.billed_input, (input, other.billed_input), other.input_total());
        let billed_output =
            both(self.billed_output, (output, other.billed_output), other.output_total());
        let sum = |ours: u64, theirs: u64| ours.saturating_add(theirs);
        *self = Self {
            input: sum(self.input, other.input),
            cache_read: sum(self.cache_read, other.cache_read),
            cache_write: sum(self.cache_write, other.cache_write),
            cache_write_1h: sum(self.cache_write_1h, other.cache_write_1h),
            input_audio: sum(self.input_audio, other.input_audio),
            input_image: sum(self.input_image, other.input_image),
            output: sum(self.output, other.output),
            reasoning: sum(self.reasoning, other.reasoning),
            output_audio: sum(self.output_audio, other.output_audio),
            output_image: sum(self.output_image, other.output_image),
            billed_input,
            billed_output,
            cache_read_audio: sum(self.cache_read_audio, other.cache_read_audio),
            searches: sum(self.searches, other.searches),
            service: self.service.or(other.service),
            told_nano_usd: match (self.told_nano_usd, other.told_nano_usd) {
                (Some(ours), Some(theirs)) => Some(sum(ours, theirs)),
                (ours, theirs) => ours.or(theirs),
            },
        };
    }

    /// The same of an answer that tells so many searches of the web beside it.
    #[must_use]
    pub fn searching(self, searches: u64) -> Self {
        Self { searches: self.searches.max(searches), ..self }
    }

    /// Takes over what a later report of the same stream says. Reports are running totals, so each
    /// count is the larger of the two.
    pub fn merge(&mut self, later: &Self) {
        let (earlier, mut merged) = (*self, *later);
        // A first report has all of a side in one class, the last one takes the others out of it.
        if later.input_total() < earlier.input_total() {
            merged.input = earlier.input;
            merged.cache_read = earlier.cache_read.max(later.cache_read);
            merged.cache_read_audio = earlier.cache_read_audio.max(later.cache_read_audio);
            merged.cache_write = earlier.cache_write.max(later.cache_write);
            merged.cache_write_1h = earlier.cache_write_1h.max(later.cache_write_1h);
            merged.input_audio = earlier.input_audio.max(later.input_audio);
            merged.input_image = earlier.input_image.max(later.input_image);
        }
        if later.output_total() < earlier.output_total() {
            merged.output = earlier.output;
            merged.reasoning = earlier.reasoning;
            merged.output_audio = earlier.output_audio.max(later.output_audio);
            merged.output_image = earlier.output_image.max(later.output_image);
        }
        merged.searches = earlier.searches.max(later.searches);
        merged.billed_input = later.billed_input.or(earlier.billed_input);
        merged.billed_output = later.billed_output.or(earlier.billed_output);
        merged.service = later.service.or(earlier.service);
        merged.told_nano_usd = later.told_nano_usd.or(earlier.told_nano_usd);
        *self = merged;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_used_is_added_up_in_every_class() {
        let one = Usage {
            input: 1,
            cache_read: 2,
            cache_write: 3,
            cache_write_1h: 4,
            input_audio: 5,
            input_image: 6,
            output: 7,
            reasoning: 8,
            output_audio: 9,
            output_image: 10,
            billed_input: None,
            billed_output: Some(5),
            cache_read_audio: 0,
            searches: 11,
            service: None,
            told_nano_usd: Some(7),
        };
        let mut sum = one;
        sum.add(&one);
        assert_eq!(sum.by_class(), one.by_class().map(|count| 2 * count));
        assert_eq!((sum.billed_input, sum.billed_output), (None, Some(10)));
        assert_eq!((sum.searches, sum.told_nano_usd), (22, Some(14)));
        sum.add(&Usage { output: u64::MAX, ..Usage::default() });
        assert_eq!((sum.output, sum.billed_output), (u64::MAX, Some(u64::MAX)));
    }
}

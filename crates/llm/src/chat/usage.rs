//! What a request used, in classes that do not overlap: each token is in exactly one, so that a
//! price times a count summed over the classes is the cost.
//!
//! Dialects differ in what their totals include; readers take apart, writers add up.

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

    /// Takes over what a later report of the same stream says. Reports are running totals, so each
    /// count is the larger of the two.
    pub fn merge(&mut self, later: &Self) {
        let (earlier, mut merged) = (*self, *later);
        // A first report has all of a side in one class, the last one takes the others out of it.
        if later.input_total() < earlier.input_total() {
            merged.input = earlier.input;
            merged.cache_read = earlier.cache_read.max(later.cache_read);
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
        merged.billed_input = later.billed_input.or(earlier.billed_input);
        merged.billed_output = later.billed_output.or(earlier.billed_output);
        *self = merged;
    }
}

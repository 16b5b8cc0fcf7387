//! What a model is for, what it can do, and what beside tokens it is charged by: closed lists.

use super::listed::listed;

listed! {
    /// What a model is for.
    ModelKind {
        Chat "chat" "Chat."
        Responses "responses" "Chat by OpenAI Responses alone."
        Completion "completion" "Legacy completions."
        Embedding "embedding" "Embeddings."
        Rerank "rerank" "Ranking of documents."
        Moderation "moderation" "Moderation."
        Transcription "transcription" "Text from sound."
        Speech "speech" "Sound from text."
        Image "image" "Images from text."
        ImageEdit "image_edit" "Images from images."
        Realtime "realtime" "Talk over a WebSocket."
        Video "video" "Video from text."
    }
}

listed! {
    /// Something that not every model can do.
    Ability {
        Tools "tools" "Calls tools."
        ToolChoice "tool_choice" "Can be told which tool to call."
        ParallelTools "parallel_tools" "Calls several tools at once."
        Schema "schema" "Answers in JSON of a schema."
        Images "images" "Takes images."
        Documents "documents" "Takes documents."
        Audio "audio" "Takes sound."
        Video "video" "Takes video."
        ImagesOut "images_out" "Answers with images."
        AudioOut "audio_out" "Answers with sound."
        Reasoning "reasoning" "Reasons before it answers."
        Adaptive "adaptive" "Chooses by itself how long it reasons."
        Caching "caching" "Its provider caches prompts."
        System "system" "Takes system text."
        Prefill "prefill" "Goes on with the beginning of an answer."
        WebSearch "web_search" "Searches the web at its provider."
        Computer "computer" "Uses a computer by its screen."
        Responses "responses" "Is to be had by OpenAI Responses, too."
    }
}

listed! {
    /// What beside tokens a model is charged by.
    Unit {
        ImageIn "image_in" "An image of the prompt."
        ImageOut "image_out" "An image of the answer."
        PixelIn "pixel_in" "A pixel of the prompt."
        PixelOut "pixel_out" "A pixel of the answer."
        SecondIn "second_in" "A second of the prompt's sound or video."
        SecondOut "second_out" "A second of the answer's sound or video."
        CharacterIn "character_in" "A character of the prompt."
        CharacterOut "character_out" "A character of the answer."
        Search "search" "A search of the web that the provider ran."
        Searched "searched" "A request for which the provider searched the web, however often."
    }
}

/// What a model can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abilities(u32);

impl Abilities {
    /// Adds one.
    pub fn insert(&mut self, ability: Ability) {
        self.0 |= 1 << ability as u32;
    }

    /// Whether it is among them.
    #[must_use]
    pub fn has(self, ability: Ability) -> bool {
        self.0 & (1 << ability as u32) != 0
    }

    /// Takes one away.
    pub fn remove(&mut self, ability: Ability) {
        self.0 &= !(1 << ability as u32);
    }

    /// A bit for each of them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// All of them, in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = Ability> {
        Ability::ALL.iter().copied().filter(move |ability| self.has(*ability))
    }
}

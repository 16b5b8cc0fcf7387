//! What was used, in money: which of the prices of a model count, and what they come to.

use super::Used;
use crate::catalog::{Model, Unit};
use crate::chat::Usage;
use crate::cost::{Femtos, nano_usd};

/// What something costs, in femto-USD, side by side: what is put in is known before, what comes out
/// is what was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Charge {
    /// Of the prompt.
    pub input: u128,
    /// Of the answer.
    pub output: u128,
}

impl Used {
    /// What it costs with a model, in nano-USD, rounded up once; nothing for what nobody knows the
    /// price of.
    #[must_use]
    pub fn cost_nano_usd(&self, model: &Model) -> u64 {
        let tokens = self.tokens.unwrap_or_default();
        let mut sum = 0u128;
        if let Some(prices) = &model.prices {
            sum = prices.tokens_femto_usd(&tokens);
            let requests = self.requests.unwrap_or(1);
            sum = sum.saturating_add(u128::from(prices.request.0) * u128::from(requests));
        }
        let Charge { input, output } = self.beside_tokens(model);
        nano_usd(sum.saturating_add(input).saturating_add(output))
    }

    /// What of it costs beside its tokens and the price of a request.
    ///
    /// Sound is charged by the second only where its tokens are not, and images by the pixel only
    /// where they have no price as such, nor their tokens one that was paid.
    #[must_use]
    pub fn beside_tokens(&self, model: &Model) -> Charge {
        let paid = self.paid_by_tokens(model);
        let has = |unit| model.units.iter().any(|(one, _)| *one == unit);
        let mut charge = Charge::default();
        for (unit, Femtos(price)) in &model.units {
            let is_charged = match unit {
                Unit::SecondIn => paid.input == 0,
                Unit::SecondOut | Unit::ImageOut => paid.output == 0,
                Unit::PixelOut => paid.output == 0 && !has(Unit::ImageOut),
                Unit::PixelIn => !has(Unit::ImageIn),
                Unit::ImageIn | Unit::CharacterIn | Unit::CharacterOut => true,
                Unit::Search | Unit::Searched => true,
            };
            if !is_charged {
                continue;
            }
            let cost = u128::from(*price) * u128::from(self.count(*unit));
            let side = match unit {
                Unit::ImageIn | Unit::PixelIn | Unit::SecondIn | Unit::CharacterIn => {
                    &mut charge.input
                }
                Unit::ImageOut
                | Unit::PixelOut
                | Unit::SecondOut
                | Unit::CharacterOut
                | Unit::Search
                | Unit::Searched => &mut charge.output,
            };
            *side = side.saturating_add(cost);
        }
        charge
    }

    /// What its tokens cost.
    fn paid_by_tokens(&self, model: &Model) -> Charge {
        let (Some(prices), Some(tokens)) = (&model.prices, &self.tokens) else {
            return Charge::default();
        };
        let input = Usage {
            output: 0,
            reasoning: 0,
            output_audio: 0,
            output_image: 0,
            billed_output: None,
            ..*tokens
        };
        let input = prices.tokens_femto_usd(&input);
        Charge { input, output: prices.tokens_femto_usd(tokens).saturating_sub(input) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(words: &str) -> Model {
        Model::read("house/model", words).expect("the row is sound")
    }

    fn used(tokens: Option<Usage>, units: &[(Unit, u64)]) -> Used {
        Used { tokens, units: units.to_vec(), requests: None }
    }

    #[test]
    fn units_and_tokens_are_summed_before_they_are_rounded() {
        let model = model("image - - - input=5 image_out=0.0000000004 request=0.002");
        let mut used = Used::from(Some(Usage { input: 3, ..Usage::default() }));
        used.add(Unit::ImageOut, 2);
        // 15,000 for tokens, 0.8 for images, 2,000,000 for the request.
        assert_eq!(used.cost_nano_usd(&model), 2_015_001);
        used.add(Unit::SecondIn, 100);
        assert_eq!(used.cost_nano_usd(&model), 2_015_001);
    }

    #[test]
    fn a_ranking_of_many_documents_costs_many_searches() {
        let model = model("rerank - - - request=0.002");
        let used = Used { requests: Some(3), ..Used::default() };
        assert_eq!(used.cost_nano_usd(&model), 6_000_000);
        assert_eq!(Used::default().cost_nano_usd(&model), 2_000_000);
    }

    #[test]
    fn sound_is_charged_by_the_second_or_by_its_tokens_and_never_by_both() {
        let transcription = model("transcription - - - input=1 output=5 second_in=0.0001");
        let seconds = [(Unit::SecondIn, 60)];
        assert_eq!(used(None, &seconds).cost_nano_usd(&transcription), 6_000_000);
        let tokens = Usage { input_audio: 600, output: 100, ..Usage::default() };
        let told = used(Some(tokens), &seconds);
        assert_eq!(told.cost_nano_usd(&transcription), 600_000 + 500_000);
        let speech = model("speech - - - input=1 output=10 output_audio=12 second_out=0.0003");
        let words = Usage { input: 10, ..Usage::default() };
        let said = used(Some(words), &[(Unit::SecondOut, 2)]);
        assert_eq!(said.cost_nano_usd(&speech), 10_000 + 600_000);
        let told = Usage { output_audio: 100, ..words };
        let said = used(Some(told), &[(Unit::SecondOut, 2)]);
        assert_eq!(said.cost_nano_usd(&speech), 10_000 + 1_200_000);
    }

    #[test]
    fn an_image_is_charged_as_one_by_its_pixels_or_by_its_tokens() {
        let counts = [(Unit::ImageOut, 1), (Unit::PixelOut, 1_000)];
        let both = model("image - - - image_out=0.1 pixel_out=0.0001");
        assert_eq!(used(None, &counts).cost_nano_usd(&both), 100_000_000);
        let pixels = model("image - - - pixel_out=0.0001");
        assert_eq!(used(None, &counts).cost_nano_usd(&pixels), 100_000_000);
        let tokens = model("image - - - input=5 output_image=40 image_out=0.1");
        let told = Usage { input: 10, output_image: 100, ..Usage::default() };
        assert_eq!(used(Some(told), &counts).cost_nano_usd(&tokens), 50_000 + 4_000_000);
    }

    #[test]
    fn searches_are_charged_each_or_once_a_request() {
        let searched = |searches| used(Some(Usage { searches, ..Usage::default() }), &[]);
        let each = model("chat - - - input=1 output=10 search=0.01");
        let once = model("chat - - - input=1 output=10 searched=0.035");
        let costs = |searches| [&each, &once].map(|row| searched(searches).cost_nano_usd(row));
        assert_eq!(costs(0), [0, 0]);
        assert_eq!(costs(1), [10_000_000, 35_000_000]);
        assert_eq!(costs(5), [50_000_000, 35_000_000]);
        // What the request asked for counts where the answer does not tell of it.
        let mut untold = searched(0);
        untold.fill(&used(None, &[(Unit::Search, 1)]));
        assert_eq!(untold.cost_nano_usd(&each), 10_000_000);
        assert_eq!(untold.cost_nano_usd(&once), 35_000_000);
        let mut told = searched(3);
        told.fill(&used(None, &[(Unit::Search, 1)]));
        assert_eq!(told.cost_nano_usd(&each), 30_000_000);
    }

    #[test]
    fn what_is_put_in_is_told_from_what_comes_out() {
        let model = model("speech - - - character_in=0.00001 second_out=0.0002");
        let asked = used(None, &[(Unit::CharacterIn, 3), (Unit::SecondOut, 2)]);
        let charge = asked.beside_tokens(&model);
        assert_eq!(charge, Charge { input: 30_000_000_000, output: 400_000_000_000 });
    }
}

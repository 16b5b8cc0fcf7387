//! What an exchange used, tokens or not, and what that costs.
//!
//! Chat uses tokens alone; sound and images are charged by seconds, characters, images and pixels
//! as well, rankings by search.

use crate::catalog::{Model, Unit};
use crate::chat::Usage;
use crate::cost::Femtos;

/// What an exchange used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used {
    /// Tokens, where the provider says them.
    pub tokens: Option<Usage>,
    /// What beside tokens is charged for, as far as request and reply tell it.
    pub units: Vec<(Unit, u64)>,
    /// How many requests it is charged as, where that is not one.
    pub requests: Option<u64>,
}

impl From<Option<Usage>> for Used {
    fn from(tokens: Option<Usage>) -> Self {
        Self { tokens, ..Self::default() }
    }
}

impl Used {
    /// How many of a unit.
    #[must_use]
    pub fn count(&self, unit: Unit) -> u64 {
        let counts = self.units.iter().filter(|(one, _)| *one == unit).map(|(_, count)| *count);
        counts.fold(0, u64::saturating_add)
    }

    /// Adds units of a sort.
    pub fn add(&mut self, unit: Unit, count: u64) {
        if count > 0 {
            self.units.push((unit, count));
        }
    }

    /// Takes over what another part of the same exchange used.
    pub fn join(&mut self, other: Self) {
        let Self { tokens, units, requests } = other;
        if let Some(tokens) = tokens {
            self.tokens.get_or_insert_default().merge(&tokens);
        }
        self.units.extend(units);
        self.requests = self.requests.or(requests);
    }

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
        for (unit, Femtos(price)) in &model.units {
            sum = sum.saturating_add(u128::from(*price) * u128::from(self.count(*unit)));
        }
        crate::cost::nano_usd(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(words: &str) -> Model {
        Model::read("house/model", words).expect("the row is sound")
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
}

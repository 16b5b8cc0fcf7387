//! What was used, in money: integers from the decimal text of a price to nano-USD, no float
//! anywhere, rounded up once at the end.
//!
//! Prices are kept in femto-USD (10⁻¹⁵) a token. The cheapest price in use has ten decimals; what
//! is written with more than fifteen digits behind the point is noise of somebody's float and is
//! rounded to the nearest.

mod decimal;

use crate::chat::{ServiceClass, TokenClass, Usage};

pub use decimal::{Femtos, PriceError};

/// Prices of a model: one for each class of tokens, and others for long prompts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices {
    /// Prices of prompts of any length.
    pub base: Rates,
    /// Prices for prompts longer than a number of tokens, for the whole request; the highest
    /// number that a prompt exceeds counts.
    pub long: Vec<(u64, Rates)>,
    /// Price of a request as such.
    pub request: Femtos,
    /// Prices of classes of service that have their own.
    pub classes: Vec<(ServiceClass, ClassPrices)>,
}

/// Prices of a class of service; what they do not say costs what it does in the standard class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassPrices {
    /// Prices of prompts of any length.
    pub base: Rates,
    /// Prices for prompts longer than a number of tokens, for the whole request.
    pub long: Vec<(u64, Rates)>,
}

/// Prices by class; a class without its own price costs what the class it is part of does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates {
    rates: [Option<Femtos>; 10],
    /// Of sound from the cache, where it is another than that of text.
    pub cache_read_audio: Option<Femtos>,
}

impl Rates {
    /// Sets the price of a token of a class.
    pub fn set(&mut self, class: TokenClass, price: Femtos) {
        self.rates[class as usize] = Some(price);
    }

    /// The price that a class has for itself.
    #[must_use]
    pub fn own(&self, class: TokenClass) -> Option<Femtos> {
        self.rates[class as usize]
    }

    /// The price of a token of a class.
    #[must_use]
    pub fn get(&self, class: TokenClass) -> Femtos {
        self.own(class).or_else(|| whole(class).map(|whole| self.get(whole))).unwrap_or_default()
    }

    /// These prices, with others where these are not said.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        let mut rates = self.rates;
        for (own, other) in rates.iter_mut().zip(others.rates) {
            *own = own.or(other);
        }
        Self { rates, cache_read_audio: self.cache_read_audio.or(others.cache_read_audio) }
    }
}

/// The class that a class is part of.
fn whole(class: TokenClass) -> Option<TokenClass> {
    match class {
        TokenClass::Input | TokenClass::Output => None,
        TokenClass::CacheWrite1h => Some(TokenClass::CacheWrite),
        TokenClass::CacheRead
        | TokenClass::CacheWrite
        | TokenClass::InputAudio
        | TokenClass::InputImage => Some(TokenClass::Input),
        TokenClass::Reasoning | TokenClass::OutputAudio | TokenClass::OutputImage => {
            Some(TokenClass::Output)
        }
    }
}

impl Prices {
    /// The cost in nano-USD, rounded up.
    #[must_use]
    pub fn cost_nano_usd(&self, usage: &Usage) -> u64 {
        nano_usd(self.tokens_femto_usd(usage).saturating_add(u128::from(self.request.0)))
    }

    /// The cost of the tokens alone, in femto-USD.
    pub(crate) fn tokens_femto_usd(&self, usage: &Usage) -> u128 {
        let charged = charged(usage);
        let rates = self.rates(usage.input_total(), usage.service);
        let cost = |price: Femtos, count: u64| u128::from(price.0) * u128::from(count);
        // Sound from the cache is counted with the rest of it.
        let sound = rates.cache_read_audio.map(|price| (price, charged.sound_from_cache()));
        let (sound, beside) = sound.map_or((0, 0), |(price, count)| (cost(price, count), count));
        let tokens = TokenClass::ALL.iter().zip(charged.by_class());
        tokens.fold(sound, |sum: u128, (class, count)| {
            let count = if *class == TokenClass::CacheRead { count - beside } else { count };
            sum.saturating_add(cost(rates.get(*class), count))
        })
    }

    /// The prices for a prompt of that many tokens, in a class of service.
    #[must_use]
    pub fn rates(&self, input_total: u64, service: Option<ServiceClass>) -> Rates {
        let own = self.classes.iter().find(|(class, _)| Some(*class) == service);
        let own = own.map(|(_, prices)| prices);
        let long_own = own.and_then(|own| exceeded(&own.long, input_total));
        // A class without a price for long prompts may cost no less than any other then.
        let long = exceeded(&self.long, input_total);
        let found = [long_own, long, own.map(|own| &own.base), Some(&self.base)];
        found.into_iter().flatten().fold(Rates::default(), |rates, others| rates.or(others))
    }
}

/// The prices of the longest prompts that this one is longer than.
fn exceeded(long: &[(u64, Rates)], input_total: u64) -> Option<&Rates> {
    let exceeded = long.iter().filter(|(tokens, _)| input_total > *tokens);
    exceeded.max_by_key(|(tokens, _)| *tokens).map(|(_, rates)| rates)
}

/// Femto-USD in a nano-USD.
pub const FEMTOS_A_NANO: u128 = 1_000_000;

/// Femto-USD in nano-USD, rounded up.
pub(crate) fn nano_usd(femtos: u128) -> u64 {
    u64::try_from(femtos.div_ceil(FEMTOS_A_NANO)).unwrap_or(u64::MAX)
}

/// What is charged where the provider says that it is something else than what was used.
fn charged(usage: &Usage) -> Usage {
    let mut charged = *usage;
    if let Some(input) = usage.billed_input {
        charged = Usage {
            input,
            cache_read: 0,
            cache_write: 0,
            cache_write_1h: 0,
            input_audio: 0,
            input_image: 0,
            ..charged
        };
    }
    if let Some(output) = usage.billed_output {
        charged = Usage { output, reasoning: 0, output_audio: 0, output_image: 0, ..charged };
    }
    charged
}

#[cfg(test)]
mod tests;

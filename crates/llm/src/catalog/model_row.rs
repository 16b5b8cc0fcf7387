//! The row of a model, read and written.

use std::fmt;

use super::provider_row::provider_name;
use super::{Abilities, Ability, Model, ModelKind, RowError, Unit, decimal};
use crate::chat::{ServiceClass, TokenClass};
use crate::cost::{ClassPrices, Femtos, Prices, Rates};

impl Model {
    /// The model of a key, `provider/name`, and the words behind it.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn read(key: &str, words: &str) -> Result<Self, RowError> {
        let (provider, name) = split_key(key)?;
        let mut words = words.split_whitespace();
        let mut next = |what| words.next().ok_or(RowError::Missing(what));
        let kind = next("the kind")?;
        let kind = ModelKind::parse(kind)
            .ok_or_else(|| RowError::Unknown(kind.to_owned(), "kind of model"))?;
        let input_max = count(next("the most tokens of a prompt")?)?;
        let output_max = count(next("the most tokens of an answer")?)?;
        let (abilities, lacks) = read_abilities(next("what it can do")?)?;
        let mut prices = Reading::default();
        words.try_for_each(|word| prices.read_word(word))?;
        Ok(Self {
            provider: provider.to_owned(),
            name: name.to_owned(),
            kind,
            input_max,
            output_max,
            abilities,
            lacks,
            prices: prices.is_priced.then_some(prices.prices),
            units: prices.units,
        })
    }
}

/// Provider and name of a key.
fn split_key(key: &str) -> Result<(&str, &str), RowError> {
    let parts = key.split_once('/').filter(|(provider, name)| {
        provider_name(provider).is_ok()
            && (1..=255).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_graphic())
    });
    parts.ok_or_else(|| RowError::Name(key.to_owned()))
}

fn count(word: &str) -> Result<Option<u64>, RowError> {
    let unknown = |_| RowError::Unknown(word.to_owned(), "count of tokens, nor `-`");
    if word == "-" { Ok(None) } else { word.parse().map(Some).map_err(unknown) }
}

/// What it can do, and what it is known not to.
fn read_abilities(word: &str) -> Result<(Abilities, Abilities), RowError> {
    let (mut abilities, mut lacks) = (Abilities::default(), Abilities::default());
    for word in word.split(',').filter(|_| word != "-") {
        let name = word.trim_start_matches('!');
        let unknown = || RowError::Unknown(word.to_owned(), "ability");
        let ability = Ability::parse(name).ok_or_else(unknown)?;
        if abilities.has(ability) || lacks.has(ability) {
            return Err(RowError::Twice(name.to_owned()));
        }
        let to = if word.starts_with('!') { &mut lacks } else { &mut abilities };
        to.insert(ability);
    }
    Ok((abilities, lacks))
}

/// The word for the price of sound from the cache, which is no class of tokens of its own.
const SOUND_FROM_CACHE: &str = "cache_read_audio";

/// Prices, word by word.
#[derive(Default)]
struct Reading<'w> {
    prices: Prices,
    units: Vec<(Unit, Femtos)>,
    is_priced: bool,
    /// The words since the last `above` or `class`, as each may stand there once.
    said: Vec<&'w str>,
}

impl<'w> Reading<'w> {
    fn read_word(&mut self, word: &'w str) -> Result<(), RowError> {
        let unknown = || RowError::Unknown(word.to_owned(), "price");
        let (name, text) = word.split_once('=').ok_or_else(unknown)?;
        if name == "above" {
            return self.read_above(text.parse().map_err(|_| unknown())?);
        }
        if name == "class" {
            return self.read_class(ServiceClass::priced(text).ok_or_else(unknown)?);
        }
        if self.said.contains(&name) {
            return Err(RowError::Twice(name.to_owned()));
        }
        self.said.push(name);
        let wrong = |error| RowError::Price(word.to_owned(), error);
        let is_base = self.prices.long.is_empty() && self.prices.classes.is_empty();
        if let Some(class) = TokenClass::ALL.into_iter().find(|class| class.name() == name) {
            let price = Femtos::of_million(text).map_err(wrong)?;
            let (base, long) = self.section();
            let long = long.last_mut().map(|(_, rates)| rates);
            long.unwrap_or(base).set(class, price);
        } else if name == SOUND_FROM_CACHE {
            let price = Femtos::of_million(text).map_err(wrong)?;
            let (base, long) = self.section();
            let long = long.last_mut().map(|(_, rates)| rates);
            long.unwrap_or(base).cache_read_audio = Some(price);
        } else if name == "request" && is_base {
            self.prices.request = text.parse().map_err(wrong)?;
        } else {
            let unit = Unit::parse(name).filter(|_| is_base).ok_or_else(unknown)?;
            self.units.push((unit, text.parse().map_err(wrong)?));
            return Ok(());
        }
        self.is_priced = true;
        Ok(())
    }

    fn read_above(&mut self, tokens: u64) -> Result<(), RowError> {
        let (_, long) = self.section();
        if long.last().is_some_and(|(before, _)| *before >= tokens) {
            return Err(RowError::Order(tokens));
        }
        long.push((tokens, Rates::default()));
        self.said.clear();
        Ok(())
    }

    fn read_class(&mut self, class: ServiceClass) -> Result<(), RowError> {
        if self.prices.classes.iter().any(|(before, _)| *before == class) {
            return Err(RowError::Twice(format!("class={}", class.name())));
        }
        self.said.clear();
        self.prices.classes.push((class, ClassPrices::default()));
        Ok(())
    }

    /// The prices that words are about: those of the last class, else the standard ones.
    fn section(&mut self) -> (&mut Rates, &mut Vec<(u64, Rates)>) {
        let Prices { base, long, request: _, classes } = &mut self.prices;
        match classes.last_mut() {
            Some((_, own)) => (&mut own.base, &mut own.long),
            None => (base, long),
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.provider, self.name, self.kind.name())?;
        for count in [self.input_max, self.output_max] {
            match count {
                Some(count) => write!(f, " {count}")?,
                None => f.write_str(" -")?,
            }
        }
        let has = self.abilities.iter().map(|ability| ability.name().to_owned());
        let lacks = self.lacks.iter().map(|ability| format!("!{}", ability.name()));
        let abilities: Vec<String> = has.chain(lacks).collect();
        write!(f, " {}", if abilities.is_empty() { "-".to_owned() } else { abilities.join(",") })?;
        if let Some(prices) = &self.prices {
            write_rates(f, &prices.base)?;
            if prices.request != Femtos::default() {
                write!(f, " request={}", decimal::each(prices.request))?;
            }
        }
        for (unit, price) in &self.units {
            write!(f, " {}={}", unit.name(), decimal::each(*price))?;
        }
        let Some(prices) = &self.prices else { return Ok(()) };
        write_long(f, &prices.long)?;
        for (class, own) in &prices.classes {
            write!(f, " class={}", class.name())?;
            write_rates(f, &own.base)?;
            write_long(f, &own.long)?;
        }
        Ok(())
    }
}

fn write_long(f: &mut fmt::Formatter<'_>, long: &[(u64, Rates)]) -> fmt::Result {
    long.iter().try_for_each(|(tokens, rates)| {
        write!(f, " above={tokens}")?;
        write_rates(f, rates)
    })
}

fn write_rates(f: &mut fmt::Formatter<'_>, rates: &Rates) -> fmt::Result {
    if let Some(price) = rates.cache_read_audio {
        write!(f, " {SOUND_FROM_CACHE}={}", decimal::million(price))?;
    }
    TokenClass::ALL.into_iter().try_for_each(|class| match rates.own(class) {
        Some(price) => write!(f, " {}={}", class.name(), decimal::million(price)),
        None => Ok(()),
    })
}

//! Prices of an entry: fields per token by class, longer prompts by the end of a field's name or by
//! a list of ranges, and what is charged each.

use std::collections::BTreeMap;

use architrave_llm::catalog::{ModelKind, Unit};
use architrave_llm::chat::TokenClass;
use architrave_llm::cost::{Femtos, Prices, Rates};
use architrave_llm::json::{Cursor, JsonError};

use crate::list::{self, Entry};

const CLASSES: [(&str, TokenClass); 11] = [
    ("input_cost_per_token", TokenClass::Input),
    ("input_cost_per_token_cache_hit", TokenClass::CacheRead),
    ("cache_read_input_token_cost", TokenClass::CacheRead),
    ("cache_creation_input_token_cost", TokenClass::CacheWrite),
    ("cache_creation_input_token_cost_above_1hr", TokenClass::CacheWrite1h),
    ("input_cost_per_audio_token", TokenClass::InputAudio),
    ("input_cost_per_image_token", TokenClass::InputImage),
    ("output_cost_per_token", TokenClass::Output),
    ("output_cost_per_reasoning_token", TokenClass::Reasoning),
    ("output_cost_per_audio_token", TokenClass::OutputAudio),
    ("output_cost_per_image_token", TokenClass::OutputImage),
];

/// Prices, where any is known, and prices of what is charged each.
type Read = (Option<Prices>, Vec<(Unit, Femtos)>);

/// Prices, where any is known, and prices of what is charged each.
pub(crate) fn read(entry: &Entry<'_>, kind: ModelKind) -> Result<Read, JsonError> {
    let mut prices = Prices { base: rates(entry, ""), ..Prices::default() };
    for (tokens, rates) in by_name(entry).into_iter().chain(by_range(entry, &mut prices.base)?) {
        prices.long.push((tokens, rates));
    }
    thin(&mut prices.base);
    let requests = ["input_cost_per_request", "input_cost_per_query"];
    let request = requests.iter().find_map(|field| price(entry, field));
    prices.request = request.unwrap_or_default();
    let is_priced = request.is_some() || prices.base != Rates::default();
    let units = units(entry, kind, &prices.base);
    Ok((is_priced.then_some(prices), units))
}

fn price(entry: &Entry<'_>, field: &str) -> Option<Femtos> {
    entry.raw(field)?.trim_matches('"').parse().ok()
}

/// Prices by class, of fields whose names end so.
fn rates(entry: &Entry<'_>, end: &str) -> Rates {
    let mut rates = Rates::default();
    for (field, class) in CLASSES {
        if let Some(price) = price(entry, &format!("{field}{end}")) {
            rates.set(class, price);
        }
    }
    rates
}

/// `…_above_200k_tokens`.
fn by_name(entry: &Entry<'_>) -> BTreeMap<u64, Rates> {
    let thousands = entry.fields().filter_map(|(name, _)| {
        let (_, count) = name.strip_suffix("k_tokens")?.rsplit_once("_above_")?;
        count.parse::<u64>().ok()
    });
    let rates = thousands
        .map(|count| (count * 1000, rates(entry, &format!("_above_{count}k_tokens"))))
        .filter(|(_, rates)| *rates != Rates::default());
    rates.collect()
}

/// `tiered_pricing`, whose first range has the prices of short prompts.
fn by_range(entry: &Entry<'_>, base: &mut Rates) -> Result<BTreeMap<u64, Rates>, JsonError> {
    let mut ranges = BTreeMap::new();
    let list = entry.raw("tiered_pricing").unwrap_or("[]");
    Cursor::new(list).array(|cursor| {
        let value = cursor.json()?;
        let range = list::entry(value.as_str())?;
        let from = range.raw("range").unwrap_or_default().trim_start_matches('[');
        let from = from.split([',', '.']).next().unwrap_or_default().trim();
        let from = from.parse::<u64>().map_err(|_| cursor.wrong("must begin with a number"))?;
        ranges.insert(from, rates(&range, ""));
        Ok(())
    })?;
    if let Some(first) = ranges.remove(&0) {
        *base = first.or(base);
    }
    Ok(ranges)
}

/// Takes out what a class costs anyway by the class that it is part of, and what is not made.
fn thin(rates: &mut Rates) {
    for class in TokenClass::ALL {
        let without = but(rates, class);
        if without.get(class) == rates.get(class) && without != Rates::default() {
            *rates = without;
        }
    }
}

/// The prices but of one class.
fn but(rates: &Rates, class: TokenClass) -> Rates {
    let mut others = Rates::default();
    for other in TokenClass::ALL.into_iter().filter(|other| *other != class) {
        if let Some(price) = rates.own(other) {
            others.set(other, price);
        }
    }
    others
}

/// Prices each; what tokens are counted for is not charged twice.
fn units(entry: &Entry<'_>, kind: ModelKind, rates: &Rates) -> Vec<(Unit, Femtos)> {
    let makes_images = matches!(kind, ModelKind::Image | ModelKind::ImageEdit);
    let has = |class| rates.own(class).is_some();
    let mut units: Vec<(Unit, Femtos)> = Vec::new();
    for (field, unit, is_meant) in [
        ("output_cost_per_image", Unit::ImageOut, !has(TokenClass::OutputImage)),
        ("output_cost_per_pixel", Unit::PixelOut, true),
        // The source says the price of a made image as one of the input, too.
        ("input_cost_per_image", Unit::ImageOut, makes_images),
        ("input_cost_per_pixel", Unit::PixelOut, makes_images),
        ("input_cost_per_image", Unit::ImageIn, !makes_images && !has(TokenClass::InputImage)),
        ("input_cost_per_pixel", Unit::PixelIn, !makes_images),
        ("input_cost_per_second", Unit::SecondIn, true),
        // Sound that was written down is charged once, whichever side the source says.
        ("output_cost_per_second", Unit::SecondIn, kind == ModelKind::Transcription),
        ("output_cost_per_second", Unit::SecondOut, kind != ModelKind::Transcription),
        ("input_cost_per_character", Unit::CharacterIn, !has(TokenClass::Input)),
        ("output_cost_per_character", Unit::CharacterOut, !has(TokenClass::Output)),
    ] {
        let price = price(entry, field).filter(|price| is_meant && price.0 > 0);
        if let Some(price) = price.filter(|_| units.iter().all(|(other, _)| *other != unit)) {
            units.push((unit, price));
        }
    }
    units
}

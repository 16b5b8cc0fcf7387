//! Prices of an entry: fields per token by class, longer prompts by the end of a field's name or by
//! a list of ranges, and what is charged each.

use std::collections::BTreeMap;

use super::Entry;
use crate::catalog::{ModelKind, RowError, Unit};
use crate::chat::{ServiceClass, TokenClass};
use crate::cost::{ClassPrices, Femtos, Prices, Rates};
use crate::json::Cursor;

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

/// Where something is wrong in the list, and what.
type Wrong = (usize, RowError);

/// Prices, where any is known, and prices of what is charged each.
type Read = (Option<Prices>, Vec<(Unit, Femtos)>);

/// Prices, where any is known, and prices of what is charged each.
pub(super) fn read(entry: &Entry<'_>, kind: ModelKind) -> Result<Read, Wrong> {
    let mut prices = Prices { base: rates(entry, "")?, ..Prices::default() };
    let ranges = by_range(entry, &mut prices.base)?;
    prices.long.extend(by_name(entry, "")?.into_iter().chain(ranges));
    thin(&mut prices.base);
    prices.classes = by_class(entry, &prices)?;
    let request = price(entry, "input_cost_per_request")?;
    let request = request.or(price(entry, "input_cost_per_query")?);
    prices.request = request.unwrap_or_default();
    let is_priced = request.is_some() || prices.base != Rates::default();
    let units = units(entry, kind, &prices.base)?;
    Ok((is_priced.then_some(prices), units))
}

/// A price, which may be written as a string; nothing where it is not there or `null`.
fn price(entry: &Entry<'_>, field: &str) -> Result<Option<Femtos>, Wrong> {
    let Some(raw) = entry.raw(field).filter(|raw| *raw != "null") else { return Ok(None) };
    let text = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    let wrong = |error| (entry.at_field(field), RowError::Price(format!("{field}: {raw}"), error));
    text.parse().map(Some).map_err(wrong)
}

/// Prices by class, of fields whose names end so.
fn rates(entry: &Entry<'_>, end: &str) -> Result<Rates, Wrong> {
    let mut rates = Rates::default();
    for (field, class) in CLASSES {
        if let Some(price) = price(entry, &format!("{field}{end}"))? {
            rates.set(class, price);
        }
    }
    let sound = price(entry, &format!("cache_read_input_audio_token_cost{end}"))?;
    rates.cache_read_audio = sound.filter(|price| rates.own(TokenClass::CacheRead) != Some(*price));
    Ok(rates)
}

/// `…_above_200k_tokens`, and whatever stands behind that for a class of service.
fn by_name(entry: &Entry<'_>, end: &str) -> Result<BTreeMap<u64, Rates>, Wrong> {
    let thousands = entry.fields().filter_map(|(name, _)| {
        let name = name.strip_suffix(end)?.strip_suffix("k_tokens")?;
        let (_, count) = name.rsplit_once("_above_")?;
        count.parse::<u64>().ok()
    });
    let mut long = BTreeMap::new();
    for count in thousands {
        let rates = rates(entry, &format!("_above_{count}k_tokens{end}"))?;
        if rates != Rates::default() {
            long.insert(count.saturating_mul(1000), rates);
        }
    }
    Ok(long)
}

/// Classes of service whose prices have fields of their own.
const CLASSES_OF_SERVICE: [(ServiceClass, &str); 4] = [
    (ServiceClass::Flex, "_flex"),
    (ServiceClass::Priority, "_priority"),
    (ServiceClass::Balanced, "_balanced"),
    (ServiceClass::Ultrafast, "_ultrafast"),
];

/// Prices of classes of service, without what is no other than in the standard one.
fn by_class(
    entry: &Entry<'_>,
    standard: &Prices,
) -> Result<Vec<(ServiceClass, ClassPrices)>, Wrong> {
    let mut classes = Vec::new();
    for (class, end) in CLASSES_OF_SERVICE {
        let base = rates(entry, end)?;
        let long = by_name(entry, end)?.into_iter().collect();
        classes.push((class, ClassPrices { base, long }));
    }
    if let Some(factor) = factor(entry, ServiceClass::Fast)? {
        let long = standard.long.iter().map(|(tokens, rates)| (*tokens, times(rates, factor)));
        let prices = ClassPrices { base: times(&standard.base, factor), long: long.collect() };
        classes.push((ServiceClass::Fast, prices));
    }
    for (_, prices) in &mut classes {
        prices.base = but(&prices.base, |class, own| standard.base.own(class) == Some(own));
        for (tokens, rates) in &mut prices.long {
            let usual = standard.long.iter().find(|(other, _)| other == tokens);
            let usual = |class| usual.and_then(|(_, rates)| rates.own(class));
            *rates = but(rates, |class, own| usual(class) == Some(own));
        }
        prices.long.retain(|(_, rates)| *rates != Rates::default());
    }
    classes.retain(|(_, prices)| *prices != ClassPrices::default());
    Ok(classes)
}

/// How many times as dear a class of service is, where one number says it of all prices.
fn factor(entry: &Entry<'_>, class: ServiceClass) -> Result<Option<Femtos>, Wrong> {
    const FIELD: &str = "provider_specific_entry";
    let Some(raw) = entry.raw(FIELD).filter(|raw| raw.starts_with('{')) else { return Ok(None) };
    let mut found = None;
    let read = Cursor::new(raw).object(|cursor, name| {
        let json = cursor.json()?;
        if name == class.name() {
            found = Some(json.as_str().to_owned());
        }
        Ok(())
    });
    read.map_err(|error| (entry.at_field(FIELD), RowError::Json(error)))?;
    let wrong = |error| {
        let what = format!("{FIELD}: {raw}");
        (entry.at_field(FIELD), RowError::Price(what, error))
    };
    found.map(|text| text.parse().map_err(wrong)).transpose()
}

/// Prices so many times as dear.
fn times(rates: &Rates, Femtos(factor): Femtos) -> Rates {
    const ONE: u128 = 1_000_000_000_000_000;
    let more = |Femtos(price)| {
        let price = u128::from(price) * u128::from(factor) / ONE;
        Femtos(u64::try_from(price).unwrap_or(u64::MAX))
    };
    let cache_read_audio = rates.cache_read_audio.map(more);
    let mut dearer = Rates::default();
    dearer.cache_read_audio = cache_read_audio;
    for class in TokenClass::ALL {
        if let Some(price) = rates.own(class) {
            dearer.set(class, more(price));
        }
    }
    dearer
}

/// `tiered_pricing`, whose first range has the prices of short prompts.
fn by_range(entry: &Entry<'_>, base: &mut Rates) -> Result<BTreeMap<u64, Rates>, Wrong> {
    const FIELD: &str = "tiered_pricing";
    let ranges = entry.objects(FIELD).map_err(|error| (error.at, RowError::Json(error)))?;
    let mut long = BTreeMap::new();
    for range in ranges {
        let from = range.raw("range").unwrap_or_default().trim_start_matches('[');
        let from = from.split([',', '.']).next().unwrap_or_default().trim();
        let from = from.parse::<u64>().map_err(|_| {
            let what = range.raw("range").unwrap_or(FIELD).to_owned();
            (range.at_field("range"), RowError::Unknown(what, "range of tokens"))
        })?;
        long.insert(from, rates(&range, "")?);
    }
    if let Some(first) = long.remove(&0) {
        *base = first.or(base);
    }
    Ok(long)
}

/// Takes out what a class costs anyway by the class that it is part of, and what is not made.
fn thin(rates: &mut Rates) {
    for class in TokenClass::ALL {
        let without = but(rates, |other, _| other == class);
        if without.get(class) == rates.get(class) && without != Rates::default() {
            *rates = without;
        }
    }
}

/// The prices but of some classes.
fn but(rates: &Rates, is_left_out: impl Fn(TokenClass, Femtos) -> bool) -> Rates {
    let cache_read_audio = rates.cache_read_audio;
    let mut others = Rates::default();
    others.cache_read_audio = cache_read_audio;
    for class in TokenClass::ALL {
        if let Some(price) = rates.own(class).filter(|price| !is_left_out(class, *price)) {
            others.set(class, price);
        }
    }
    others
}

/// Prices each; what tokens are counted for is not charged twice.
fn units(entry: &Entry<'_>, kind: ModelKind, rates: &Rates) -> Result<Vec<(Unit, Femtos)>, Wrong> {
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
        let price = price(entry, field)?.filter(|price| is_meant && price.0 > 0);
        if let Some(price) = price.filter(|_| units.iter().all(|(other, _)| *other != unit)) {
            units.push((unit, price));
        }
    }
    if let Some(search) = search(entry)?.filter(|(_, price)| price.0 > 0) {
        units.push(search);
    }
    Ok(units)
}

/// The price of a search of the web. Of three sizes of what is found it is the one of the smallest
/// that has one, which is what nobody pays less than, and with nearly all models what all of them
/// cost.
fn search(entry: &Entry<'_>) -> Result<Option<(Unit, Femtos)>, Wrong> {
    const FIELD: &str = "search_context_cost_per_query";
    const SIZES: [&str; 3] =
        ["search_context_size_low", "search_context_size_medium", "search_context_size_high"];
    let Some(raw) = entry.raw(FIELD).filter(|raw| raw.starts_with('{')) else { return Ok(None) };
    let mut found = [const { None }; SIZES.len()];
    let read = Cursor::new(raw).object(|cursor, name| {
        let json = cursor.json()?;
        if let Some(place) = SIZES.iter().position(|size| *size == name) {
            let said = Some(json.as_str()).filter(|said| *said != "null");
            found[place] = said.map(|said| said.trim_matches('"').to_owned());
        }
        Ok(())
    });
    read.map_err(|error| (entry.at_field(FIELD), RowError::Json(error)))?;
    let wrong = |error| (entry.at_field(FIELD), RowError::Price(format!("{FIELD}: {raw}"), error));
    let found = found.into_iter().flatten().next();
    let price = found.map(|text| text.parse::<Femtos>().map_err(wrong)).transpose()?;
    // Google charges prompts that it searched for, however often, up to Gemini 2.5 and since then
    // each search: its prices tell them apart, the list does not.
    let is_of_google = |source: &str| source == "gemini" || source.starts_with("vertex_ai");
    const A_PROMPT: &str = "0.035";
    let is_a_prompt =
        price == A_PROMPT.parse().ok() && entry.text("litellm_provider").is_some_and(is_of_google);
    let unit = if is_a_prompt { Unit::Searched } else { Unit::Search };
    Ok(price.map(|price| (unit, price)))
}

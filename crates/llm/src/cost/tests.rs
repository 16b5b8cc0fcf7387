//! Prices from text, and a table of what requests cost.

use super::{ClassPrices, Femtos, PriceError, Prices, Rates};
use crate::chat::{ServiceClass, TokenClass, Usage};

#[test]
fn prices_are_read_to_the_last_digit() {
    for (text, femtos) in [
        ("0", 0),
        ("0.0", 0),
        ("1.5e-07", 150_000_000),
        ("0.00000015", 150_000_000),
        ("1.50E-7", 150_000_000),
        ("15e-8", 150_000_000),
        ("4.0000000000000003e-07", 400_000_000),
        ("1e-10", 100_000),
        ("1.23456789e-9", 1_234_568),
        ("4e-16", 0),
        ("5e-16", 1),
        ("1e-400", 0),
        ("0.04", 40_000_000_000_000),
        ("18446", 18_446_000_000_000_000_000),
    ] {
        assert_eq!(text.parse(), Ok(Femtos(femtos)), "{text}");
    }
    assert_eq!(Femtos::of_million("2.50"), Ok(Femtos(2_500_000_000)));
    for (text, error) in [
        ("", PriceError::NoNumber),
        ("abc", PriceError::NoNumber),
        ("1e", PriceError::NoNumber),
        ("-1", PriceError::Negative),
        ("18447", PriceError::TooLarge),
        ("1e99999", PriceError::TooLarge),
    ] {
        assert_eq!(text.parse::<Femtos>(), Err(error), "{text}");
    }
}

fn rates(list: &[(TokenClass, &str)]) -> Rates {
    let mut rates = Rates::default();
    for (class, million) in list {
        rates.set(*class, Femtos::of_million(million).unwrap());
    }
    rates
}

/// A model whose every class has a price of its own, long prompts included.
fn prices() -> Prices {
    use TokenClass as C;
    let base = rates(&[
        (C::Input, "3"),
        (C::CacheRead, "0.30"),
        (C::CacheWrite, "3.75"),
        (C::CacheWrite1h, "6"),
        (C::InputAudio, "10"),
        (C::Output, "15"),
        (C::OutputAudio, "20"),
    ]);
    let long = rates(&[(C::Input, "6"), (C::Output, "22.50"), (C::CacheRead, "0.60")]);
    Prices { base, long: vec![(200_000, long)], ..Prices::default() }
}

#[test]
fn costs_are_exact_and_rounded_up_once() {
    let usage = Usage::default;
    let cases = [
        (usage(), 0),
        (Usage { input: 1, ..usage() }, 3_000),
        (Usage { input: 1_000, output: 500, ..usage() }, 3_000_000 + 7_500_000),
        (Usage { cache_read: 1, ..usage() }, 300),
        (Usage { cache_write: 4, cache_write_1h: 2, ..usage() }, 15_000 + 12_000),
        (Usage { output: 10, reasoning: 90, ..usage() }, 1_500_000),
        (Usage { input_audio: 3, output_audio: 2, ..usage() }, 30_000 + 40_000),
        (Usage { input_image: 7, output_image: 1, ..usage() }, 21_000 + 15_000),
        // At the border of a long prompt, and one token beyond.
        (Usage { input: 200_000, ..usage() }, 600_000_000),
        (Usage { input: 200_001, ..usage() }, 1_200_006_000),
        (
            Usage { input: 1, cache_read: 200_000, output: 1, ..usage() },
            6_000 + 120_000_000 + 22_500,
        ),
        // A class without a price for long prompts keeps its own.
        (Usage { input: 200_001, cache_write: 1, ..usage() }, 1_200_006_000 + 3_750),
        (
            Usage {
                input: 500,
                output: 40,
                billed_input: Some(10),
                billed_output: Some(3),
                ..usage()
            },
            30_000 + 45_000,
        ),
    ];
    for (usage, nano) in cases {
        assert_eq!(prices().cost_nano_usd(&usage), nano, "{usage:?}");
    }
}

#[test]
fn parts_of_a_nano_add_up_before_they_are_rounded() {
    let mut base = Rates::default();
    base.set(TokenClass::Input, Femtos(400_000));
    base.set(TokenClass::Output, Femtos(300_000));
    let prices = Prices { base, request: Femtos(1), ..Prices::default() };
    assert_eq!(prices.cost_nano_usd(&Usage { input: 1, output: 2, ..Usage::default() }), 2);
    assert_eq!(prices.cost_nano_usd(&Usage { input: 1, output: 1, ..Usage::default() }), 1);
    assert_eq!(prices.cost_nano_usd(&Usage::default()), 1);
}

#[test]
fn nothing_overflows() {
    let mut base = Rates::default();
    base.set(TokenClass::Input, Femtos(u64::MAX));
    let prices = Prices { base, ..Prices::default() };
    let usage = Usage { input: u64::MAX, cache_read: u64::MAX, ..Usage::default() };
    assert_eq!(prices.cost_nano_usd(&usage), u64::MAX);
}

#[test]
fn a_class_of_service_costs_what_it_says_and_else_what_the_standard_one_does() {
    use TokenClass as C;
    let priority = ClassPrices {
        base: rates(&[(C::Input, "6"), (C::Output, "30")]),
        long: vec![(200_000, rates(&[(C::Input, "12"), (C::Output, "45")]))],
    };
    let flex = ClassPrices { base: rates(&[(C::Input, "1.50")]), long: Vec::new() };
    let classes = vec![(ServiceClass::Priority, priority), (ServiceClass::Flex, flex)];
    let prices = Prices { classes, ..prices() };
    for (service, input, nano) in [
        (None, 100, 300_000 + 150_000 + 3_000),
        (Some(ServiceClass::Standard), 100, 300_000 + 150_000 + 3_000),
        (Some(ServiceClass::Ultrafast), 100, 300_000 + 150_000 + 3_000),
        (Some(ServiceClass::Priority), 100, 600_000 + 300_000 + 3_000),
        (Some(ServiceClass::Flex), 100, 150_000 + 150_000 + 3_000),
        (Some(ServiceClass::Priority), 300_000, 3_600_000_000 + 450_000 + 6_000),
        // It says nothing of long prompts, and they are dearer.
        (Some(ServiceClass::Flex), 300_000, 1_800_000_000 + 225_000 + 6_000),
    ] {
        let usage = Usage { input, cache_read: 10, output: 10, service, ..Usage::default() };
        assert_eq!(prices.cost_nano_usd(&usage), nano, "{service:?} {input}");
    }
}

#[test]
fn sound_from_the_cache_may_have_a_price_of_its_own() {
    let base = rates(&[(TokenClass::Input, "0.30"), (TokenClass::CacheRead, "0.03")]);
    let plain = Prices { base: base.clone(), ..Prices::default() };
    let cache_read_audio = Some(Femtos::of_million("0.10").unwrap());
    let own = Prices { base: Rates { cache_read_audio, ..base }, ..Prices::default() };
    let usage = Usage { cache_read: 1_000, cache_read_audio: 600, ..Usage::default() };
    assert_eq!(plain.cost_nano_usd(&usage), 30_000);
    assert_eq!(own.cost_nano_usd(&usage), 12_000 + 60_000);
    // There is no more of it than came from there.
    let wrong = Usage { cache_read_audio: 9_000, ..usage };
    assert_eq!(own.cost_nano_usd(&wrong), 100_000);
}

//! What requests cost, class by class, as it stands on the account: exact to the nano-USD.

use architrave_llm::chat::Usage;

use super::*;

/// A model whose every class has a price of its own, long prompts included; USD a million tokens.
fn priced() -> Prices {
    use TokenClass as Class;
    let mut prices = Prices::default();
    let base = [
        (Class::Input, "1.25"),
        (Class::CacheRead, "0.125"),
        (Class::CacheWrite, "1.5625"),
        (Class::CacheWrite1h, "2.5"),
        (Class::InputAudio, "40"),
        (Class::InputImage, "5"),
        (Class::Output, "10"),
        (Class::Reasoning, "7.0001"),
        (Class::OutputAudio, "80"),
        (Class::OutputImage, "30"),
    ];
    for (class, million) in base {
        prices.base.set(class, Femtos::of_million(million).unwrap());
    }
    let mut long = architrave_llm::cost::Rates::default();
    for (class, million) in
        [(Class::Input, "2.5"), (Class::CacheRead, "0.25"), (Class::Output, "15")]
    {
        long.set(class, Femtos::of_million(million).unwrap());
    }
    prices.long.push((200_000, long));
    prices
}

#[test]
fn what_stands_on_the_account_is_exact_and_rounded_up_once() {
    let usage = Usage::default;
    let cases = [
        ("nothing", usage(), 0),
        ("one token of prompt", Usage { input: 1, ..usage() }, 1_250),
        ("cached reads", Usage { input: 10, cache_read: 990, ..usage() }, 12_500 + 123_750),
        ("one cached read", Usage { cache_read: 1, ..usage() }, 125),
        ("cache writes", Usage { cache_write: 3, ..usage() }, 4_688),
        ("cache writes for an hour", Usage { cache_write_1h: 7, ..usage() }, 17_500),
        ("reasoning", Usage { output: 5, reasoning: 3, ..usage() }, 50_000 + 21_001),
        ("sound", Usage { input_audio: 100, output_audio: 50, ..usage() }, 4_000_000 + 4_000_000),
        ("images", Usage { input_image: 85, output_image: 1_000, ..usage() }, 425_000 + 30_000_000),
        ("at the border", Usage { input: 200_000, output: 1, ..usage() }, 250_000_000 + 10_000),
        ("beyond it", Usage { input: 200_001, output: 1, ..usage() }, 500_002_500 + 15_000),
        (
            "beyond it by what was cached",
            Usage { input: 1, cache_read: 200_000, reasoning: 10, ..usage() },
            2_500 + 50_000_000 + 70_001,
        ),
        (
            "all at once",
            Usage {
                input: 1,
                cache_read: 1,
                cache_write: 1,
                cache_write_1h: 1,
                input_audio: 1,
                input_image: 1,
                output: 1,
                reasoning: 1,
                output_audio: 1,
                output_image: 1,
                ..usage()
            },
            // 177,437.6 before it is rounded.
            177_438,
        ),
    ];
    let prices = priced();
    let account = account(&[money(u64::MAX / 2, Period::Month), tokens(u64::MAX / 2, Period::Day)]);
    let (mut cost_so_far, mut tokens_so_far) = (0, 0);
    for (what, usage, cost) in cases {
        assert_eq!(prices.cost_nano_usd(&usage), cost, "{what}");
        let reservation = account
            .try_reserve(at(1), wall(NOON), &ask(&prices, usage.input_total(), Some(2_000)))
            .unwrap();
        reservation.settle(Spent::new(&usage, prices.cost_nano_usd(&usage)));
        (cost_so_far, tokens_so_far) = (cost_so_far + cost, tokens_so_far + usage.total());
        let stands: Vec<_> =
            account.standings(wall(NOON)).iter().map(|one| (one.spent, one.reserved)).collect();
        assert_eq!(stands, [(tokens_so_far, 0), (cost_so_far, 0)], "{what}");
    }
}

#[test]
fn what_is_reserved_for_text_covers_whatever_becomes_of_it() {
    let prices = priced();
    let account = account(&[money(u64::MAX / 2, Period::Month)]);
    let reserved = |prompt| {
        let _held = account.try_reserve(at(1), wall(NOON), &ask(&prices, prompt, Some(100)));
        standing(&account, NOON).1
    };
    for prompt in [1, 1_000, 200_000, 200_001, 1_000_000] {
        let reserved = reserved(prompt);
        for usage in [
            Usage { input: prompt, output: 100, ..Usage::default() },
            Usage { cache_read: prompt, reasoning: 100, ..Usage::default() },
            Usage { cache_write: prompt, output: 50, reasoning: 50, ..Usage::default() },
        ] {
            assert!(prices.cost_nano_usd(&usage) <= reserved, "{usage:?}");
        }
    }
}

//! A text in pieces comes out as the text in whole, and no later than it must.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_found_is_masked_and_all_else_stays() {
    let rules = rules(&all());
    for (text, seen) in [
        ("", ""),
        ("nothing to see", "nothing to see"),
        ("Nightfall at dawn", "[masked] at dawn"),
        ("mail ann@example.com or +49 30 901820!", "mail [masked] or [masked]!"),
        ("key sk-abcdefghij0123456789XYZ.", "key [masked]."),
        ("key sk-abcdefghij.", "key sk-abcdefghij."),
        ("日本 ann@example.com 語", "日本 [masked] 語"),
        // What overlaps is masked once: the word is within the address.
        ("nightfall@example.com", "[masked]"),
        // What only touches is masked twice.
        ("123-45-6789 123-45-6789", "[masked] [masked]"),
    ] {
        assert_eq!(see_whole(&rules, text), seen);
    }
}

#[test]
fn nothing_is_held_back_but_what_may_become_something() {
    let rules = rules(&all());
    let outs = see_pieces(
        &rules,
        &["Hello, ", "my ", "ni", "ce friend ann", "@exam", "ple.com", ", bye. "],
    );
    let expected = ["Hello, ", "my ", "", "nice friend ", "", "", "[masked], bye. ", ""];
    assert_eq!(outs.unwrap(), expected);
}

#[test]
fn what_is_refused_is_told_by_its_kind_and_what_stands_before_it_is_out() {
    let rules = rules(&refusing(all()));
    let mut masker = Masker::new(&rules);
    let mut out = String::new();
    masker.push("write to ann", &mut out).unwrap();
    assert_eq!(out, "write to ");
    assert_eq!(masker.push("@example.com, x", &mut out), Err(Found { what: "email" }));
    assert_eq!(out, "write to ");
    assert_eq!(see_pieces(&rules, &["at nightf", "all"]), Err(Found { what: "keyword" }));
}

#[test]
fn a_pattern_that_could_go_on_for_ever_is_bounded() {
    let rules = rules(&config(&[], &["BEGIN.*END"], &[]));
    let filler = "x".repeat(MATCH_BYTES_MAX - 8);
    let fits = format!("a BEGIN{filler}END b");
    assert_eq!(see_whole(&rules, &fits), "a [masked] b");
    let too_long = format!("a BEGINx{filler}END b");
    assert_eq!(see_whole(&rules, &too_long), too_long);
    // Never more than that is held back.
    let mut masker = Masker::new(&rules);
    let (mut out, mut given) = (String::new(), 0);
    for _ in 0..1_000 {
        masker.push("BEGIN some words ", &mut out).unwrap();
        given += "BEGIN some words ".len();
        assert!(given - out.len() <= MATCH_BYTES_MAX + 32);
    }
}

#[test]
fn borders_and_starts_are_those_of_the_whole_text() {
    let rules = rules(&config(&[], &["^secret", r"\bcat\b", "(?m)^>.*$"], &[]));
    for (pieces, seen) in [
        (vec!["sec", "ret secret"], "[masked] secret"),
        (vec!["a secret", " secret"], "a secret secret"),
        (vec!["con", "cat ca", "t cat", "s"], "concat [masked] cats"),
        (vec!["a\n>", " said\n", "b > c"], "a\n[masked]\nb > c"),
        (vec!["écat cat", "é cat"], "écat caté [masked]"),
    ] {
        assert_eq!(see_pieces(&rules, &pieces).unwrap().concat(), seen, "{pieces:?}");
        assert_eq!(see_whole(&rules, &pieces.concat()), seen);
    }
}

#[test]
fn borders_of_words_hold_nothing_back_in_any_script() {
    let rules = rules(&config(&[], &[r"\bgeheim\w*\b"], &[]));
    let pieces = ["für ", "immer ", "und 東京 ", "über", " geheime ", "Öle."];
    let outs = ["für ", "immer ", "und 東京 ", "über", " ", "[masked] Öle.", ""];
    assert_eq!(see_pieces(&rules, &pieces).unwrap(), outs);
}

/// Texts in which much is nearly something.
fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("nightfall"),
        Just("night"),
        Just("Project Dawn"),
        Just("project"),
        Just("ann@example.com"),
        Just("ann@"),
        Just("@ex.am"),
        Just("+49 30 901820"),
        Just("415-555-0123"),
        Just("4111 1111 1111 1111"),
        Just("411111"),
        Just("DE89 3704 0044 0532 0130 00"),
        Just("GB29"),
        Just("203.0.113.7"),
        Just("2001:db8::1"),
        Just("::"),
        Just("123-45-6789"),
        Just("sk-abcdefghijklmnopqrstuvwxyz"),
        Just("sk-abc"),
        Just(" "),
        Just("."),
        Just("\n"),
        Just("é"),
        Just("東京"),
        Just("12"),
        Just("x"),
    ];
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

/// The text cut at these shares of its length.
fn cut<'t>(text: &'t str, cuts: &[prop::sample::Index]) -> Vec<&'t str> {
    let places = text.char_indices().map(|(at, _)| at).collect::<Vec<_>>();
    let mut at: Vec<_> = cuts
        .iter()
        .filter(|_| !places.is_empty())
        .map(|cut| places[cut.index(places.len())])
        .chain([0, text.len()])
        .collect();
    at.sort_unstable();
    at.windows(2).map(|two| &text[two[0]..two[1]]).collect()
}

/// What each thing that is sought finds in the whole text, put together: what must come out, told
/// without any of the machinery of pieces.
fn plainly(rules: &Rules, text: &str) -> String {
    let mut ranges = Vec::new();
    for sought in &rules.sought {
        sought.seek(sought::Seen { text, from: 0, is_whole: true }, &mut ranges);
    }
    ranges.sort_by_key(|range| range.start);
    let (mut out, mut at) = (String::new(), 0);
    let mut open: Option<std::ops::Range<usize>> = None;
    for range in ranges {
        match &mut open {
            Some(open) if range.start < open.end => open.end = open.end.max(range.end),
            _ => {
                if let Some(done) = open.replace(range) {
                    out.push_str(&text[at..done.start]);
                    out.push_str(&rules.mask);
                    at = done.end;
                }
            }
        }
    }
    if let Some(done) = open {
        out.push_str(&text[at..done.start]);
        out.push_str(&rules.mask);
        at = done.end;
    }
    out + &text[at..]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_text_in_pieces_comes_out_as_the_whole(
        text in texts(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let rules = all_rules();
        let pieces = see_pieces(rules, &cut(&text, &cuts)).unwrap().concat();
        prop_assert_eq!(&pieces, &plainly(rules, &text));
        let letters: Vec<_> = text.split("").collect();
        prop_assert_eq!(&see_pieces(rules, &letters).unwrap().concat(), &pieces);
    }

    #[test]
    fn patterns_of_any_sort_find_the_same_in_pieces(
        text in "[ab c\n0é]{0,60}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        pattern in prop_oneof![
            Just("a+b"), Just("a.*c"), Just("a.*?c"), Just("(?s)b.*b"), Just(r"\ba"), Just(r"a\b"),
            Just("^a"), Just("c$"), Just("(?m)^b+$"), Just("a|ab|abc"), Just("[^a]+a"),
            Just("(?i)É"), Just(r"\w+\s\w"), Just("aa|bb(?:cc)?"), Just(r"a\b|ab"),
            Just(r"\b(?:a|é).*?c\b"), Just(r"\Bb\B|\bc"),
        ],
    ) {
        let rules = rules(&config(&[], &[pattern], &[]));
        let whole = Regex::new(pattern).unwrap().replace_all(&text, "[masked]").into_owned();
        let pieces = see_pieces(&rules, &cut(&text, &cuts)).unwrap().concat();
        prop_assert_eq!(&pieces, &whole, "{} in {:?}", pattern, cut(&text, &cuts));
        let letters: Vec<_> = text.split("").collect();
        prop_assert_eq!(&see_pieces(&rules, &letters).unwrap().concat(), &whole);
    }

    #[test]
    fn what_is_refused_in_whole_is_refused_in_pieces(
        text in texts(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        static REFUSING: LazyLock<Arc<Rules>> = LazyLock::new(|| rules(&refusing(all())));
        let whole = see_pieces(&REFUSING, &[&text]).is_err();
        prop_assert_eq!(see_pieces(&REFUSING, &cut(&text, &cuts)).is_err(), whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn long_texts_in_pieces_come_out_as_the_whole_whatever_is_too_long_for_a_match(
        runs in prop::collection::vec(
            (prop::sample::select(&["BEGIN", "END", "a", " ", "x\n", "東"][..]), 1_usize..1_500),
            1..12,
        ),
        step in 1_usize..900,
        pattern in prop_oneof![
            Just("BEGIN.*END"), Just("BEGIN.*?END"), Just("a+"), Just(r"\ba+\b"), Just("(?s)a.*x"),
            Just("(?:BEGIN|END)+ "), Just("東[^x]*x"),
        ],
    ) {
        let text: String = runs.iter().map(|(word, times)| word.repeat(*times)).collect();
        let rules = rules(&config(&[], &[pattern], &[]));
        let mut places: Vec<_> = text.char_indices().map(|(at, _)| at).step_by(step).collect();
        places.push(text.len());
        let pieces: Vec<_> = places.windows(2).map(|two| &text[two[0]..two[1]]).collect();
        let seen = see_pieces(&rules, &pieces).unwrap().concat();
        prop_assert!(seen == see_whole(&rules, &text), "{} by {}: {:?}", pattern, step, runs);
    }
}

/// Arguments of tools seen through in pieces, each cut in two at every place.
fn see_arguments(text: &str) -> String {
    let see = |pieces: &[&str]| {
        let (mut screen, mut out) =
            (json_screen::JsonScreen::new(&[Arc::clone(all_rules())]), String::new());
        pieces.iter().for_each(|piece| screen.push(piece, &mut out).unwrap());
        screen.finish(&mut out).unwrap();
        out
    };
    let whole = see(&[text]);
    for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        assert_eq!(see(&[&text[..at], &text[at..]]), whole, "{text} at {at}");
    }
    whole
}

#[test]
fn arguments_that_are_no_json_are_a_text_from_there_on() {
    for (said, seen) in [
        (r#"{"to": "ann@example.com", "ok": [true,false,null,-1.5]}"#, None),
        ("tell ann@example.com of nightfall", Some("tell [masked] of [masked]")),
        (" 415-555-0123", Some(" [masked]")),
        ("4111 1111 1111 1111", Some("[masked]")),
        (r#"{"to": ann@example.com}"#, Some(r#"{"to": [masked]}"#)),
        (r#"{"a":1} project dawn"#, Some(r#"{"a":1} [masked]"#)),
        (r#"{"a":nulls, 'b': 'nightfall'}"#, Some(r#"{"a":nulls, 'b': '[masked]'}"#)),
        (r#""so", she said, "nightfall""#, Some(r#""so", she said, "[masked]""#)),
        ("東京 nightfall", Some("東京 [masked]")),
    ] {
        let expected = said.replace("ann@example.com", "[masked]");
        assert_eq!(see_arguments(said), seen.unwrap_or(&expected));
    }
}

//! Streams over all pairs, at any cut.

use architrave_llm::dialect::Dialect;
use architrave_llm::pass::PassedStream;
use architrave_llm::translate::StreamTranslation;
use proptest::prelude::*;

use crate::fixtures::{self, context};

fn pieces<'b>(bytes: &'b [u8], cuts: &[usize]) -> Vec<&'b [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}

fn translate(from: Dialect, to: Dialect, cuts: &[usize]) -> (String, StreamTranslation) {
    let bytes = fixtures::stream(from);
    let mut translation =
        StreamTranslation::new((from, from.framing()), (to, to.framing()), &context());
    let mut out = Vec::new();
    for piece in pieces(&bytes, cuts) {
        translation.push(piece, &mut out);
    }
    translation.end(&mut out);
    (String::from_utf8_lossy(&out).into_owned(), translation)
}

#[test]
fn a_stream_that_breaks_off_ends_with_an_error_of_the_client() {
    for &from in Dialect::ALL {
        for &to in Dialect::ALL {
            let bytes = fixtures::stream(from);
            let mut translation =
                StreamTranslation::new((from, from.framing()), (to, to.framing()), &context());
            let mut out = Vec::new();
            translation.push(&bytes[..bytes.len() / 2], &mut out);
            translation.end(&mut out);
            assert_eq!(translation.error().unwrap().status, 502);
            assert!(String::from_utf8_lossy(&out).contains("broke off"), "{from:?} to {to:?}");
            assert!(translation.answer_bytes() > 0);
        }
    }
}

/// What a client of a dialect gets of a call that Google has signed, in a stream.
fn signed_call(to: Dialect) -> String {
    let stream = b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"id\":\"c\",\
        \"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"c2ln\"}]},\"finishReason\":\"STOP\"}]}\n\n";
    let gemini = Dialect::GeminiGenerateContent;
    let from = (gemini, gemini.framing());
    let mut translation = StreamTranslation::new(from, (to, to.framing()), &context());
    let mut out = Vec::new();
    translation.push(stream, &mut out);
    translation.end(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn the_signature_of_a_call_is_told_only_as_clients_can_read_it() {
    let chat = signed_call(Dialect::OpenaiChat);
    let pieces: Vec<_> = chat.matches("\"tool_calls\":[{").collect();
    assert_eq!(chat.matches("\"function\":{").count(), pieces.len(), "{chat}");
    assert!(chat.contains("\"thought_signature\":\"c2ln\""));
    for to in [Dialect::BedrockConverse, Dialect::AnthropicMessages, Dialect::CohereChat] {
        let stream = signed_call(to);
        assert!(!stream.to_ascii_lowercase().contains("signature"), "{to:?}: {stream}");
    }
}

#[test]
fn usage_is_the_same_watched_and_translated() {
    for &from in Dialect::ALL {
        let bytes = fixtures::stream(from);
        let (_, translation) = translate(from, from, &[]);
        let mut passed = PassedStream::new(from, from.framing());
        passed.see(&bytes);
        passed.end();
        assert!(passed.usage().is_some());
        assert_eq!(passed.usage(), translation.usage());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_gives_the_same_bytes(cuts in prop::collection::vec(any::<usize>(), 0..40)) {
        for &from in Dialect::ALL {
            for &to in Dialect::ALL {
                let (whole, _) = translate(from, to, &[]);
                let (cut, _) = translate(from, to, &cuts);
                prop_assert_eq!(&whole, &cut);
            }
        }
    }

    #[test]
    fn any_cut_gives_the_same_usage(cuts in prop::collection::vec(any::<usize>(), 0..40)) {
        for &from in Dialect::ALL {
            let bytes = fixtures::stream(from);
            let mut whole = PassedStream::new(from, from.framing());
            whole.see(&bytes);
            let mut cut = PassedStream::new(from, from.framing());
            pieces(&bytes, &cuts).into_iter().for_each(|piece| cut.see(piece));
            cut.end();
            prop_assert_eq!(whole.usage(), cut.usage());
        }
    }
}

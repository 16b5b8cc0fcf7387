//! Forms as clients send them, forms that two readers would read apart, and all of them at any cut.

use proptest::prelude::*;

use super::{Multipart, MultipartError, MultipartLimits};
use crate::scan::{Splice, Watched};
use crate::surface::Surface;

const TYPE: &str = "multipart/form-data; boundary=xX";

fn start(content_type: &str) -> Result<Multipart, MultipartError> {
    let limits = MultipartLimits { parts_max: 4, head_bytes_max: 128, value_bytes_max: 24 };
    Multipart::new(content_type, Surface::OpenaiTranscription.watch(), limits)
}

fn read(pieces: &[&[u8]]) -> Result<Multipart, MultipartError> {
    let mut form = start(TYPE)?;
    pieces.iter().try_for_each(|piece| form.push(piece))?;
    form.finish()?;
    Ok(form)
}

/// A form of parts given as head and content.
fn form(parts: &[(&str, &str)]) -> String {
    let part = |(head, content): &(&str, &str)| {
        format!("--xX\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--xX--\r\n"
}

fn audio() -> String {
    let file = "name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav";
    let sound = "RIFF\r\n--x\r\n--xY\n\r\r\n-\0";
    form(&[(file, sound), ("name=model", "whisper-1"), ("name=\"stream\"", "True")])
}

#[test]
fn the_model_is_found_wherever_it_stands() {
    let text = audio();
    let form = read(&[text.as_bytes()]).unwrap();
    assert_eq!(form.text(Watched::Model), Some("whisper-1"));
    assert_eq!(&text[form.span(Watched::Model).unwrap()], "whisper-1");
    assert!(form.is_true(Watched::Stream));
    assert_eq!((form.count(Watched::Choices), form.part_count()), (None, 3));
}

#[test]
fn where_the_content_of_each_part_lies_is_told_however_it_is_cut() {
    let text = audio();
    for cut in 0..=text.len() {
        let form = read(&[&text.as_bytes()[..cut], &text.as_bytes()[cut..]]).unwrap();
        let told = form.contents().iter().map(|it| (it.name.as_str(), &text[it.span.clone()]));
        let sound = "RIFF\r\n--x\r\n--xY\n\r\r\n-\0";
        let expected = [("file", sound), ("model", "whisper-1"), ("stream", "True")];
        assert_eq!(told.collect::<Vec<_>>(), expected, "{cut}");
    }
}

#[test]
fn files_are_found_however_they_are_called_and_cut() {
    let text = form(&[
        ("name=purpose", "batch"),
        ("name=\"file\"", "one\r\n"),
        ("name=\"x\"; filename=\"f\"", "two"),
        ("name=user", "u"),
    ]);
    let mut bytewise = start(TYPE).unwrap();
    text.as_bytes().chunks(1).for_each(|byte| bytewise.push(byte).unwrap());
    for form in [read(&[text.as_bytes()]).unwrap(), bytewise] {
        let files = form.contents().iter().filter(|content| content.is_file);
        let files = files.map(|content| &text[content.span.clone()]);
        assert_eq!(files.collect::<Vec<_>>(), ["one\r\n", "two"]);
    }
}

#[test]
fn the_model_is_known_before_the_form_ends() {
    let mut form = start(TYPE).unwrap();
    let text = self::form(&[("name=\"model\"", "m"), ("name=\"file\"; filename=\"f\"", "")]);
    let cut = text.find("filename").unwrap();
    form.push(&text.as_bytes()[..cut]).unwrap();
    assert_eq!(form.text(Watched::Model), Some("m"));
    assert_eq!(form.finish(), Err(MultipartError::Unfinished));
}

#[track_caller]
fn check_renamed(text: &str, renamed: &str) {
    let form = read(&[text.as_bytes()]).unwrap();
    let mut splice = Splice::new();
    form.set_text(&mut splice, Watched::Model, "other");
    assert_eq!(String::from_utf8(splice.apply(text.as_bytes())).unwrap(), renamed);
}

#[test]
fn another_model_is_named_and_nothing_else_changes() {
    check_renamed(&audio(), &audio().replace("whisper-1", "other"));
    check_renamed(
        &form(&[("name=\"model\"", ""), ("name=\"a\"", "b")]),
        &form(&[("name=\"model\"", "other"), ("name=\"a\"", "b")]),
    );
    // Azure's clients may leave it to the path.
    let without = form(&[("name=\"a\"", "b")]);
    let with = form(&[("name=\"model\"", "other"), ("name=\"a\"", "b")]);
    check_renamed(&without, &with);
    check_renamed(&format!("\r\n{without}"), &format!("\r\n{with}"));
}

#[track_caller]
fn check_refused(text: &str, why: &str) {
    let error = read(&[text.as_bytes()]).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn what_readers_would_read_apart_is_refused() {
    let sound = form(&[("name=\"model\"", "a")]);
    check_refused(&format!("preamble\r\n{sound}"), "does not begin with its boundary");
    check_refused(&format!("{sound}more"), "goes on after its end");
    check_refused(&sound.replace("\r\n--xX--", "\n--xX--"), "without CR");
    check_refused(&sound.replace("--xX--", "--xXY\r\n\r\n--xX--"), "only starts like a delimiter");
    check_refused(&sound.replace("\r\n\r\na", "\r\n"), "without content");
    check_refused(&sound.replace("Content-Disposition: ", " folded: "), "broken line");
    check_refused(&sound.replace("Content-Disposition", "X-Other"), "without a name");
    check_refused(&sound.replace("name=", "name*="), "wrong content disposition");
    check_refused(&sound.replace("name=", "name=\"b\"; name="), "wrong content disposition");
    check_refused(&sound.replace("form-data", "attachment"), "wrong content disposition");
    let twice = "Content-Disposition: form-data; name=\"b\"\r\nContent-Disp";
    check_refused(&sound.replace("Content-Disp", twice), "two names");
    check_refused(&form(&[("name=\"model\"", "a"), ("name=model", "b")]), "`model` is said twice");
    check_refused(&form(&[("name=\"model\"; filename=\"m\"", "a")]), "and not a file");
    let encoded = "name=\"model\"\r\nContent-Transfer-Encoding: base64";
    check_refused(&form(&[(encoded, "YQ==")]), "and not a file");
    check_refused("--xX\r\n\r\na\r\n--xX--", "without a head");
    check_refused("--xX\r\na\r\n\r\na\r\n--xX--", "wrong head");
    check_refused("", "ends before");
    check_refused(&sound.replace("--xX--", "--xX"), "ends before");
    let bytes = [b"--xX\r\nContent-Disposition: form-data; name=model\r\n\r\n\xff\r\n--xX--"];
    assert_eq!(read(&[bytes[0]]).unwrap_err(), MultipartError::NotText { part: "model" });
}

#[test]
fn limits_hold() {
    let many = [("name=a", "b"); 5];
    check_refused(&form(&many), "more than 4 parts");
    check_refused(&form(&[("name=\"model\"", &"m".repeat(25))]), "`model` is longer than 24 bytes");
    assert!(read(&[form(&[("name=\"model\"", &"m".repeat(24))]).as_bytes()]).is_ok());
    let long = format!("name=\"{}\"", "n".repeat(128));
    check_refused(&form(&[(&long, "")]), "longer than 128 bytes");
    assert!(read(&[form(&[("name=a", &"\r\n-".repeat(9_999))]).as_bytes()]).is_ok());
}

#[test]
fn only_forms_with_a_sound_boundary_are_read() {
    for sound in [
        "Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"",
        "multipart/form-data; boundary=----WebKitFormBoundaryx",
        "multipart/form-data; boundary=a;",
    ] {
        assert!(start(sound).is_ok(), "{sound}");
    }
    for (wrong, error) in [
        ("application/json", MultipartError::NotAForm),
        ("multipart/mixed; boundary=a", MultipartError::NotAForm),
        ("multipart/form-data", MultipartError::NoBoundary),
        ("multipart/form-data; boundary=", MultipartError::NoBoundary),
        ("multipart/form-data; boundary=a; boundary=b", MultipartError::NoBoundary),
        ("multipart/form-data; boundary=\"a", MultipartError::NoBoundary),
        ("multipart/form-data; boundary=\"a \"", MultipartError::NoBoundary),
        ("multipart/form-data; boundary=a\u{e9}", MultipartError::NoBoundary),
        ("multipart/form-data; boundary=a b", MultipartError::NoBoundary),
    ] {
        assert_eq!(start(wrong).unwrap_err(), error, "{wrong}");
    }
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    assert_eq!(start(&long).unwrap_err(), MultipartError::NoBoundary);
}

/// What is found, or why the body is refused.
fn found(pieces: &[&[u8]]) -> Result<Vec<(String, usize)>, MultipartError> {
    let form = read(pieces)?;
    let all = [Watched::Model, Watched::Stream, Watched::Choices, Watched::User];
    let value = |one| Some((form.text(one)?.to_owned(), form.span(one)?.start));
    Ok(all.into_iter().filter_map(value).collect())
}

proptest! {
    #[test]
    fn any_cut_finds_the_same(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "--xX", "\r\n", "\r", "\n", "-", "--xX--", "x", "\r\n--xX\r\n", "\r\n--xX--\r\n",
                "Content-Disposition: form-data; name=\"model\"\r\n\r\n",
                "Content-Disposition: form-data; name=\"n\"\r\n\r\n", "model", ":", " ",
            ]),
            0..14,
        ),
        opens in any::<bool>(),
        mut cuts in proptest::collection::vec(0usize..400, 0..6),
    ) {
        let head = if opens { "--xX\r\nContent-Disposition: form-data; name=user\r\n\r\n" } else { "" };
        let text = head.to_owned() + &words.concat();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            let cut = cut.min(text.len());
            pieces.push(&text.as_bytes()[from..cut]);
            from = cut;
        }
        pieces.push(&text.as_bytes()[from..]);
        prop_assert_eq!(found(&pieces), found(&[text.as_bytes()]));
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        prop_assert_eq!(found(&bytes), found(&[text.as_bytes()]));
    }

    #[test]
    fn any_bytes_are_survived(body in proptest::collection::vec(any::<u8>(), 0..200), kind in ".{0,40}") {
        let _ = read(&[&body]);
        let _ = read(&[b"--xX\r\n", &body]);
        let _ = start(&kind);
        let _ = start(&format!("multipart/form-data;{kind}"));
    }
}

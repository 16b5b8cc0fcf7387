//! Tables of paths and their canonical spelling, and what holds for every path.

use proptest::prelude::*;

use super::*;

fn canonical(path: &str) -> Result<String, PathError> {
    // Not empty, to see that what was there is replaced.
    let mut out = String::from("before");
    canonicalize(path, &mut out).map(|()| out)
}

#[track_caller]
fn check(path: &str, expected: &str) {
    assert_eq!(canonical(path).as_deref(), Ok(expected), "{path}");
}

#[track_caller]
fn refused(path: &str, expected: PathError) {
    assert_eq!(canonical(path), Err(expected), "{path}");
}

#[test]
fn canonical_paths_stay_as_they_are() {
    for path in [
        "/",
        "/a",
        "/a/",
        "/a/b.c/d-e_f~g",
        "/a;x=1/b",
        "/a:b@c",
        "/!$&'()*+,;=",
        "/...",
        "/.a",
        "/a.",
        "/..a/a..",
        "/.well-known/x",
        "/%20",
        "/a%2Fb",
        "/%3A%3B",
        "/%25",
        "/%252e%252e%252f",
        "/%C3%A4",
        "/a%0D%0Ab",
        "/;a",
        "/a;..",
        "/a%2Fb..",
        "/.../x",
        "/%2F",
        "/a%2F",
        "/..a;b",
        "/.a%2F",
    ] {
        check(path, path);
    }
    assert!(is_plain("/a/b.c;d") && !is_plain("/.well-known") && !is_plain("a") && !is_plain(""));
}

#[test]
fn another_spelling_of_the_same_is_told_from_another_path() {
    for (received, canonical) in [
        ("/a/b", "/a/b"),
        ("/a//b", "/a/b"),
        ("/a/b//", "/a/b/"),
        ("/a%2fb", "/a%2Fb"),
        ("/%61%7e", "/a~"),
        ("/a%3bx", "/a%3Bx"),
        ("/a;x=1", "/a;x=1"),
        ("/", "/"),
    ] {
        assert!(is_spelling_of(received, canonical), "{received}");
    }
    for (received, canonical) in [
        ("/a/b", "/a"),
        ("/a/../b", "/b"),
        ("/a/%2e%2E/b", "/b"),
        ("/a/%2e/b", "/a/b"),
        ("/a/.", "/a/"),
        ("//a", "/a"),
        ("///a", "/a"),
        ("/a/..%2fb", "/a/..%2Fb"),
        ("/a/..;x", "/a/..;x"),
        ("/a|b", "/a%7Cb"),
        ("/a%", "/a%"),
        ("/a%5cb", "/a%5Cb"),
        ("a", "/a"),
        ("*", "/"),
    ] {
        assert!(!is_spelling_of(received, canonical), "{received}");
    }
}

#[test]
fn spellings_become_one() {
    check("/%41%7a%30%2d%5F%7E", "/Az0-_~");
    check("/%c3%a4%3a%2f", "/%C3%A4%3A%2F");
    check("/a[0]|{b}^`\"<>", "/a%5B0%5D%7C%7Bb%7D%5E%60%22%3C%3E");
    check("/%5b%5B[", "/%5B%5B%5B");
    check("/%252E", "/%252E");
}

#[test]
fn dot_segments_are_resolved() {
    for (path, expected) in [
        ("/.", "/"),
        ("/./", "/"),
        ("/a/.", "/a/"),
        ("/a/./b", "/a/b"),
        ("/a/..", "/"),
        ("/a/../", "/"),
        ("/a/../b", "/b"),
        ("/a/b/../../c", "/c"),
        ("/a/b/..", "/a/"),
        ("/a/%2e%2E/b", "/b"),
        ("/a/.%2e/b", "/b"),
        ("/a/%2e/b", "/a/b"),
        ("/a%2Fb/../c", "/c"),
        ("/%61/../a", "/a"),
    ] {
        check(path, expected);
    }
    for path in ["/..", "/../", "/../a", "/a/../..", "/./..", "//..", "/%2e%2e", "/a/../../b"] {
        refused(path, PathError::AboveRoot);
    }
}

#[test]
fn slashes_are_merged() {
    check("//", "/");
    check("///a////b//", "/a/b/");
    check("//host/a", "/host/a");
    check("/a//../b", "/b");
    check("/a/.//b", "/a/b");
}

#[test]
fn what_endpoints_read_differently_is_refused() {
    for path in [
        "/..%2f",
        "/a/..%2Fb",
        "/a%2f..",
        "/a%2f%2e%2e",
        "/%2e%2e%2fa",
        "/a%2f.%2fb",
        "/.%2f",
        "/%2F..%2F",
        "/..;",
        "/..;/a",
        "/a/..;x=1/b",
        "/.;x",
        "/%2e%2e;x",
        "/..%3b",
        "/..%3Bx/a",
        "/a%2F..;x",
        "/..;%2F",
    ] {
        refused(path, PathError::HiddenDots);
    }
    for path in ["/a\\b", "/a%5cb", "/..\\", "/%5C..", "\\a"] {
        let expected =
            if path.starts_with('/') { PathError::Backslash } else { PathError::NotAbsolute };
        refused(path, expected);
    }
    for path in ["/%", "/%4", "/%4/1", "/%zz", "/%4g", "/a%", "/%%41", "/%u0041", "/%+1", "/% 1"] {
        refused(path, PathError::Encoding);
    }
    refused("/%00", PathError::Nul);
    refused("/a%00.png", PathError::Nul);
    for path in ["/a b", "/a?b", "/a#b", "/\t", "/\u{7f}", "/\0", "/\u{e4}", "/a\r\n"] {
        refused(path, PathError::Byte);
    }
    for path in ["", "a", "*", "a/b", "http://a/", ".", "%2F"] {
        refused(path, PathError::NotAbsolute);
    }
}

/// What a path says once decoded, segment by segment, with dot segments resolved: the meaning that
/// must not change, found in a way that has nothing in common with the code.
fn meaning(path: &str) -> Option<Vec<Vec<u8>>> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let mut decoded = Vec::new();
        let mut rest = segment.as_bytes();
        while let [first, more @ ..] = rest {
            rest = more;
            if *first == b'%' {
                let hex = std::str::from_utf8(more.get(..2)?).ok()?;
                decoded.push(u8::from_str_radix(hex, 16).ok()?);
                rest = &more[2..];
            } else {
                decoded.push(*first);
            }
        }
        match decoded.as_slice() {
            b"." => {}
            b".." => drop(kept.pop()?),
            _ => kept.push(decoded),
        }
    }
    Some(kept)
}

fn paths() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-c~]",
        3 => Just("/".to_owned()),
        3 => Just(".".to_owned()),
        1 => prop::sample::select(vec![
            "%2e", "%2E", "%2f", "%2F", "%5c", "%00", "%41", "%c3", ";", "%3b", "%", "%25", "\\", "//",
            "/../", "[", "|", ":", "\u{e4}", " ", "?",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #[test]
    fn canonical_once_is_canonical_for_good(path in paths()) {
        if let Ok(once) = canonical(&path) {
            prop_assert_eq!(canonical(&once), Ok(once.clone()));
            prop_assert!(once.starts_with('/') && once.is_ascii());
            prop_assert!(!once.contains("//") && !once.contains('\\') && !once.contains("%5C"));
            prop_assert!(once.split('/').all(|segment| segment != "." && segment != ".."));
            prop_assert_eq!(meaning(&once), meaning(&path));
        }
        if is_plain(&path) {
            prop_assert_eq!(canonical(&path), Ok(path));
        }
    }

    #[test]
    fn an_endpoint_that_decodes_everything_sees_no_climbing(path in paths()) {
        if let Ok(once) = canonical(&path) {
            let decoded = once.replace("%2F", "/").replace("%3B", ";");
            for segment in decoded.split('/') {
                let name = segment.split(';').next().unwrap_or("");
                prop_assert!(name != ".." && name != ".", "{} from {}", once, path);
            }
        }
    }

    #[test]
    fn any_text_is_refused_or_made_canonical(path in any::<String>()) {
        if let Ok(once) = canonical(&path) {
            prop_assert_eq!(canonical(&once), Ok(once.clone()));
        }
    }
}

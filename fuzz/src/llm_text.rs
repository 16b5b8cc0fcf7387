//! Claims about what `architrave-llm` reads beside chat from any bytes at all: bodies as they are
//! scanned, streams as they are cut, forms, paths, the catalogue, price lists, credentials' files.

use std::ops::Range;

use architrave_llm::auth::{AccessToken, ServiceAccount, TokenUri};
use architrave_llm::catalog::{Model, PriceMap, Provider};
use architrave_llm::dialect::Dialect;
use architrave_llm::frame::{FrameReader, Framing};
use architrave_llm::json::is_object;
use architrave_llm::multipart::{Multipart, MultipartError, MultipartLimits};
use architrave_llm::scan::{Scan, ScanError, ScanLimits, Scanned, Splice, Watched};
use architrave_llm::surface::{Surface, nearest};

use crate::llm::Entry;

/// Every target with its entry; seeds are in `corpus/<name>`.
pub const ENTRIES: &[(&str, Entry)] = &[
    ("llm_scan", llm_scan),
    ("llm_frame", llm_frame),
    ("llm_multipart", llm_multipart),
    ("llm_path", llm_path),
    ("llm_catalog", llm_catalog),
    ("llm_account", llm_account),
];

/// The first bytes say the dialect and how the body is cut, which makes no difference. A body that
/// is taken is an object, and is one still when its model is set, which it then says.
pub fn llm_scan(bytes: &[u8]) {
    let [first, cut, body @ ..] = bytes else { return };
    let watch = Dialect::ALL[usize::from(*first) % Dialect::ALL.len()].watch();
    let scan = |piece: usize| -> Result<Scanned, ScanError> {
        let mut scan = Scan::new(watch, ScanLimits { depth_max: 16, fields_max: 32 });
        body.chunks(piece.max(1)).try_for_each(|piece| scan.push(piece))?;
        scan.finish()
    };
    let whole = scan(body.len());
    assert_eq!(whole, scan(usize::from(*cut % 32) + 1));
    let (Ok(scanned), Ok(text)) = (whole, str::from_utf8(body)) else { return };
    assert!(is_object(text));
    for watched in [Watched::Model, Watched::OutputTokensMax, Watched::Stream] {
        if watch.member(watched).is_none() {
            continue;
        }
        let mut splice = Splice::new();
        splice.set(&scanned, watch, watched, b"7".to_vec());
        let edited = splice.apply(body);
        let again = Scanned::whole(&edited, watch);
        let again = again.unwrap_or_else(|error| {
            panic!("{watched:?}: {error}: {}", String::from_utf8_lossy(&edited))
        });
        assert_eq!(again.count(watched, &edited), Some(7), "{watched:?}");
    }
}

/// The first bytes say the framing and how the stream is cut, which makes no difference.
pub fn llm_frame(bytes: &[u8]) {
    let [framing, cut, rest @ ..] = bytes else { return };
    let framing = match framing % 3 {
        0 => Framing::Sse,
        1 => Framing::AwsEvents,
        _ => Framing::JsonArray,
    };
    let read = |piece: usize| {
        let mut events = Vec::new();
        let mut reader = FrameReader::new(framing);
        let mut each =
            |frame: Result<architrave_llm::frame::Frame<'_>, _>| {
                events.push(frame.map(|frame| {
                    (frame.name.to_owned(), frame.is_exception, frame.data.to_owned())
                }));
            };
        rest.chunks(piece.max(1)).for_each(|piece| reader.push(piece, &mut each));
        reader.end(&mut each);
        events
    };
    assert_eq!(read(rest.len()), read(usize::from(*cut % 32) + 1));
}

/// The first byte says how the form is cut, which makes no difference; its boundary is `b`. A form
/// that is taken is one still when its model is set, which it then says.
pub fn llm_multipart(bytes: &[u8]) {
    let Some((cut, body)) = bytes.split_first() else { return };
    let Some(asked) = Surface::of("POST", "/v1/audio/transcriptions", "") else {
        panic!("transcriptions are asked for there");
    };
    let watch = asked.surface.watch();
    let look = |body: &[u8], piece: usize| -> Result<Multipart, MultipartError> {
        let limits = MultipartLimits { parts_max: 8, head_bytes_max: 256, value_bytes_max: 64 };
        let mut form = Multipart::new("multipart/form-data; boundary=b", watch, limits)?;
        body.chunks(piece.max(1)).try_for_each(|piece| form.push(piece))?;
        form.finish()?;
        Ok(form)
    };
    let seen = |form: &Result<Multipart, MultipartError>| -> Result<_, MultipartError> {
        let form = form.as_ref().map_err(Clone::clone)?;
        let span: Option<Range<usize>> = form.span(Watched::Model);
        Ok((form.part_count(), span, form.text(Watched::Model).map(str::to_owned)))
    };
    let whole = look(body, body.len());
    assert_eq!(seen(&whole), seen(&look(body, usize::from(*cut % 32) + 1)));
    let Ok(form) = whole else { return };
    let mut splice = Splice::new();
    form.set_text(&mut splice, Watched::Model, "mine");
    let edited = splice.apply(body);
    // One part more may be one too many.
    if let Ok(again) = look(&edited, edited.len()) {
        assert!(form.part_count() == 0 || again.text(Watched::Model) == Some("mine"));
    }
}

/// A line with the path, one with the query, one with a model. Whatever they are, a path that we
/// make for a model is one of the dialect, and names no other model.
pub fn llm_path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.splitn(3, '\n');
    let path = lines.next().unwrap_or_default();
    let query = lines.next().unwrap_or_default();
    let model = lines.next().unwrap_or_default();
    let _ = nearest("GET", path);
    for method in ["GET", "POST", "DELETE"] {
        let _ = Surface::of(method, path, query);
    }
    for &dialect in Dialect::ALL {
        let address = dialect.address(path, query);
        let stream = address.as_ref().and_then(|address| address.stream);
        let named = address.and_then(|address| address.model);
        for model in named.as_deref().into_iter().chain([model]) {
            let address = architrave_llm::dialect::Address {
                model: Some(model.into()),
                stream: Some(stream.unwrap_or(false)),
                framing: None,
            };
            let made = dialect.path(&address);
            assert!(made.starts_with('/') && made.bytes().all(|byte| byte.is_ascii_graphic()));
            let (path, query) = made.split_once('?').unwrap_or((&made, ""));
            assert!(!path.contains("/../") && !path.contains("/./") && !path.contains('#'));
            let path = format!("/v1{}", path.trim_start_matches("/v1"));
            let Some(again) = dialect.address(&path, query) else { continue };
            let bare = |name: &str| name.strip_prefix("models/").unwrap_or(name).to_owned();
            let model = bare(model);
            if let Some(named) = again.model.filter(|_| !matches!(model.as_str(), "" | "." | ".."))
            {
                assert_eq!(bare(&named), model, "{dialect:?} {made}");
            }
        }
    }
}

/// A row that is taken says the same when it is written and read again, and so does each row that
/// comes of a price list.
pub fn llm_catalog(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let rows = if PriceMap::is_one(&text) {
        let read = PriceMap::read(&text, |name| name.len() == 3);
        let Ok(list) = read else { return };
        assert_eq!(list.rows.lines().count(), list.taken);
        list.rows
    } else {
        text.into_owned()
    };
    for line in rows.lines() {
        let Some((name, words)) = line.trim().split_once(char::is_whitespace) else { continue };
        let row = |name: &str, words: &str| -> Option<String> {
            if name.contains('/') {
                Model::read(name, words).ok().map(|model| model.to_string())
            } else {
                Provider::read(name, words).ok().map(|provider| provider.to_string())
            }
        };
        let Some(once) = row(name, words) else { continue };
        let (name, words) = once.split_once(' ').expect("a row has words");
        assert_eq!(row(name, words).as_ref(), Some(&once));
    }
}

/// Whatever stands in a file of a service account, it is survived; a token that is taken can stand
/// in a header, and a place for tokens is one that is plain to everybody.
pub fn llm_account(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = ServiceAccount::read(&text);
    if let Ok(token) = AccessToken::read(&text) {
        let shown = token.token.expose();
        assert!(!shown.is_empty() && shown.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }
    for line in text.lines() {
        if let Some(place) = TokenUri::parse(line) {
            assert!(!place.host().is_empty() && place.path_and_query().starts_with('/'));
            assert!(place.is_loopback() || line.starts_with("https://"));
        }
    }
}

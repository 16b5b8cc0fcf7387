//! Where the links of requests lead that a provider fetches for its model: to the open web, to
//! files that Gemini keeps, or to where nobody gets at but by the account of the operator.
//!
//! A link is read once, to what whoever fetches it would make of it; whatever is spelt so that two
//! could read it differently leads to the operator's own.

/// Versions of the API that there are or were.
const VERSIONS: [&str; 4] = ["v1beta", "v1", "v1alpha", "v1beta1"];
/// No link is longer; what is longer and has no scheme are the bytes themselves.
const LINK_BYTES_MAX: usize = 16 * 1024;
/// No name of a file is longer; Gemini's have 40 letters.
const ID_BYTES_MAX: usize = 128;

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leads {
    /// To the file of that id at Gemini.
    ToFile(String),
    /// To where anybody gets at, or nowhere: it is the bytes.
    Elsewhere,
    /// To what is open to the operator's account, or nobody can tell.
    ToOwn,
}

/// Where a link leads that stands where Gemini has the links to its files.
pub(super) fn of_file(link: &str) -> Leads {
    match split(link) {
        Split::Bytes => Leads::Elsewhere,
        Split::Own => Leads::ToOwn,
        Split::Web { host, path } => of_web(&host, &path, true),
        Split::Bare(path) => plain_file(&path).map_or(Leads::ToOwn, Leads::ToFile),
    }
}

/// Where a link leads that stands where other families have links or bytes.
pub(super) fn of_media(link: &str) -> Leads {
    match split(link) {
        Split::Bytes => Leads::Elsewhere,
        Split::Own => Leads::ToOwn,
        Split::Web { host, path } => of_web(&host, &path, false),
        Split::Bare(path) => plain_file(&path).map_or(Leads::Elsewhere, Leads::ToFile),
    }
}

/// A link taken apart.
enum Split {
    /// It is no link.
    Bytes,
    /// Its scheme is none of the web's.
    Own,
    /// It is one of the web's.
    Web { host: String, path: Vec<String> },
    /// It has no scheme and no host.
    Bare(Vec<String>),
}

fn split(link: &str) -> Split {
    let link = link.trim_matches(|letter: char| letter.is_whitespace() || letter.is_control());
    if link.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
        return Split::Bytes;
    }
    let scheme = scheme_of(link);
    if link.len() > LINK_BYTES_MAX {
        return if scheme.is_some() { Split::Own } else { Split::Bytes };
    }
    // What readers of links leave out or take for a slash.
    let link: String = (link.chars())
        .filter(|letter| !letter.is_control())
        .map(|letter| if letter == '\\' { '/' } else { letter })
        .collect();
    let rest = match scheme_of(&link) {
        Some(scheme) if !["http", "https"].iter().any(|web| web.eq_ignore_ascii_case(scheme)) => {
            return Split::Own;
        }
        Some(scheme) => &link[scheme.len() + 1..],
        None if !link.starts_with("//") => return Split::Bare(segments(&link)),
        None => &link,
    };
    // However many slashes there are, readers of web links go on behind them.
    let rest = rest.trim_start_matches('/');
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    Split::Web { host: host.trim_end_matches('.').to_ascii_lowercase(), path: segments(path) }
}

/// What stands before the first colon, where that is a scheme.
fn scheme_of(link: &str) -> Option<&str> {
    let (scheme, _) = link.split_once(':')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
    let is_one = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    (is_one && scheme.bytes().all(fits)).then_some(scheme)
}

/// The elements of a path, with what is percent-encoded in it read once, and without those that say
/// where to go on from.
fn segments(path: &str) -> Vec<String> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = decoded(path).replace('\\', "/");
    let mut segments: Vec<String> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment.to_owned()),
        }
    }
    segments
}

fn decoded(text: &str) -> String {
    let (bytes, mut at) = (text.as_bytes(), 0);
    let mut decoded = Vec::with_capacity(bytes.len());
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    while let Some(&byte) = bytes.get(at) {
        let hex = (byte == b'%').then(|| Some(digit(at + 1)? * 16 + digit(at + 2)?)).flatten();
        let hex = hex.and_then(|hex| u8::try_from(hex).ok());
        at += if hex.is_some() { 3 } else { 1 };
        decoded.push(hex.unwrap_or(byte));
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// A link of the web's. Whether another host than Google's is a provider's own nobody can tell: where
/// Gemini has its links, its files may be there.
fn of_web(host: &str, path: &[String], is_geminis: bool) -> Leads {
    if !host.is_ascii() || host.contains('%') {
        return Leads::ToOwn;
    }
    let is_api = is_within(host, "googleapis.com") || is_within(host, "clients6.google.com");
    // What lies in a bucket is fetched from there as by anybody.
    let is_api = is_api && !is_within(host, "storage.googleapis.com");
    let file = plain_file(path).filter(|_| path.len() == 3);
    match file {
        Some(id) if is_api || is_geminis => Leads::ToFile(id),
        _ if is_api => Leads::ToOwn,
        _ => Leads::Elsewhere,
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The id of the file that a path leads to: `files/{id}`, a version of the API before it.
fn plain_file(path: &[String]) -> Option<String> {
    let [before @ .., files, id] = path else { return None };
    let is_versioned = match before {
        [] => true,
        [version] => VERSIONS.contains(&version.as_str()),
        _ => false,
    };
    let id = id.split(':').next()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_id = (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(plain);
    (is_versioned && files == "files" && is_id).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "https://generativelanguage.googleapis.com";

    #[track_caller]
    fn check(link: &str, of_file_leads: &Leads, of_media_leads: &Leads) {
        assert_eq!(&of_file(link), of_file_leads, "{link}");
        assert_eq!(&of_media(link), of_media_leads, "{link}");
    }

    #[test]
    fn a_file_is_known_however_the_link_to_it_is_spelt() {
        let file = Leads::ToFile("abc-1".to_owned());
        for link in [
            "files/abc-1".to_owned(),
            "/v1beta/files/abc-1".to_owned(),
            "v1/files/abc-1:download".to_owned(),
            " files/%61bc-1\n".to_owned(),
            "./files//x/../abc-1".to_owned(),
            format!("{HOST}/v1beta/files/abc-1"),
            format!("{HOST}//v1/files/abc-1/"),
            format!("{HOST}/v1beta/files/abc-1?alt=media"),
            format!("{HOST}/v1beta/files/abc-1:download"),
            format!("{HOST}/v1beta/files/%61bc-1"),
            format!("{HOST}/v1beta%2ffiles%2Fabc-1"),
            format!("{HOST}/v1beta/x/../files/abc-1"),
            format!("{HOST}/v1beta/x/%2e%2E/files/abc-1"),
            format!("{HOST}/v1beta\\files\\abc-1"),
            format!("{HOST}/v1beta/fi\tles/abc-1"),
            "https://Generativelanguage.GoogleAPIs.com.:443/v1/files/abc-1".to_owned(),
            "http://x@generativelanguage.googleapis.com/v1/files/abc-1".to_owned(),
            "//generativelanguage.googleapis.com/v1/files/abc-1".to_owned(),
            "https:generativelanguage.googleapis.com/v1/files/abc-1".to_owned(),
            "https:///generativelanguage.mtls.googleapis.com/v1/files/abc-1".to_owned(),
            "https://generativelanguage.clients6.google.com/v1beta/files/abc-1".to_owned(),
        ] {
            check(&link, &file, &file);
        }
        // A provider's own host is known by where the link stands alone.
        check("HTTPS://house.example:8443/v1alpha/files/abc-1#x", &file, &Leads::Elsewhere);
    }

    #[test]
    fn what_is_at_google_and_is_no_plain_file_is_the_operators() {
        for link in [
            format!("{HOST}/v1beta/files/%2561bc"),
            format!("{HOST}/v1beta/files/abc/more"),
            format!("{HOST}/files/abc"),
            format!("{HOST}/v2/files/abc"),
            format!("{HOST}/v1beta/cachedContents/abc"),
            format!("{HOST}/upload/v1beta/files/abc"),
            format!("{HOST}/v1beta/files/abc;x"),
            format!("{HOST}?files/abc"),
            "https://www.googleapis.com/storage/v1/b/x/o/y".to_owned(),
            "https://europe-west4-aiplatform.googleapis.com/v1/x".to_owned(),
            "https://ｇenerativelanguage.googleapis.com/v1beta/files/abc".to_owned(),
            "https://generativelanguage%2egoogleapis.com/v1beta/files/abc".to_owned(),
            "gs://bucket/v1beta/files/abc".to_owned(),
            "S3://bucket/x".to_owned(),
            " gs:bucket".to_owned(),
            "file:///etc/passwd".to_owned(),
            "g\ns://bucket/x".to_owned(),
            format!("gs://{}", "x".repeat(LINK_BYTES_MAX)),
        ] {
            check(&link, &Leads::ToOwn, &Leads::ToOwn);
        }
        // Where Gemini has links, all is one.
        for link in ["files/", "files/a/b", "bucket/x", "files/a%20b", ""] {
            check(link, &Leads::ToOwn, &Leads::Elsewhere);
        }
    }

    #[test]
    fn the_open_web_and_bytes_are_nobodys() {
        for link in [
            "https://youtu.be/abc",
            "https://house.example/files/abc-1",
            "https://house.example/v1beta/files/abc-1/more",
            "https://storage.googleapis.com/generativeai-downloads/x.png",
            "https://bucket.storage.googleapis.com/v1beta/files/x.png?X-Goog-Signature=7",
            "https://googleapis.com.evil.example/v1/x",
            "data:image/png;base64,gs://",
            "DATA:,s3://x",
        ] {
            check(link, &Leads::Elsewhere, &Leads::Elsewhere);
        }
        assert_eq!(of_media(&"iVBORw0KGgo/files/".repeat(2_000)), Leads::Elsewhere);
        assert_eq!(of_media("iVBORw0KGgo+/=="), Leads::Elsewhere);
    }
}

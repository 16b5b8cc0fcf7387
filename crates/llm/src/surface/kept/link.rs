//! Links to files that Gemini keeps.

/// Versions of the API that there are or were.
const VERSIONS: [&str; 4] = ["v1beta", "v1", "v1alpha", "v1beta1"];

/// The id of the file that a link leads to: its own name, or `https://…/v1beta/files/{id}` at
/// whatever host, as that may be a provider's own. Other links lead to the open web or to a store
/// of the operator's.
pub(super) fn file_of(link: &str) -> Option<&str> {
    let link = link.trim();
    if let Some(id) = link.strip_prefix("files/") {
        return is_id(id).then_some(id);
    }
    let (scheme, rest) = link.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let rest = rest.split(['?', '#']).next()?;
    let (_host, path) = rest.split_once('/')?;
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let (version, files, id) = (segments.next()?, segments.next()?, segments.next()?);
    let id = id.split(':').next()?;
    let is_file = VERSIONS.contains(&version) && files == "files" && segments.next().is_none();
    (is_file && is_id(id)).then_some(id)
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && !id.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_kept_files_are_told_from_others() {
        let host = "https://generativelanguage.googleapis.com";
        for link in [
            "files/abc-1".to_owned(),
            format!("{host}/v1beta/files/abc-1"),
            format!("{host}//v1/files/abc-1/"),
            format!("{host}/v1beta/files/abc-1?alt=media"),
            format!("{host}/v1beta/files/abc-1:download"),
            "HTTPS://house.example:8443/v1alpha/files/abc-1#x".to_owned(),
        ] {
            assert_eq!(file_of(&link), Some("abc-1"), "{link}");
        }
        for link in [
            "gs://bucket/v1beta/files/abc-1",
            "https://youtu.be/abc",
            "https://house.example/files/abc-1",
            "https://house.example/v1beta/files/abc-1/more",
            "https://house.example/v1beta/files/",
            "files/",
            "",
        ] {
            assert_eq!(file_of(link), None, "{link}");
        }
    }
}

//! What a provider may be given links to: it fetches them by the account that the operator has there.

use crate::read::{List, Reader, Shape, Written, empty, record, scalar};
use crate::tree::Node;

record! {
    /// What requests may give a provider links to, beside the open web. What lies in a bucket
    /// (`s3://`, `gs://`) or has another scheme that is none of the web's, the provider fetches as
    /// the operator could, whoever asks.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ProviderLinks {
        /// Beginnings of links that whoever may ask the provider may name, such as
        /// `s3://our-pictures/` or `gs://shared/manuals`; none by default.
        "allow": List<LinkPrefix> = Vec::new() => pub allow: Vec<String>,
    }
}

impl Default for ProviderLinks {
    fn default() -> Self {
        empty::<Self>()
    }
}

/// The beginning of a link: a scheme, and at least the name of what all is in.
struct LinkPrefix;

/// No beginning is longer; a key of S3 has at most 1,024 bytes.
const PREFIX_BYTES_MAX: usize = 2_048;

impl Written for LinkPrefix {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        const WHAT: &str = "the beginning of links such as `s3://bucket/folder/`";
        scalar(node, reader, WHAT, |text| {
            let (scheme, rest) = text.split_once("://")?;
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
                && scheme.bytes().all(|byte| plain(byte) || b"+.-".contains(&byte));
            let is_place = !rest.is_empty()
                && text.len() <= PREFIX_BYTES_MAX
                && !rest.contains(|letter: char| letter.is_whitespace() || letter.is_control());
            (is_scheme && is_place).then(|| text.to_owned())
        })
    }

    fn shape() -> Shape {
        let pattern = Some("^[a-z][a-z0-9+.-]*://[^\\s]+$");
        Shape::Text { kind: "beginning of links", pattern }
    }
}

//! JSON Pointers (RFC 6901) and the fragments in which they stand in a `$ref`.

/// A pointer with one part more.
pub(crate) fn below(pointer: &str, part: &str) -> String {
    let mut longer = String::with_capacity(pointer.len() + part.len() + 1);
    longer.push_str(pointer);
    push(&mut longer, part);
    longer
}

/// Adds a part to a pointer.
pub(crate) fn push(pointer: &mut String, part: &str) {
    pointer.push('/');
    for letter in part.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            letter => pointer.push(letter),
        }
    }
}

/// The pointer that a reference within a document means: `#/components/schemas/Pet%20Shop`.
/// `None` for one that leads out of it, or to a name instead of a place.
pub(crate) fn of_reference(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let is_pointer = fragment.is_empty() || fragment.starts_with('/');
    is_pointer.then(|| decoded(fragment)).flatten()
}

/// Whether a reference leads out of its document.
pub(crate) fn is_external(reference: &str) -> bool {
    !reference.starts_with('#')
}

/// The text without percent-encoding; `None` where that gives no text.
pub(crate) fn decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| char::from(*bytes.get(at + offset)?).to_digit(16);
        match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_pointers_and_pointers_are_escaped() {
        assert_eq!(
            of_reference("#/components/schemas/A%20b~1c").as_deref(),
            Some("/components/schemas/A b~1c")
        );
        assert_eq!(of_reference("#").as_deref(), Some(""));
        assert_eq!(of_reference("#anchor"), None);
        assert_eq!(of_reference("other.yaml#/a"), None);
        assert_eq!(below("/paths", "/a~b/{c}"), "/paths/~1a~0b~1{c}");
    }
}

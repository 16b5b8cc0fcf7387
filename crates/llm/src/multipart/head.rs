//! The head of a part: its name, and whether it is a file.

use super::boundary::parameter;

/// What the head of a part says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The name of the part.
    pub(super) name: String,
    /// Whether the part is a file, or encoded like one.
    pub(super) is_file: bool,
}

impl Head {
    /// Reads the lines of a head, each with its CRLF; or what is wrong with them.
    pub(super) fn read(lines: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(lines).map_err(|_| "has a part whose head is not UTF-8")?;
        let mut head = None;
        let mut is_file = false;
        for line in text.split_terminator("\r\n") {
            if line.contains(['\r', '\n', '\0']) || line.starts_with([' ', '\t']) {
                return Err("has a part with a broken line in its head");
            }
            let (name, value) = line.split_once(':').ok_or("has a part with a wrong head")?;
            if name.eq_ignore_ascii_case("content-disposition") {
                let read = disposition(value.trim())?;
                if head.replace(read).is_some() {
                    return Err("has a part with two names");
                }
            } else if name.eq_ignore_ascii_case("content-transfer-encoding") {
                let plain = ["7bit", "8bit", "binary"];
                is_file |= !plain.iter().any(|one| value.trim().eq_ignore_ascii_case(one));
            }
        }
        let mut head = head.ok_or("has a part without a name")?;
        head.is_file |= is_file;
        Ok(head)
    }
}

/// Reads `form-data; name="…"; filename="…"`.
fn disposition(value: &str) -> Result<Head, &'static str> {
    const WRONG: &str = "has a part with a wrong content disposition";
    let (kind, mut rest) = value.split_once(';').ok_or(WRONG)?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(WRONG);
    }
    let (mut name, mut is_file) = (None, false);
    while !rest.trim().is_empty() {
        let (key, value, after) = parameter(rest).ok_or(WRONG)?;
        let key = key.to_ascii_lowercase();
        match key.as_str() {
            "name" if name.replace(value).is_some() => return Err(WRONG),
            // Another way to say the name, which not everybody reads.
            "name*" => return Err(WRONG),
            "filename" | "filename*" => is_file = true,
            _ => {}
        }
        rest = after;
    }
    Ok(Head { name: name.ok_or("has a part without a name")?, is_file })
}

//! From the name that a request says to the row that is meant.
//!
//! Only forms of the same model are tried, never a similar one: a wrong price is worse than none.

use super::rows::Rows;

/// The row of a model of a provider, by its name or what it must mean.
pub(super) fn find<'r>(
    rows: &'r Rows,
    owner: &str,
    prefix: Option<&str>,
    name: &str,
) -> Option<(&'r str, &'r str)> {
    let get = |name: &str| {
        let key = format!("{owner}/{name}");
        let found = rows.starting(&key).next();
        found.filter(|(found, _)| *found == key)
    };
    let forms = forms(prefix, name);
    let found = forms.iter().find_map(|form| get(form));
    found
        .or_else(|| forms.iter().find_map(|form| get(undated(form)?)))
        .or_else(|| forms.iter().find_map(|form| newest(rows, &format!("{owner}/{form}"))))
}

/// The name, and what else stands for exactly the same.
fn forms(prefix: Option<&str>, name: &str) -> Vec<String> {
    let mut forms = vec![name.to_owned()];
    if let Some(prefix) = prefix {
        let other = name.strip_prefix(prefix).map(str::to_owned);
        forms.push(other.unwrap_or_else(|| format!("{prefix}{name}")));
    }
    // `ft:base:organisation::id` costs what every tuned `ft:base` does.
    if let Some((base, _)) = name.strip_prefix("ft:").and_then(|rest| rest.split_once(':')) {
        forms.push(format!("ft:{base}"));
    }
    // An ARN ends with the name; a name may begin with the part of the world that serves it.
    if let Some((_, last)) = name.rsplit_once('/').filter(|_| name.starts_with("arn:")) {
        forms.push(last.to_owned());
    }
    let worldless =
        forms.iter().filter_map(|form| WORLD.iter().find_map(|part| form.strip_prefix(part)));
    let worldless: Vec<String> = worldless.map(str::to_owned).collect();
    forms.extend(worldless);
    forms
}

/// How names of Bedrock say where an answer may be made.
const WORLD: [&str; 8] = ["us.", "eu.", "apac.", "global.", "jp.", "au.", "ca.", "us-gov."];

/// A name without the date or word at its end that names a version.
fn undated(name: &str) -> Option<&str> {
    let words = ["-latest", "@latest", "@default"];
    if let Some(name) = words.iter().find_map(|word| name.strip_suffix(word)) {
        return Some(name);
    }
    let date = name.len().checked_sub("-20260131".len())?;
    let long = name.len().checked_sub("-2026-01-31".len());
    let tail = long
        .into_iter()
        .chain([date])
        .find(|at| name.is_char_boundary(*at) && is_date(&name[*at..]))?;
    Some(&name[..tail])
}

/// The row of the newest dated version of a name.
fn newest<'r>(rows: &'r Rows, key: &str) -> Option<(&'r str, &'r str)> {
    let start = undated(key).unwrap_or(key);
    let dated = rows.starting(start).filter(|(found, _)| is_date(&found[start.len()..]));
    // Of the same form, so the order of the rows is that of the dates.
    dated.last()
}

/// Whether it is `-2026-01-31`, `-20260131` or `@20260131`.
fn is_date(tail: &str) -> bool {
    let bytes = tail.as_bytes();
    let Some((b'-' | b'@', date)) = bytes.split_first() else { return false };
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    match date {
        [b'2', b'0', ..] if date.len() == 8 => digits(date),
        [b'2', b'0', _, _, b'-', _, _, b'-', _, _] => {
            digits(&date[..4]) && digits(&date[5..7]) && digits(&date[8..])
        }
        _ => false,
    }
}

//! Vectors from one encoding to another.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::{Encoding, Vector};
use crate::chat::Json;
use crate::json::{Cursor, Writer};

/// The vector in the encodings wanted, in their order; nothing where one of them cannot be had.
pub(super) fn as_wished<'a>(vector: Vector<'a>, wanted: &[Encoding]) -> Option<Vector<'a>> {
    let values = wanted.iter().map(|&encoding| Some((encoding, value(&vector, encoding)?)));
    Some(Vector { values: values.collect::<Option<_>>()? })
}

fn value<'a>(vector: &Vector<'a>, wanted: Encoding) -> Option<Json<'a>> {
    if let Some(value) = vector.get(wanted) {
        return Some(value.clone());
    }
    match wanted {
        Encoding::Float => numbers(vector.get(Encoding::Base64)?.as_str()),
        Encoding::Base64 => base64(vector.get(Encoding::Float)?.as_str()),
        _ => None,
    }
}

/// A list of numbers, each the shortest text that means the float.
fn numbers(string: &str) -> Option<Json<'static>> {
    use std::fmt::Write as _;
    let text = Cursor::new(string).text().ok()?;
    let bytes = STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let (floats, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let mut list = String::with_capacity(floats.len() * 14 + 2);
    list.push('[');
    for (place, float) in floats.iter().enumerate() {
        let float = Some(f32::from_le_bytes(*float)).filter(|float| float.is_finite())?;
        let comma = if place > 0 { "," } else { "" };
        write!(list, "{comma}{float}").ok()?;
    }
    list.push(']');
    Some(Json::from_valid(list))
}

/// A string with the floats that the numbers mean.
fn base64(list: &str) -> Option<Json<'static>> {
    let mut bytes = Vec::with_capacity(list.len() / 3);
    let mut cursor = Cursor::new(list);
    let read = cursor.array(|cursor| {
        let number = cursor.number()?;
        let float: f32 = number.as_str().parse().map_err(|_| cursor.wrong("is no number"))?;
        bytes.extend_from_slice(&float.to_le_bytes());
        Ok(())
    });
    read.ok()?;
    let mut string = Vec::with_capacity(bytes.len() * 4 / 3 + 6);
    Writer::new(&mut string).text(&STANDARD.encode(bytes));
    Some(Json::from_valid(String::from_utf8(string).ok()?))
}

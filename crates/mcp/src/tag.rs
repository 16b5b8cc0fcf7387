//! Ids and tokens that a server has made, as a client is told them: with the server's name on them,
//! so that two servers' never collide and an answer finds its way back.
//!
//! The server's id 5 is `"orders.n5"` to the client, and its id `"5"` is `"orders.s5"`.

use architrave_wire::json::{Cursor, Kind, Writer};

use crate::name::is_server;

/// The JSON by which a client knows an id or token of a server's; `raw` is its JSON there.
#[must_use]
pub fn tagged(server: &str, raw: &str) -> Vec<u8> {
    debug_assert!(is_server(server), "{server}");
    let mut out = Vec::with_capacity(server.len() + raw.len() + 4);
    let mut cursor = Cursor::new(raw);
    let mut writer = Writer::new(&mut out);
    match cursor.kind() {
        Kind::Text => {
            let text = cursor.text().unwrap_or_default();
            writer.texts(&[server, ".s", &text]);
        }
        _ => writer.texts(&[server, ".n", raw]),
    }
    out
}

/// The server, and the JSON of its id or token; none where it is not one that we have tagged.
#[must_use]
pub fn split(raw: &str) -> Option<(String, Vec<u8>)> {
    let mut cursor = Cursor::new(raw);
    if cursor.kind() != Kind::Text {
        return None;
    }
    let text = cursor.text().ok()?;
    let (server, own) = text.split_once('.')?;
    if !is_server(server) {
        return None;
    }
    if let Some(own) = own.strip_prefix('s') {
        let mut out = Vec::with_capacity(own.len() + 2);
        Writer::new(&mut out).text(own);
        return Some((server.to_owned(), out));
    }
    let number = own.strip_prefix('n')?;
    let is_whole = number.parse::<i64>().is_ok_and(|value| value.to_string() == number);
    is_whole.then(|| (server.to_owned(), number.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_texts_that_look_like_them_stay_apart() {
        assert_eq!(tagged("orders", "5"), br#""orders.n5""#);
        assert_eq!(tagged("orders", r#""5""#), br#""orders.s5""#);
        for raw in
            ["5", r#""orders""#, r#""Orders.n5""#, r#""a.n05""#, r#""a.n1e3""#, r#""a.x5""#, "null"]
        {
            assert_eq!(split(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_tag_is_taken_off_as_it_was_put_on(
            server in "[a-z0-9-]{1,8}", number in any::<i64>(), text in ".{0,8}", is_text in any::<bool>(),
        ) {
            let raw = match is_text {
                true => serde_json::to_string(&text).unwrap(),
                false => number.to_string(),
            };
            let tagged = String::from_utf8(tagged(&server, &raw)).unwrap();
            let (found, own) = split(&tagged).unwrap();
            let own: serde_json::Value = serde_json::from_slice(&own).unwrap();
            let wanted: serde_json::Value = serde_json::from_str(&raw).unwrap();
            prop_assert_eq!((found, own), (server, wanted));
        }
    }
}

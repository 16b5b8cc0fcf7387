//! Reads `Forwarded` (RFC 7239), and says the same as `X-Forwarded-*`, so that everything behind
//! has one spelling to look at.
//!
//! A line that is not well-formed says nothing at all: guessing where a quote ends is how a client
//! would get its own words taken for those of the proxy that appended to them.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::IpAddr;

use architrave_net::{Fields, Known, is_name};

use super::{HOPS_MAX, parse_hop};
use crate::connection::{ClientText, Connection};

/// What one proxy says about whom it speaks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Element<'a> {
    client: Option<Cow<'a, str>>,
    host: Option<Cow<'a, str>>,
    proto: Option<Cow<'a, str>>,
}

/// Makes `X-Forwarded-*` and `Forwarded` say the same, where a trusted peer speaks only one of them.
///
/// Where `X-Forwarded-For` is there, it is believed: proxies that write only that pass `Forwarded`
/// on as it came from whoever asked them. So `Forwarded` is written anew from it, unless it names
/// the same clients anyway.
pub(crate) fn adopt(connection: &Connection, fields: &mut Fields) {
    if !connection.is_trusted {
        return;
    }
    if fields.get_known(Known::XForwardedFor).is_some() {
        agree(fields);
        return;
    }
    let Some(said) = Said::by(fields) else {
        // What cannot be read is not continued: a quote that is open would swallow our own words.
        fields.remove_known(Known::Forwarded);
        return;
    };
    if !said.chain.is_empty() {
        let addresses: Vec<_> = said.chain.iter().map(IpAddr::to_string).collect();
        let chain = addresses.join(", ");
        fields.append_known(Known::XForwardedFor, b"X-Forwarded-For", chain.as_bytes());
    }
    for (known, name, value) in [
        (Known::XForwardedProto, "X-Forwarded-Proto", said.proto),
        (Known::XForwardedHost, "X-Forwarded-Host", said.host),
    ] {
        if let Some(value) = value
            && fields.get_known(known).is_none()
        {
            fields.append_known(known, name.as_bytes(), value.as_bytes());
        }
    }
}

/// Has `Forwarded` say what `X-Forwarded-*` do.
fn agree(fields: &mut Fields) {
    let lines: Vec<&[u8]> = fields.all_known(Known::XForwardedFor).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut chain: VecDeque<Option<IpAddr>> = VecDeque::new();
    for hop in hops.filter(|hop| !hop.trim_ascii().is_empty()).take(HOPS_MAX) {
        chain.push_front(parse_hop(hop).map(|hop| hop.ip()));
    }
    let is_said = Said::by(fields)
        .is_some_and(|said| said.chain.iter().copied().map(Some).eq(chain.iter().copied()));
    if is_said {
        return;
    }
    let elements: Vec<_> = chain.into_iter().map(element_of).collect();
    let mut elements = elements.join(", ");
    // Beside its client, the nearest proxy is the one that says how it was asked.
    for (known, name) in [(Known::XForwardedHost, ";host="), (Known::XForwardedProto, ";proto=")] {
        let nearest = fields
            .all_known(known)
            .last()
            .and_then(|line| line.rsplit(|byte| *byte == b',').next().map(<[u8]>::trim_ascii));
        if let Some(value) = nearest.and_then(quoted)
            && !elements.is_empty()
        {
            elements.push_str(name);
            elements.push_str(&value);
        }
    }
    fields.remove_known(Known::Forwarded);
    if !elements.is_empty() {
        fields.append_known(Known::Forwarded, b"Forwarded", elements.as_bytes());
    }
}

/// The element of a client; of one that has no address, `unknown` (RFC 7239 §6.2).
fn element_of(client: Option<IpAddr>) -> String {
    client.map_or_else(|| "for=unknown".to_owned(), |client| ClientText::of(client).forwarded)
}

/// A value as a pair may have it; `None` for what cannot be said without escapes.
fn quoted(value: &[u8]) -> Option<String> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    let text = std::str::from_utf8(value).ok().filter(|text| !text.is_empty())?;
    value.iter().all(is_plain).then(|| match is_name(value) {
        true => text.to_owned(),
        false => format!("\"{text}\""),
    })
}

/// What is to be taken from all lines together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// From the client to the peer's own neighbour, as far back as it can be followed.
    chain: VecDeque<IpAddr>,
    host: Option<String>,
    proto: Option<String>,
}

impl Said {
    /// `None` when nothing is said.
    fn by(fields: &Fields) -> Option<Self> {
        let mut lines: Vec<&[u8]> = fields.all_known(Known::Forwarded).collect();
        let nearest = parse(lines.pop()?)?;
        let last = nearest.back()?;
        let [host, proto] = [&last.host, &last.proto].map(|it| it.as_deref().map(str::to_owned));
        let mut said = Self { chain: VecDeque::new(), host, proto };
        let before = lines.iter().rev().map_while(|line| parse(line));
        for elements in std::iter::once(nearest).chain(before) {
            for element in elements.iter().rev() {
                let hop = element.client.as_deref().and_then(|hop| parse_hop(hop.as_bytes()));
                let Some(hop) = hop.filter(|_| said.chain.len() < HOPS_MAX) else {
                    return Some(said);
                };
                said.chain.push_front(hop.ip());
            }
        }
        Some(said)
    }
}

/// The elements of one line, of very many the last ones; `None` when it is not well-formed.
fn parse(line: &[u8]) -> Option<VecDeque<Element<'_>>> {
    let mut rest = std::str::from_utf8(line).ok()?;
    let mut elements = VecDeque::new();
    let mut element = Element::default();
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        rest = parse_pair(rest, &mut element)?.trim_start_matches([' ', '\t']);
        let separator = rest.chars().next();
        if separator != Some(';') && element != Element::default() {
            if elements.len() == HOPS_MAX {
                elements.pop_front();
            }
            elements.push_back(std::mem::take(&mut element));
        }
        match separator {
            None => return Some(elements),
            Some(',' | ';') => rest = &rest[1..],
            Some(_) => return None,
        }
    }
}

/// Reads `name=value`, or nothing where the list has an empty place; what follows.
fn parse_pair<'a>(text: &'a str, element: &mut Element<'a>) -> Option<&'a str> {
    if text.is_empty() || text.starts_with([',', ';']) {
        return Some(text);
    }
    let (name, rest) = text.split_once('=')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || !name.bytes().all(is_name) {
        return None;
    }
    let (value, rest) = parse_value(rest)?;
    let place = match () {
        () if name.eq_ignore_ascii_case("for") => &mut element.client,
        () if name.eq_ignore_ascii_case("host") => &mut element.host,
        () if name.eq_ignore_ascii_case("proto") => &mut element.proto,
        () => return Some(rest),
    };
    // The same word twice: which one would another reader take?
    if place.is_some() {
        return None;
    }
    *place = Some(value);
    Some(rest)
}

/// Reads a word or a quoted text. Some write addresses with a port without quotes.
fn parse_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let is_end = |at: char| matches!(at, ',' | ';' | ' ' | '\t');
        let end = text.find(is_end).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
        return (is_word && !word.contains(['"', '\\'])).then_some((Cow::Borrowed(word), rest));
    };
    let mut value = String::new();
    let mut places = quoted.char_indices();
    while let Some((at, character)) = places.next() {
        match character {
            '"' => return Some((Cow::Owned(value), &quoted[at + 1..])),
            '\\' => value.push(places.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Option<(String, Option<String>, Option<String>)> {
        let mut fields = Fields::new();
        for line in lines {
            fields.append("Forwarded", line.as_bytes());
        }
        let said = Said::by(&fields)?;
        let chain: Vec<_> = said.chain.iter().map(IpAddr::to_string).collect();
        Some((chain.join(" "), said.host, said.proto))
    }

    #[track_caller]
    fn check(lines: &[&str], chain: &str, host: Option<&str>, proto: Option<&str>) {
        let expect = (chain.to_owned(), host.map(str::to_owned), proto.map(str::to_owned));
        assert_eq!(said(lines), Some(expect), "{lines:?}");
    }

    #[test]
    fn the_older_fields_are_said_in_the_standard_one() {
        let check = |given: &[(&str, &str)], expect: Option<&str>| {
            let mut fields = Fields::new();
            for (name, value) in given {
                fields.append(name, value.as_bytes());
            }
            agree(&mut fields);
            let forwarded: Vec<_> = fields.all_known(Known::Forwarded).collect();
            let forwarded = (!forwarded.is_empty()).then(|| forwarded.join(&b", "[..]));
            assert_eq!(forwarded.as_deref(), expect.map(str::as_bytes), "{given:?}");
        };
        let chain = ("X-Forwarded-For", "6.6.6.6, 2001:db8::1");
        check(&[chain], Some("for=6.6.6.6, for=\"[2001:db8::1]\""));
        check(
            &[chain, ("X-Forwarded-Proto", "http, https"), ("X-Forwarded-Host", "bank:8443")],
            Some("for=6.6.6.6, for=\"[2001:db8::1]\";host=\"bank:8443\";proto=https"),
        );
        check(&[("X-Forwarded-For", "_x, 1.1.1.1:5000")], Some("for=unknown, for=1.1.1.1"));
        check(
            &[("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2")],
            Some("for=1.1.1.1, for=2.2.2.2"),
        );
        check(
            &[("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-Host", "a\";for=6.6.6.6")],
            Some("for=1.1.1.1"),
        );
        check(&[("X-Forwarded-For", " , ")], None);
        let same = "for=1.1.1.1;by=_gate;proto=https, for=\"2.2.2.2:80\"";
        check(&[("X-Forwarded-For", "1.1.1.1, 2.2.2.2"), ("Forwarded", same)], Some(same));
        let other = ("Forwarded", "for=9.9.9.9;proto=https");
        check(&[("X-Forwarded-For", "1.1.1.1"), other], Some("for=1.1.1.1"));
        check(&[("X-Forwarded-For", "1.1.1.1"), ("Forwarded", "for=\"9")], Some("for=1.1.1.1"));
    }

    #[test]
    fn elements_are_read_from_all_lines() {
        check(&["for=192.0.2.60;proto=http;by=203.0.113.43"], "192.0.2.60", None, Some("http"));
        check(&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17", None, None);
        check(
            &["for=1.1.1.1, for=2.2.2.2:80", "for=\"3.3.3.3\""],
            "1.1.1.1 2.2.2.2 3.3.3.3",
            None,
            None,
        );
        check(&["for=1.1.1.1;host=\"h:80\" ; proto=https"], "1.1.1.1", Some("h:80"), Some("https"));
        check(&["proto=https;x=\"a, \\\"b;\""], "", None, Some("https"));
        check(&[" , for=1.1.1.1;, "], "1.1.1.1", None, None);
    }

    #[test]
    fn what_the_nearest_proxy_says_counts() {
        check(
            &["for=6.6.6.6;proto=https;host=a, for=1.1.1.1;proto=http;host=b"],
            "6.6.6.6 1.1.1.1",
            Some("b"),
            Some("http"),
        );
    }

    #[test]
    fn a_chain_is_followed_as_far_as_it_names_addresses() {
        check(&["for=6.6.6.6, for=unknown, for=1.1.1.1"], "1.1.1.1", None, None);
        check(&["for=6.6.6.6, for=_hidden"], "", None, None);
        check(&["for=6.6.6.6, by=1.1.1.1;proto=http, for=2.2.2.2"], "2.2.2.2", None, None);
        check(&["for=\"6.6.6.6", "for=1.1.1.1"], "1.1.1.1", None, None);
        let long = vec!["for=6.6.6.6"; 1_000].join(",");
        check(&[&long, "for=1.1.1.1"], &format!("{}1.1.1.1", "6.6.6.6 ".repeat(31)), None, None);
    }

    #[test]
    fn a_line_that_is_not_well_formed_says_nothing() {
        for line in [
            "",
            "for",
            "for=",
            "=1.1.1.1",
            "for=1.1.1.1 2.2.2.2",
            "for=1.1.1.1 for=2.2.2.2",
            "for=1.1.1.1;for=2.2.2.2",
            "for=\"1.1.1.1",
            "for=\"1.1.1.1\"x",
            "f or=1.1.1.1",
            // A client that opens a quote, for the proxy behind it to close.
            "for=6.6.6.6;x=\", for=\"[2001:db8::1]\"",
            "for=6.6.6.6;x=\", for=1.1.1.1;host=\"h:80\";proto=http",
            "for=6.6.6.6;x=\", for=1.1.1.1",
        ] {
            assert_eq!(said(&[line]), None, "{line}");
            assert_eq!(said(&["for=6.6.6.6", line]), None, "{line}");
        }
    }
}

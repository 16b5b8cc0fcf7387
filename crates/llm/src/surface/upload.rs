//! Uploads in several requests, as Gemini has them: the answer to the first says by a link where the
//! others go. The gateway's own link has a ticket behind what the provider's says, which nobody can
//! guess: whoever has it may go on with this upload, and with no other.

use crate::segment::decode;

/// The parameter that holds the ticket. It is the last one.
const TICKET: &str = "ticket";
/// The parameter by which a provider knows an upload.
const UPLOAD: &str = "upload_id";

/// Parameters by which clients show a key; a link must not say whose it was.
const KEYS: [&str; 2] = ["key", "access_token"];

/// An upload that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The name under which the gateway remembers it.
    pub id: String,
    /// The query of the gateway's link to it.
    pub query: String,
}

impl Upload {
    /// The upload that a provider's link leads to; nothing where it leads to none.
    #[must_use]
    pub fn of_link(link: &str, ticket: &str) -> Option<Self> {
        let (_, query) = link.split('#').next()?.split_once('?')?;
        let pairs = query.split('&').filter(|pair| !KEYS.contains(&name_of(pair)));
        let query = pairs.collect::<Vec<_>>().join("&");
        names_upload(&query).then(|| Self {
            id: id_of(ticket, &query),
            query: format!("{query}&{TICKET}={ticket}"),
        })
    }

    /// The name of the upload that a query leads to. One without a ticket is none that the gateway
    /// knows; nothing where none is named.
    #[must_use]
    pub fn named_in(query: &str) -> Option<String> {
        let mut pairs = query.rsplitn(2, '&');
        let last = pairs.next().unwrap_or_default();
        let before = pairs.next().unwrap_or_default();
        match last.strip_prefix(TICKET).and_then(|rest| rest.strip_prefix('=')) {
            Some(ticket) if !ticket.is_empty() => Some(id_of(ticket, before)),
            _ => names_upload(query).then(|| id_of("", query)),
        }
    }
}

/// Whether a parameter is the gateway's own.
pub(super) fn is_ticket(name: &str) -> bool {
    name == TICKET
}

/// The whole query is in the name, so that no other one goes by the ticket.
fn id_of(ticket: &str, query: &str) -> String {
    format!("{ticket}?{query}")
}

fn names_upload(query: &str) -> bool {
    query.split('&').any(|pair| decode(name_of(pair)).is_none_or(|name| name == UPLOAD))
}

fn name_of(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_link_leads_to_the_same_upload_and_to_no_other() {
        let link = "https://house.example/upload/v1beta/files?upload_id=a-1&key=k&upload_protocol=resumable";
        let upload = Upload::of_link(link, "t0").unwrap();
        assert_eq!(upload.query, "upload_id=a-1&upload_protocol=resumable&ticket=t0");
        assert_eq!(Upload::named_in(&upload.query).as_ref(), Some(&upload.id));
        for other in [
            "upload_id=a-2&upload_protocol=resumable&ticket=t0",
            "upload_id=a-1&upload_protocol=resumable&ticket=t1",
            "upload_id=a-1&upload_protocol=resumable&upload_id=a-2&ticket=t0",
            "upload_id=a-1&upload_protocol=resumable&ticket=t0&upload_id=a-2",
            "upload_id=a-1&upload_protocol=resumable",
            "upload%5Fid=a-1",
            "%zz=a-1",
        ] {
            let named = Upload::named_in(other).expect(other);
            assert_ne!(named, upload.id, "{other}");
        }
        assert_eq!(Upload::named_in(""), None);
        assert_eq!(Upload::named_in("uploadType=media"), None);
        assert_eq!(Upload::of_link("https://house.example/upload/v1beta/files", "t"), None);
        assert_eq!(Upload::of_link("https://house.example/?x=1", "t"), None);
    }
}

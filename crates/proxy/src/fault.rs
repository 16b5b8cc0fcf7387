//! Tests only: makes an exchange go wrong at the place that one of its fields names.

use architrave_net::{RequestHead, Writer};

/// The field that names the place.
pub(crate) const FIELD: &str = "x-fault";

/// Panics when that is asked for here.
pub(crate) fn strike(place: &str, head: &RequestHead) {
    let asked = head.fields.get(FIELD);
    assert!(asked != Some(place.as_bytes()), "a fault at {place}, as asked for");
}

/// The same once what waits for the client is on its way.
pub(crate) async fn strike_once_told(place: &str, head: &RequestHead, writer: &mut Writer) {
    if head.fields.get(FIELD) == Some(place.as_bytes()) {
        writer.flush().await.expect("the client listens");
        // A stream has no flush of its own: the task of its connection sends when it has a turn.
        tokio::task::yield_now().await;
        strike(place, head);
    }
}

/// Panics when a datagram asks for that.
pub(crate) fn strike_on_datagram(said: &[u8]) {
    if said == FIELD.as_bytes() {
        // Past the hook: telling of it takes longer than the neighbours of this test may wait.
        std::panic::resume_unwind(Box::new("a fault, as a datagram asks for it"));
    }
}

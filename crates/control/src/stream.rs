//! An answer that goes on after its head: pieces that come as they come, for as long as whoever
//! asked listens.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use tokio::sync::mpsc;

/// Put into an answer's extensions: what follows its body.
#[derive(Clone)]
pub struct Stream(Arc<Mutex<Option<mpsc::Receiver<Bytes>>>>);

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Stream")
    }
}

impl Stream {
    pub(crate) fn new(pieces: mpsc::Receiver<Bytes>) -> Self {
        Self(Arc::new(Mutex::new(Some(pieces))))
    }

    /// The pieces; they can be had once.
    #[must_use]
    pub fn take(&self) -> Option<mpsc::Receiver<Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

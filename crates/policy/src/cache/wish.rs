//! What a client wants of the cache: `Cache-Control` of its request.

use std::time::Duration;

use architrave_net::Fields;

/// What a client wants of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Whether an answer may be given again, and how old it may be at most.
    pub reads: Option<Duration>,
    /// Whether the answer may be kept.
    pub keeps: bool,
}

impl Wish {
    /// Reads `Cache-Control`: `no-store` neither gives nor keeps, `no-cache` asks anew and keeps,
    /// `max-age` bounds the age. What is not known is ignored, as RFC 9111 says.
    #[must_use]
    pub fn of(fields: &Fields) -> Self {
        let mut wish = Self { reads: Some(Duration::MAX), keeps: true };
        for value in fields.all("cache-control") {
            for directive in value.split(|byte| *byte == b',') {
                wish.take(&directive.trim_ascii().to_ascii_lowercase());
            }
        }
        wish
    }

    fn take(&mut self, directive: &[u8]) {
        match directive {
            b"no-store" => *self = Self { reads: None, keeps: false },
            b"no-cache" => self.reads = None,
            _ => {
                let age = directive.strip_prefix(b"max-age=");
                let age = age.and_then(|age| std::str::from_utf8(age).ok()?.parse().ok());
                if let (Some(age), Some(reads)) = (age, self.reads) {
                    self.reads = Some(reads.min(Duration::from_secs(age)));
                }
            }
        }
    }
}

//! Floor 2: the sockets that carry traffic: codecs, TLS, pools, DNS, probes, relays.

pub mod fields;
pub mod message;
pub mod tls;

pub use fields::{Field, Fields, Known};
pub use message::{Framing, Method, RequestHead, ResponseHead, Version};

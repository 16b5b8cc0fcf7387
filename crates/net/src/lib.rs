//! Floor 2: the sockets that carry traffic: codecs, TLS, pools, DNS, probes, relays.

pub mod fields;
pub mod h1;
pub mod message;
pub mod proxy_protocol;
pub mod tls;

pub use fields::{Field, Fields, Known};
pub use message::{Framing, Method, RequestHead, ResponseHead, Version};

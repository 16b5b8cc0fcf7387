//! Floor 2: the sockets that carry traffic: codecs, TLS, pools, DNS, probes, relays.

pub mod buffer;
pub mod call;
pub mod connector;
pub mod client_hello;
pub mod dns;
pub mod fields;
mod file_stamp;
pub mod h1;
pub mod http2;
pub mod hop;
pub mod message;
pub mod path;
pub mod pool;
pub mod probe;
pub mod proxy_protocol;
pub mod reader;
pub mod relay;
pub mod socket;
pub mod stream;
pub mod timer;
pub mod tls;
pub mod wire_error;
pub mod writer;

pub use call::{Call, CallOptions, Connection, H2Place};
pub use connector::{ConnectionSettings, Connector, Conversation, DialError};
pub use fields::{Field, Fields, Known};
pub use message::{Framing, Method, RequestHead, ResponseHead, Version};
pub use pool::{Pool, PoolKey};
pub use reader::Reader;
pub use relay::{Relay, RelayError, Source};
pub use stream::{SharedStream, Stream};
pub use timer::Timer;
pub use wire_error::WireError;
pub use writer::{ResponseOptions, Writer};

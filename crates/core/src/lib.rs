//! Floor 0: the few nouns that every other crate speaks: names, secrets, clock, units, reasons.
//!
//! Not a drawer: a module enters only when two floors above need it and its name is a noun of
//! the domain. No IO happens here.

pub mod clock;
pub mod hash_key;
pub mod metric;
pub mod name;
pub mod parcel;
pub mod reason;
pub mod secret;
pub mod shutdown;
pub mod task;
pub mod units;
pub mod usage;

pub use clock::{Clock, Moment};
pub use hash_key::HashKey;
pub use parcel::{Parcel, ParcelReader};
pub use reason::Reason;
pub use secret::Secret;

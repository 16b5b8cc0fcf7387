//! Which route takes a request: pure matching on the canonical path and what else the route names.

mod condition;
mod filing;
mod flat_index;
mod host_table;
mod lengths;
mod request_facts;

pub use host_table::{HostTables, HostTablesBuilder};
pub use request_facts::{RequestFacts, cookie, query_parameter};

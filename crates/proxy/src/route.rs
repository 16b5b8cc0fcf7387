//! Which route takes a request: pure matching on the canonical path and what else the route names.

mod condition;
mod host_table;
mod path_index;
mod request_facts;

pub use host_table::{HostTables, HostTablesBuilder};
pub use request_facts::{RequestFacts, cookie, query_parameter};

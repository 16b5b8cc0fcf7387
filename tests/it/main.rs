//! Black-box tests: the real binary over real sockets, one file per feature.
//!
//! They know the gateway by its contract alone: the file, the command line and the wire.

mod access_log;
mod admin;
mod balancing;
mod catalog_list;
mod catalog_rows;
mod catalog_update;
mod cli;
mod data;
mod descriptions;
mod discovery;
mod faults;
mod fleet;
mod forwarding;
mod health;
mod hostile;
mod hostile_h2;
mod http2;
mod layer4;
mod lifecycle;
mod limits;
mod llm;
mod llm_sdk;
mod moving;
mod operation;
mod persistence;
mod persistence_soak;
mod plans;
mod platform;
mod policies;
mod quickstart;
mod reload;
mod retries;
mod routing;
mod shutdown;
mod slow_bodies;
mod slowloris;
mod supervision;
mod tls;
mod tour;
mod upgrade;
mod usage;
mod validate;
mod websocket;

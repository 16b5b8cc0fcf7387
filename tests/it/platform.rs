//! The gateway with a database: how it starts, what lasts, and that traffic never needs it.

mod api;
mod crash;
mod objects;
mod postgres;
mod remote;
mod services;
mod start;
mod transfer;

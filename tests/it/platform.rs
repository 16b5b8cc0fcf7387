//! The gateway with a database: how it starts, what lasts, and that traffic never needs it.

mod api;
mod applications;
mod backup;
mod crash;
mod front;
mod journey;
mod moving;
mod objects;
mod postgres;
mod provider_tests;
mod published;
mod remote;
mod services;
mod sign_in;
mod start;
mod team_budgets;
mod transfer;

//! What the store promises, asked of both databases by the same tests.

mod change;
mod home;
mod objects;

use home::{Home, each_store, entry};

//! Talk over a WebSocket, as it passes: which message starts an answer of the model, which tells what
//! one used.
//!
//! Nothing is kept of it and nothing changed. [`Listener`] takes the bytes of one direction apart
//! as they come, and holds of each message its skeleton alone; [`Ear`] says what a message means to
//! who pays for it, in whichever family's words it is.

mod amount;
mod ear;
mod frame;
mod gemini;
mod listener;
mod minted;
mod openai;
mod setup;
mod skeleton;
mod write;

pub use ear::{Ear, Heard, Need, Said, Words};
pub use frame::{FrameError, Sender};
pub use listener::{Listener, Passed};
pub use minted::{Minted, TOKENS, may_begin_until};
pub use openai::transcriber_asked;
pub use setup::{Setup, SetupReader};
pub use write::{close_frame, mask_of, ping_frame, text_frame};

/// What a close frame says: the talk goes against what the operator has ordered (RFC 6455 §7.4.1).
pub const CLOSE_POLICY: u16 = 1008;
/// What a close frame says: the frames cannot be read.
pub const CLOSE_PROTOCOL: u16 = 1002;
/// What a close frame says: a message is not what it should be.
pub const CLOSE_CONTENT: u16 = 1007;
/// What a close frame says: a message is too large.
pub const CLOSE_TOO_BIG: u16 = 1009;
/// What a close frame says: the other side is going.
pub const CLOSE_AWAY: u16 = 1001;
/// What a close frame says: something went wrong here or behind.
pub const CLOSE_FAILED: u16 = 1011;

#[cfg(test)]
mod tests;

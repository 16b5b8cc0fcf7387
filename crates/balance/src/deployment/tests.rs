//! What fleets promise, through the public face.

mod affinity;
mod failures;
mod fastest;
mod known;
mod limits;
mod shares;
mod stage;

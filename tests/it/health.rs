//! Who takes traffic: probes, ejection by what traffic shows, and what happens when nobody is well.

mod active;
mod passive;

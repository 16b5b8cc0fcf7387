//! Where the gateway may connect to on somebody's word: the table is `config`'s, which the control side
//! asks as well; here, whoever dials does.

pub use architrave_config::egress::{Kind, Permission, Refused, judge};

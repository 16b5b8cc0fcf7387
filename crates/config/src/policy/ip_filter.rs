//! `ip_filter`: who is let in by client address.
//!
//! The address is the client's as the listener sees it: behind trusted proxies, the one they name.

use ipnet::IpNet;

use crate::read::{Cidr, List, record};

record! {
    /// Who is let in by client address. Denied wins; with a non-empty `allow`, all others are
    /// denied.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct IpFilter {
        /// Networks let in.
        "allow": List<Cidr> = Vec::new() => pub allow: Vec<IpNet>,
        /// Networks kept out.
        "deny": List<Cidr> = Vec::new() => pub deny: Vec<IpNet>,
    }
}

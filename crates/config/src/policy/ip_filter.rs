//! `ip_filter`: who is let in by client address.

use ipnet::IpNet;

/// The policy as validated. Denied wins; with a non-empty `allow`, all others are denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpFilter {
    /// Networks let in.
    pub allow: Vec<IpNet>,
    /// Networks kept out.
    pub deny: Vec<IpNet>,
}

//! Where the running whole listens, for people and for programs; it opens nothing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use architrave_config::ListenerProtocol;

use super::{Engine, lock};

/// Where everything listens.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// By listener.
    pub listeners: Vec<(String, SocketAddr)>,
    /// The admin listener.
    pub admin: Option<SocketAddr>,
    /// The portal listener.
    pub portal: Option<SocketAddr>,
    http: Vec<String>,
}

impl Engine {
    /// Where everything listens.
    #[must_use]
    pub(crate) fn addresses(&self) -> Addresses {
        let assembly = self.gateway.assembly.load();
        let is_http = |protocol: &ListenerProtocol| matches!(protocol, ListenerProtocol::Http);
        let http = assembly.listeners.iter().filter(|one| is_http(&one.config.protocol));
        let (admin, portal) = match &*lock(&self.admin) {
            Some(servers) => (servers.admin(), servers.portal()),
            None => (None, None),
        };
        Addresses {
            http: http.map(|listener| listener.config.name.as_str().to_owned()).collect(),
            listeners: self.state().addresses.clone(),
            admin,
            portal,
        }
    }
}

impl Engine {
    /// Where a browser finds the admin listener.
    #[must_use]
    pub(crate) fn console_url(&self) -> Option<String> {
        let address = self.addresses().admin?;
        let assembly = self.gateway.assembly.load();
        let admin = assembly.snapshot.admin.as_ref();
        if let Some(url) = admin.and_then(|admin| admin.public_url.as_ref()) {
            return Some(format!("{url}/"));
        }
        let has_tls = admin.is_some_and(|admin| admin.tls.is_some());
        let scheme = if has_tls { "https" } else { "http" };
        Some(format!("{scheme}://{}/", reachable(address)))
    }
}

impl Addresses {
    /// One JSON line that says where everything listens.
    #[must_use]
    pub(crate) fn ready_line(&self) -> String {
        let mut listeners: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, address) in &self.listeners {
            listeners.entry(name).or_default().push(address.to_string());
        }
        let admin = self.admin.map(|address| address.to_string());
        let mut line = serde_json::json!({ "ready": true, "listeners": listeners, "admin": admin });
        if let Some(portal) = self.portal {
            line["portal"] = portal.to_string().into();
        }
        line.to_string()
    }

    /// A listener where HTTP is spoken, and its address as one on this machine would use it.
    #[must_use]
    pub(crate) fn first_http(&self) -> Option<(&str, SocketAddr)> {
        let is_http = |name: &String| self.http.contains(name);
        let (name, address) = self.listeners.iter().find(|(name, _)| is_http(name))?;
        Some((name, reachable(*address)))
    }
}

/// An address as one on this machine would use it.
#[must_use]
fn reachable(address: SocketAddr) -> SocketAddr {
    let is_any = address.ip().is_unspecified();
    let local = IpAddr::from(Ipv4Addr::LOCALHOST);
    if is_any { SocketAddr::new(local, address.port()) } else { address }
}

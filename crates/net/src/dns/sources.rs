//! Where answers come from: a hosts file and name servers.
//!
//! The library's own cache is off: answers are asked for when they have run out, and a cached one
//! would have run out with them.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::parse_resolv_conf;
use hickory_resolver::{Hosts, TokioResolver};

use crate::file_stamp::FileStamp;

pub(super) struct Sources {
    /// The files these were read from; `None` when they were not read from files.
    pub(super) stamps: Option<[FileStamp; 2]>,
    pub(super) hosts: Hosts,
    /// `None` when the settings could not be put to use.
    pub(super) name_servers: Option<TokioResolver>,
}

impl Sources {
    pub(super) fn read(resolv_conf: &Path, hosts: &Path) -> Self {
        let stamps = [FileStamp::of(resolv_conf), FileStamp::of(hosts)];
        let settings = fs::read(resolv_conf).ok().and_then(|text| parse_resolv_conf(text).ok());
        let (config, options) = settings.unwrap_or_else(|| {
            let local = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
            (ResolverConfig::from_name_servers(vec![local]), ResolverOpts::default())
        });
        let mut known = Hosts::default();
        if let Ok(file) = File::open(hosts)
            && let Err(error) = known.read_hosts_conf(file)
        {
            tracing::warn!(file = %hosts.display(), %error, "the hosts file is used up to its first broken line");
        }
        Self { stamps: Some(stamps), hosts: known, name_servers: build(config, options) }
    }

    pub(super) fn name_server(address: SocketAddr) -> Self {
        let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
        for connection in &mut connections {
            connection.port = address.port();
        }
        let server = NameServerConfig::new(address.ip(), true, connections);
        let config = ResolverConfig::from_name_servers(vec![server]);
        Self {
            stamps: None,
            hosts: Hosts::default(),
            name_servers: build(config, ResolverOpts::default()),
        }
    }
}

fn build(config: ResolverConfig, mut options: ResolverOpts) -> Option<TokioResolver> {
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_options(options)
        .build()
        .inspect_err(|error| tracing::warn!(%error, "the resolver cannot be set up"))
        .ok()
}

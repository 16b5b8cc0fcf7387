//! An upstream as it is written, and the rules between its keys.

use std::collections::HashSet;

use architrave_core::name::{TeamName, UpstreamName};

use super::endpoint::EndpointWritten;
use super::health::HealthWritten;
use super::retry::RetryWritten;
use super::transport::UpstreamTlsWritten;
use super::{
    BalanceAlgorithm, Egress, EndpointSource, HashOn, Health, Hedge, Persistence, Retry,
    SendProxyProtocol, Upstream, UpstreamLimits, UpstreamProtocol, UpstreamTimeouts, UpstreamTls,
};
use crate::read::{Name, NonEmpty, Ratio, Scope, empty, record};

/// A quarter above the mean: close to even load at little loss of affinity.
pub(super) const HASH_BOUND: f64 = 1.25;

record! {
    /// A pool of endpoints.
    #[derive(Debug)]
    pub(crate) struct UpstreamWritten => Upstream by finish {
        /// Its name.
        "name": Name<UpstreamName> => name: UpstreamName,
        /// How one of the endpoints is chosen.
        "balance": BalanceAlgorithm = BalanceAlgorithm::P2cLeastRequest
            => balance: BalanceAlgorithm,
        /// What `ring_hash` and `maglev` hash; by default the client's address.
        "hash_on": HashOn = HashOn::SourceAddress => hash_on: HashOn,
        /// The load at which a hashed endpoint is passed over, as a multiple of the mean.
        "hash_bound": Ratio<1, 100> = HASH_BOUND => hash_bound: f64,
        /// Where the endpoints come from.
        "endpoints": NonEmpty<EndpointWritten> => endpoints: Vec<EndpointSource>,
        /// What is spoken to them.
        "protocol": UpstreamProtocol = UpstreamProtocol::Auto => protocol: UpstreamProtocol,
        /// Whether connections to them begin with a PROXY header.
        "send_proxy_protocol": SendProxyProtocol = SendProxyProtocol::Off
            => send_proxy_protocol: SendProxyProtocol,
        /// TLS to the endpoints; without it, none is spoken.
        "tls": Option<UpstreamTlsWritten> = None => tls: Option<UpstreamTls>,
        /// How health is found out.
        "health": HealthWritten = empty::<HealthWritten>() => health: HealthWritten,
        /// How a client stays with its endpoint.
        "persistence": Option<Persistence> = None => persistence: Option<Persistence>,
        /// Bounds on what is in flight.
        "limits": UpstreamLimits = UpstreamLimits::default() => limits: UpstreamLimits,
        /// Bounds on how long an endpoint may take.
        "timeouts": UpstreamTimeouts = UpstreamTimeouts::default() => timeouts: UpstreamTimeouts,
        /// What is tried again.
        "retry": RetryWritten = Retry::default() => retry: Retry,
        /// When a second attempt is started beside the first.
        "hedge": Option<Hedge> = None => hedge: Option<Hedge>,
        /// Whether its endpoints may lie outside of the public internet. Where a team writes an
        /// upstream with names through the API, `false` is what it gets, and a platform admin alone
        /// can say otherwise.
        "allow_private": bool = true => allow_private: bool,
        /// The team that it belongs to; in a database, whose it is is said beside it.
        "team": Option<Name<TeamName>> = None => team: Option<TeamName>,
    }
}

impl UpstreamWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Upstream> {
        match (self.protocol, scope.has("tls")) {
            (UpstreamProtocol::H2, false) => {
                scope.refuse_at("protocol", "`h2` needs `tls`; without it, it is `h2c`");
            }
            (UpstreamProtocol::H2c, true) => {
                scope.refuse_at("protocol", "`h2c` is without TLS; with `tls` it is `h2`");
            }
            _ => {}
        }
        self.check_endpoints(scope);
        let egress = match (self.allow_private, &self.team) {
            (false, _) => Egress::Public,
            // Whoever may change a team's objects is trusted with the team, not with the machine.
            (true, Some(_)) => Egress::NoMetadata,
            (true, None) => Egress::Anywhere,
        };
        Some(Upstream {
            name: self.name,
            balance: self.balance,
            hash_on: self.hash_on,
            hash_bound: self.hash_bound,
            endpoints: self.endpoints,
            protocol: self.protocol,
            send_proxy_protocol: self.send_proxy_protocol,
            tls: self.tls,
            health: Health { active: self.health.active, passive: self.health.passive },
            slow_start: self.health.slow_start,
            panic_threshold_percent: self.health.panic_threshold_percent,
            persistence: self.persistence,
            limits: self.limits,
            timeouts: self.timeouts,
            retry: self.retry,
            hedge: self.hedge,
            egress,
        })
    }

    /// An address twice would count its load once and its share twice.
    fn check_endpoints(&self, scope: &mut Scope<'_, '_, '_>) {
        let Some(list) = scope.node.get("endpoints") else { return };
        if list.items().len() != self.endpoints.len() {
            return;
        }
        let mut seen = HashSet::new();
        for (endpoint, item) in self.endpoints.iter().zip(list.items()) {
            if let EndpointSource::Address { address, .. } = endpoint
                && !seen.insert(*address)
            {
                scope.reader.refuse(item.place, format!("the address {address} comes twice"));
            }
        }
    }
}

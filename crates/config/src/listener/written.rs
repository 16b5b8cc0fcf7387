//! A listener as it is written, and the rules between its keys: what belongs to which protocol.

use architrave_core::name::ListenerName;
use ipnet::IpNet;

use super::{
    ForwardRule, Listener, ListenerLimits, ListenerProtocol, ListenerTimeouts, ListenerTls,
};
use crate::PolicySet;
use crate::read::{Bind, Cidr, List, Name, NonEmpty, Scope, empty, record, words};

words! {
    /// What is spoken on a listener.
    pub(crate) enum ProtocolWord {
        /// HTTP/1.1, and HTTP/2 by prior knowledge.
        Http = "http",
        /// The same over TLS, chosen by ALPN.
        Https = "https",
        /// Raw TCP, forwarded by the first rule that matches.
        Tcp = "tcp",
        /// TLS that is not decrypted: forwarded by what the ClientHello says.
        Tls = "tls",
        /// UDP flows.
        Udp = "udp",
    }
}

words! {
    /// Whether connections begin with a PROXY header.
    pub(crate) enum ProxyProtocolWord {
        /// They do not.
        Off = "off",
        /// Every one does, version 1 or 2; it is believed only from `trusted_proxies`.
        Required = "required",
    }
}

record! {
    /// Where connections or datagrams are accepted.
    #[derive(Debug)]
    pub(crate) struct ListenerWritten => Listener by finish {
        /// Its name.
        "name": Name<ListenerName> => name: ListenerName,
        /// An IP address with a port (0: the system chooses one) or a range of ports.
        "address": Bind => address: Bind,
        /// What is spoken there.
        "protocol": ProtocolWord = ProtocolWord::Http => protocol: ProtocolWord,
        /// Whether every connection must begin with a PROXY header.
        "proxy_protocol": ProxyProtocolWord = ProxyProtocolWord::Off
            => proxy_protocol: ProxyProtocolWord,
        /// Whose `X-Forwarded-*`, `Forwarded` and PROXY headers are believed; nobody's by default.
        /// `Forwarded` counts where there is no `X-Forwarded-For`.
        "trusted_proxies": List<Cidr> = Vec::new() => trusted_proxies: Vec<IpNet>,
        /// Bounds on what a client may send or hold.
        "limits": ListenerLimits = empty::<ListenerLimits>() => limits: ListenerLimits,
        /// Bounds on how long a client may take.
        "timeouts": ListenerTimeouts = empty::<ListenerTimeouts>() => timeouts: ListenerTimeouts,
        /// Certificates (`https` only, and needed there).
        "tls": Option<ListenerTls> = None => tls: Option<ListenerTls>,
        /// Rules of layer 4, the first that matches wins (`tcp`, `tls` and `udp` only, and needed
        /// there). What no rule matches is closed.
        "forward": Option<NonEmpty<ForwardRule>> = None => forward: Option<Vec<ForwardRule>>,
        /// Policies of this listener; at layer 4 only `ip_filter`.
        "policies": PolicySet = empty::<PolicySet>() => policies: PolicySet,
    }
}

impl ListenerWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Listener> {
        // With a word that is no protocol, nothing can be said about the other keys.
        if scope.text("protocol").is_none_or(|word| word == self.protocol.as_str()) {
            self.check_keys(scope);
            self.check_forward_keys(scope);
        }
        if self.proxy_protocol == ProxyProtocolWord::Required {
            if self.protocol == ProtocolWord::Udp {
                scope.refuse_at("proxy_protocol", "datagrams carry no PROXY header");
            } else if scope.count("trusted_proxies") == 0 {
                scope.refuse_at(
                    "proxy_protocol",
                    "needs `trusted_proxies`: from nobody else is the PROXY header taken",
                );
            }
        }
        Some(Listener {
            name: self.name,
            ip: self.address.ip,
            ports: self.address.ports,
            protocol: match self.protocol {
                ProtocolWord::Http => ListenerProtocol::Http,
                ProtocolWord::Https => ListenerProtocol::Https(self.tls?),
                ProtocolWord::Tcp => ListenerProtocol::Tcp(self.forward?),
                ProtocolWord::Tls => ListenerProtocol::Tls(self.forward?),
                ProtocolWord::Udp => ListenerProtocol::Udp(self.forward?),
            },
            proxy_protocol: self.proxy_protocol == ProxyProtocolWord::Required,
            trusted_proxies: self.trusted_proxies,
            limits: self.limits,
            timeouts: self.timeouts,
            policies: self.policies.into(),
        })
    }

    const fn is_layer_4(&self) -> bool {
        matches!(self.protocol, ProtocolWord::Tcp | ProtocolWord::Tls | ProtocolWord::Udp)
    }

    fn check_keys(&self, scope: &mut Scope<'_, '_, '_>) {
        let word = self.protocol.as_str();
        match (self.protocol, scope.has("tls")) {
            (ProtocolWord::Https, false) => {
                scope.refuse("needs `tls` with its certificates, as its protocol is `https`");
            }
            (ProtocolWord::Https, true) | (_, false) => {}
            (_, true) => scope.refuse_at("tls", format!("`{word}` takes no certificates")),
        }
        match (self.is_layer_4(), scope.has("forward")) {
            (true, false) => scope.refuse(format!("needs `forward`, as its protocol is `{word}`")),
            (false, true) => scope.refuse_at(
                "forward",
                format!("`{word}` is led by routes; `forward` is for `tcp`, `tls` and `udp`"),
            ),
            _ => {}
        }
        if self.is_layer_4() {
            let only_filter =
                PolicySet { ip_filter: self.policies.ip_filter.clone(), ..PolicySet::default() };
            if self.policies != only_filter {
                let message = format!("on `{word}` only the policy `ip_filter` can work");
                scope.refuse_at("policies", message);
            }
        }
    }

    /// What only one protocol knows is refused in the others' rules.
    fn check_forward_keys(&self, scope: &mut Scope<'_, '_, '_>) {
        let places = [
            ("sni", ProtocolWord::Tls),
            ("alpn", ProtocolWord::Tls),
            ("flow_idle", ProtocolWord::Udp),
        ];
        if !self.is_layer_4() {
            return;
        }
        let rules = scope.node.get("forward").map_or(&[][..], |list| list.items());
        for (key, protocol) in places {
            for value in rules.iter().filter_map(|rule| rule.get(key)) {
                if self.protocol != protocol {
                    let word = protocol.as_str();
                    scope.reader.refuse(value.place, format!("`{key}` is only for `{word}`"));
                }
            }
        }
    }
}

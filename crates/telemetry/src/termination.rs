//! Who ended an exchange or a relay, and in which phase of it: one word for log and metrics.
//!
//! Not why: that is [`architrave_core::Reason`]. Together they tell a slow client from a dead
//! endpoint without a packet capture.

/// How an exchange, a connection or a flow came to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Termination {
    /// Everything was sent and received, whatever the status.
    #[default]
    Complete,
    /// A party ended it before that.
    Ended {
        /// Who.
        party: Party,
        /// While doing what.
        phase: Phase,
    },
}

/// Who can end an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The client: it closed, reset, or broke the protocol.
    Client,
    /// The endpoint: it closed, reset, refused, or broke the protocol.
    Endpoint,
    /// The gateway: a limit, a policy, a timeout, draining.
    Gateway,
}

macro_rules! phases {
    ($($(#[$doc:meta])* $variant:ident = $word:literal;)+) => {
        /// What was going on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Phase { $($(#[$doc])* $variant,)+ }

        impl Phase {
            /// Every phase, in the order of an exchange's life.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
        }

        impl Termination {
            /// The word: `complete`, or `client@response_body` and the like.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::Complete => "complete",
                    $(
                        Self::Ended { party: Party::Client, phase: Phase::$variant } => {
                            concat!("client@", $word)
                        }
                        Self::Ended { party: Party::Endpoint, phase: Phase::$variant } => {
                            concat!("endpoint@", $word)
                        }
                        Self::Ended { party: Party::Gateway, phase: Phase::$variant } => {
                            concat!("gateway@", $word)
                        }
                    )+
                }
            }
        }
    };
}

phases! {
    /// The connection: limits, PROXY header, TLS handshake, ClientHello.
    Accept = "accept";
    /// The request head.
    Head = "head";
    /// Route and policies.
    Admit = "admit";
    /// Waiting for an endpoint or connection to be free.
    Queue = "queue";
    /// Connecting to an endpoint.
    Connect = "connect";
    /// The request body.
    RequestBody = "request_body";
    /// Waiting for the response head.
    Wait = "wait";
    /// The response body.
    ResponseBody = "response_body";
    /// Bytes both ways: an upgraded connection, or layer 4.
    Tunnel = "tunnel";
}

impl Party {
    /// Every party.
    pub const ALL: &'static [Self] = &[Self::Client, Self::Endpoint, Self::Gateway];
}

impl Termination {
    /// How many words there are.
    pub const COUNT: usize = 1 + Party::ALL.len() * Phase::ALL.len();

    /// Ended by the client.
    #[must_use]
    pub const fn client(phase: Phase) -> Self {
        Self::Ended { party: Party::Client, phase }
    }

    /// Ended by the endpoint.
    #[must_use]
    pub const fn endpoint(phase: Phase) -> Self {
        Self::Ended { party: Party::Endpoint, phase }
    }

    /// Ended by the gateway.
    #[must_use]
    pub const fn gateway(phase: Phase) -> Self {
        Self::Ended { party: Party::Gateway, phase }
    }

    /// Every word, by [`Termination::index`].
    pub fn all() -> impl Iterator<Item = Self> {
        let ended = Party::ALL.iter().flat_map(|party| {
            Phase::ALL.iter().map(move |phase| Self::Ended { party: *party, phase: *phase })
        });
        std::iter::once(Self::Complete).chain(ended)
    }

    /// Its place in [`Termination::all`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Complete => 0,
            Self::Ended { party, phase } => 1 + party as usize * Phase::ALL.len() + phase as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_termination_has_its_place() {
        let all: Vec<_> = Termination::all().collect();
        assert_eq!(all.len(), Termination::COUNT);
        for (place, termination) in all.iter().enumerate() {
            assert_eq!(termination.index(), place);
        }
    }

    #[test]
    fn words_name_party_and_phase() {
        assert_eq!(Termination::Complete.as_str(), "complete");
        assert_eq!(Termination::client(Phase::ResponseBody).as_str(), "client@response_body");
        assert_eq!(Termination::gateway(Phase::Queue).as_str(), "gateway@queue");
        assert_eq!(Termination::endpoint(Phase::Wait).as_str(), "endpoint@wait");
    }
}

//! Why a lane was passed over. The one list of these reasons, with the words for headers and
//! logs, and how much each of them hinders.

/// How much a hindrance hinders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Passed over while there is anybody who is less hindered; the higher the worse.
    While(u8),
    /// Never used for this request, now.
    Never,
}

impl Severity {
    /// Not hindered at all.
    pub(crate) const NONE: Self = Self::While(0);
}

macro_rules! hindrances {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $severity:expr;)+) => {
        /// Why a lane was passed over.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Hindrance {
            $($(#[$doc])* $name),+
        }

        impl Hindrance {
            /// All of them, from what hinders for the choice alone to what ends it.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word for headers, logs and metrics.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word),+
                }
            }

            pub(crate) const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => $severity),+
                }
            }
        }
    };
}

hindrances! {
    /// It is the home of the affinity key, and has more in flight than its share allows.
    Crowded = "crowded", Severity::While(0);
    /// It has rested, and a request is finding out whether that helped.
    OnTrial = "on_trial", Severity::While(1);
    /// Its provider's headers say that this request would not fit into what is left of a quota.
    QuotaLow = "quota_low", Severity::While(2);
    /// Its provider said that it is overloaded.
    Overloaded = "overloaded", Severity::While(3);
    /// It failed several times in a row.
    Failing = "failing", Severity::While(4);
    /// What this request has just failed at is the same provider or model, with another credential.
    NextToTried = "next_to_tried", Severity::While(5);
    /// By all estimates the request does not fit into its context.
    TooSmall = "context_too_small", Severity::While(6);
    /// It was tried for this request.
    Tried = "tried", Severity::Never;
    /// The caller said so.
    Excluded = "excluded", Severity::Never;
    /// Its weight is 0.
    Weightless = "weightless", Severity::Never;
    /// It cannot do what is asked, and another can.
    Unable = "unable", Severity::Never;
    /// This request was too long for a context that is no smaller.
    TooLong = "too_long", Severity::Never;
    /// Its provider takes no more from its credential for now.
    RateLimited = "rate_limited", Severity::Never;
    /// Its credential was refused.
    Denied = "denied", Severity::Never;
    /// Its deployment has as many requests or tokens as its limits allow in this time.
    AtLimit = "at_limit", Severity::Never;
    /// Its deployment has as many requests in flight as its limits allow.
    Full = "full", Severity::Never;
}

//! Why an exchange failed: one closed list of short words, used as metric label, log field,
//! `reason` of an error body and anchor in the documentation.

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $status:literal;)+) => {
        /// Why the gateway answered for itself, or cut an exchange short.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$doc])* $variant,)+ }

        impl Reason {
            /// Every reason, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used in labels, logs and bodies.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The HTTP status that answers it, when an answer can still be given.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }
        }
    };
}

reasons! {
    /// The request breaks the protocol or is ambiguous about its framing.
    BadRequest = "bad_request", 400;
    /// No credential was presented where one is needed.
    CredentialMissing = "credential_missing", 401;
    /// A credential was presented and is not valid.
    CredentialInvalid = "credential_invalid", 401;
    /// The caller is known and may not do this, or its address is refused.
    Forbidden = "forbidden", 403;
    /// The caller is known and has no active subscription that opens the service.
    NotSubscribed = "not_subscribed", 403;
    /// A guardrail refused what was said to a model, or by it.
    Guardrail = "guardrail", 403;
    /// A model, or what watches over it, refused to answer.
    ModelRefused = "model_refused", 403;
    /// No route matches the request.
    NoRoute = "no_route", 404;
    /// No model of that name may be asked for.
    UnknownModel = "unknown_model", 404;
    /// The service has nothing at that path, or of that id.
    NotFound = "not_found", 404;
    /// The service has something at that path, for other methods.
    MethodNotAllowed = "method_not_allowed", 405;
    /// The client was too slow to send its head or body.
    ClientTimeout = "client_timeout", 408;
    /// The service has retired.
    Retired = "retired", 410;
    /// The service will retire, and is answered for this while as if it had.
    Brownout = "brownout", 410;
    /// The request body is larger than the limit.
    BodyTooLarge = "body_too_large", 413;
    /// The request target is longer than the limit.
    UriTooLong = "uri_too_long", 414;
    /// The server name of the connection and the host of the request do not belong together.
    Misdirected = "misdirected", 421;
    /// A rate limit is exhausted.
    RateLimited = "rate_limited", 429;
    /// The request head is larger, or has more fields, than the limit.
    HeadTooLarge = "head_too_large", 431;
    /// The client went away before the exchange was complete.
    ClientClosed = "client_closed", 499;
    /// Something in the gateway itself went wrong.
    Internal = "internal", 500;
    /// The request asks for something that this gateway does not do.
    NotImplemented = "not_implemented", 501;
    /// No connection to the endpoint could be made.
    ConnectFailed = "connect_failed", 502;
    /// The TLS handshake with the endpoint failed.
    TlsFailed = "tls_failed", 502;
    /// The endpoint closed or reset the connection before or within its response.
    UpstreamReset = "upstream_reset", 502;
    /// The endpoint's response breaks the protocol.
    BadResponse = "bad_response", 502;
    /// The service is out of service for now.
    Suspended = "suspended", 503;
    /// No endpoint of the upstream is available.
    NoHealthyEndpoint = "no_healthy_endpoint", 503;
    /// The upstream is at its limits and its queue is full.
    QueueFull = "queue_full", 503;
    /// The gateway is at its limits.
    Overloaded = "overloaded", 503;
    /// The gateway ended before the exchange had.
    ShuttingDown = "shutting_down", 503;
    /// Connecting to the endpoint took too long.
    ConnectTimeout = "connect_timeout", 504;
    /// The endpoint, or the route's timeout, ran out of time before the response head.
    ResponseTimeout = "response_timeout", 504;
    /// A body stopped moving for longer than the limit.
    StallTimeout = "stall_timeout", 504;
    /// The version of HTTP is not one that is spoken here.
    VersionNotSupported = "version_not_supported", 505;
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The cells of every row of the table in `docs/reasons.md`.
    fn documented() -> Vec<Vec<String>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reasons.md");
        let page = std::fs::read_to_string(path).expect("the page is there");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
        rows.map(|row| row.replacen("` |", " |", 1).split(" | ").map(str::to_owned).collect())
            .collect()
    }

    #[test]
    fn the_page_has_every_reason_in_order_with_its_status() {
        let listed: Vec<_> = Reason::ALL
            .iter()
            .map(|one| (one.as_str().to_owned(), one.status().to_string()))
            .collect();
        let written: Vec<_> =
            documented().iter().map(|row| (row[0].clone(), row[1].clone())).collect();
        assert_eq!(written, listed);
    }

    #[test]
    fn the_page_says_who_causes_each_what_happened_and_what_to_do() {
        for row in documented() {
            assert_eq!(row.len(), 5, "{row:?}");
            assert!(["client", "endpoint", "gateway"].contains(&&*row[2]), "{row:?}");
            assert!(row[3..].iter().all(|cell| cell.ends_with('.')), "{row:?}");
            // Who is answered with 4xx can do something about it, as the status says.
            let is_client_error = row[1].starts_with('4');
            assert!(!is_client_error || row[2] == "client", "{row:?}");
        }
    }

    #[test]
    fn words_are_labels_and_statuses_are_errors() {
        for (place, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, place, "tables are indexed by it");
            let word = reason.as_str();
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{word}");
            assert!((400..600).contains(&reason.status()), "{word}");
            assert!(!Reason::ALL[..place].iter().any(|other| other.as_str() == word), "{word}");
        }
    }
}

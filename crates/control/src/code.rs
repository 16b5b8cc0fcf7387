//! The closed list of what the API refuses for: a word that programs may rely on, its status, and
//! what it means. What a refusal says besides is made in `error.rs`.

use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $word:literal, $about:literal;)+) => {
        /// Why a request was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Code { $($name),+ }

        impl Code {
            /// All of them, in the order of the page.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            /// The word in answers.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// What it means, for the page.
            pub(crate) fn about(self) -> &'static str {
                match self { $(Self::$name => $about),+ }
            }

            fn number(self) -> u16 {
                match self { $(Self::$name => $status),+ }
            }
        }
    };
}

codes! {
    AddressInvalid = 400 "address_invalid", "An endpoint's address is not `ip:port`.";
    BodyInvalid = 400 "body_invalid", "The body is not JSON, or not of this form; `errors` says where.";
    HeaderInvalid = 400 "header_invalid", "A header such as `If-Match` or `Idempotency-Key` cannot be read.";
    PageTokenInvalid = 400 "page_token_invalid", "The page token is not one of this list with these filters.";
    PathInvalid = 400 "path_invalid", "The path cannot be read.";
    SignInOver = 400 "sign_in_over", "The sign-in was not begun in this browser, is over or was ended before; begin again.";
    QueryInvalid = 400 "query_invalid", "A query parameter is unknown, given twice or out of range; `errors` says which.";
    CredentialsWrong = 401 "credentials_wrong", "E-mail or password is wrong, or nobody may sign in with them now.";
    SessionInvalid = 401 "session_invalid", "The session is over; sign in again.";
    TokenInvalid = 401 "token_invalid", "The token is not known, has expired or was revoked.";
    TokenMissing = 401 "token_missing", "Nobody has signed in, and no token was sent.";
    CsrfTokenWrong = 403 "csrf_token_wrong", "A write by a session needs `x-csrf-token` as the session has it.";
    HostNotAllowed = 403 "host_not_allowed", "The `Host` is not one of ours.";
    IdentityNotProven = 403 "identity_not_proven", "The word of the identity provider is not believed; the message says why.";
    NotPermitted = 403 "not_permitted", "The caller may not do this.";
    OriginNotAllowed = 403 "origin_not_allowed", "The request was made by a page of another origin.";
    PasswordWrong = 403 "password_wrong", "The present password is another one.";
    PeerNotAllowed = 403 "peer_not_allowed", "Without a token and before set-up, only loopback is answered.";
    ReachNotPermitted = 403 "reach_not_permitted", "A team's object refers to what is not the team's; `errors` says where.";
    ScopeNotPermitted = 403 "scope_not_permitted", "The token's scopes do not have this.";
    SessionNeeded = 403 "session_needed", "This takes a person who has signed in, not a token.";
    SignInNotPermitted = 403 "sign_in_not_permitted", "The identity provider knows them, and they are not let in here; the message says why.";
    SetupCodeWrong = 403 "setup_code_wrong", "The set-up code is wrong, used or has expired.";
    UserCodeWrong = 403 "user_code_wrong", "The one-time code is wrong, used or has expired.";
    ActionNotFound = 404 "action_not_found", "There is no such custom method.";
    DescriptionNotFound = 404 "description_not_found", "The service has no description that is kept here.";
    ApplicationNotFound = 404 "application_not_found", "No application has that name, or the caller may not see it.";
    CredentialNotFound = 404 "credential_not_found", "The application has no such credential.";
    EndpointNotFound = 404 "endpoint_not_found", "The upstream has no endpoint of that address.";
    IdentityProviderNotFound = 404 "identity_provider_not_found", "No identity provider has that name.";
    LaneNotFound = 404 "lane_not_found", "Nothing that serves the model is there by that credential.";
    MemberNotFound = 404 "member_not_found", "The user is not a member of the team.";
    NotificationNotFound = 404 "notification_not_found", "The caller has no such notification.";
    ObjectNotFound = 404 "object_not_found", "No object of that kind has that name, or the caller may not see it.";
    ModelNotFound = 404 "model_not_found", "No model is listed by that name.";
    RevisionNotFound = 404 "revision_not_found", "The service has no such revision, or it is no longer kept.";
    RequestNotFound = 404 "request_not_found", "The request log has no such exchange, or the caller may not see it.";
    RouteNotFound = 404 "route_not_found", "Nothing is served at this path.";
    ServiceAccountNotFound = 404 "service_account_not_found", "No service account has that name, or the caller may not see it.";
    SessionNotFound = 404 "session_not_found", "The caller has no such session.";
    SubscriptionNotFound = 404 "subscription_not_found", "There is no such subscription, or the caller may not see it.";
    TeamNotFound = 404 "team_not_found", "No team has that name, or the caller may not see it.";
    TokenNotFound = 404 "token_not_found", "There is no such token.";
    UpstreamNotFound = 404 "upstream_not_found", "No upstream is named so, or the caller may not see it.";
    UsageNotFound = 404 "usage_not_found", "No consumer is named so, or it has no budgets.";
    UserNotFound = 404 "user_not_found", "There is no such user.";
    MethodNotAllowed = 405 "method_not_allowed", "The path does not answer this method.";
    BreakingChanges = 409 "breaking_changes", "Callers of what is published would break; `errors` says by what.";
    BackupNotPossible = 409 "backup_not_possible", "No backup can be made here; the message says why.";
    BackupUnderWay = 409 "backup_under_way", "A backup is being made.";
    ConfigNotPossible = 409 "config_not_possible", "The configuration cannot be carried out; the message says why.";
    EndpointExists = 409 "endpoint_exists", "The upstream has this endpoint already.";
    EndpointIsConfigured = 409 "endpoint_is_configured", "The endpoint comes from the configuration.";
    IdempotencyKeyInUse = 409 "idempotency_key_in_use", "A request with this key is being carried out.";
    LastAdmin = 409 "last_admin", "Nobody else could manage users then.";
    LastOwner = 409 "last_owner", "The team would have no owner then.";
    NameTaken = 409 "name_taken", "Something of this kind has this name.";
    NoDatabase = 409 "no_database", "The gateway runs from a file alone and keeps nothing.";
    NoUsage = 409 "no_usage", "What is used is not kept, as the gateway file says.";
    ObjectInUse = 409 "object_in_use", "Something that is no object still needs it; the message says what.";
    PlanNotOpen = 409 "plan_not_open", "The plan takes no new subscription, or none of this application; the message says why.";
    ReadOnlyObject = 409 "read_only_object", "The object comes from the gateway file and is changed there.";
    SetupComplete = 409 "setup_complete", "There are users already.";
    StateNotFitting = 409 "state_not_fitting", "What is to be changed is in a state in which this makes no sense.";
    StillCalled = 409 "still_called", "Somebody has called it of late; `errors` says who, and when last.";
    TeamNotEmpty = 409 "team_not_empty", "The team still has objects or service accounts.";
    TooManyFollowed = 409 "too_many_followed", "The exchanges of as many consumers as can be are put into the request log already.";
    TooMany = 409 "too_many", "There are as many of them as there may be.";
    UpstreamIsFull = 409 "upstream_is_full", "The upstream has as many endpoints as it can.";
    PreconditionFailed = 412 "precondition_failed", "It has changed since, or is there already; `ETag` says what it is now.";
    BodyTooLarge = 413 "body_too_large", "The body is too long.";
    ContentTypeNotSupported = 415 "content_type_not_supported", "The body is sent as another type than this takes.";
    ConfigInvalid = 422 "config_invalid", "The configuration has faults; `errors` has all of them.";
    DescriptionInvalid = 422 "description_invalid", "The description of the API is not taken; `errors` says why.";
    IdempotencyKeyReused = 422 "idempotency_key_reused", "The key came with another request before.";
    ObjectInvalid = 422 "object_invalid", "The configuration would have faults with this; `errors` has all of them.";
    PasswordTooWeak = 422 "password_too_weak", "The password is too short, too long or too easily guessed.";
    ValueOutOfRange = 422 "value_out_of_range", "A value is outside of what this takes.";
    PreconditionRequired = 428 "precondition_required", "Changing what exists needs `If-Match` with its `ETag`.";
    TooManyAttempts = 429 "too_many_attempts", "Too many wrong attempts; `Retry-After` says when to try again.";
    Internal = 500 "internal", "Something in the gateway went wrong; its log says more.";
    IdentityProviderUnavailable = 502 "identity_provider_unavailable", "The identity provider does not answer as it should; the message says how.";
    StoreUnavailable = 503 "store_unavailable", "The database does not answer.";
    TooBusy = 503 "too_busy", "Too many passwords are being checked; try again in a moment.";
    TooManyTests = 503 "too_many_tests", "As many providers as can be are being tested; try again in a moment.";
    TooManyWatchers = 503 "too_many_watchers", "As many as can be are watching requests already.";
    TooManyConnections = 503 "too_many_connections", "Every connection of the admin listener is taken.";
}

impl Code {
    /// The status that goes with it.
    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.number()).expect("every code has a status of HTTP")
    }

    /// Its URI, as RFC 9457 has `type`.
    pub(crate) fn uri(self) -> String {
        format!("urn:architrave:problem:{}", self.as_str())
    }
}

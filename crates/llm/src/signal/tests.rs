//! Answers as providers give them, by their documentation and by what users have reported: what
//! they mean, and what their headers say is left.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Limits, Quota, Scope, Signal, SignalKind, Window};
use crate::dialect::{Dialect, add_aws_error_type};

/// 2026-01-31 12:00:00 UTC.
const NOW_S: u64 = 1_769_860_800;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW_S)
}

fn limits(headers: &str) -> Limits {
    let pairs = headers.lines().filter_map(|line| line.trim().split_once(": "));
    Limits::read(pairs.map(|(name, value)| (name.as_bytes(), value.as_bytes())), now())
}

fn seconds(seconds: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(seconds))
}

fn window(limit: u64, remaining: u64, resets_in: Option<Duration>) -> Option<Window> {
    Some(Window { limit: Some(limit), remaining, resets_in })
}

/// What an answer means: kind, scope, wait.
fn signal(dialect: Dialect, status: u16, headers: &str, body: &str) -> Signal {
    let mut error = dialect.read_error(status, body.as_bytes());
    let word = headers.lines().find_map(|line| line.trim().strip_prefix("x-amzn-errortype: "));
    if let Some(word) = word {
        add_aws_error_type(&mut error, word);
    }
    Signal::of(status, &limits(headers), Some(&error))
}

fn check(
    (dialect, status, headers, body): (Dialect, u16, &str, &str),
    (kind, scope, wait): (SignalKind, Scope, Option<Duration>),
) {
    let found = signal(dialect, status, headers, body);
    assert_eq!((found.kind, found.scope, found.wait), (kind, scope, wait), "{status} {body}");
    let is_answer = matches!(kind, SignalKind::RequestRefused | SignalKind::ContentRefused);
    let is_elsewhere = kind != SignalKind::NotFound || scope == Scope::Lane;
    assert_eq!(found.is_worth_another, !is_answer && is_elsewhere, "{status} {body}");
}

use Dialect::{
    AnthropicMessages as Anthropic, BedrockConverse as Bedrock, CohereChat as Cohere,
    GeminiGenerateContent as Gemini, OpenaiChat as Openai,
};
use SignalKind::{
    Broken, ContentRefused, ContextTooLong, CredentialRefused, NotFound, Overloaded, RateLimited,
    RequestRefused, TimedOut, Unpaid,
};

#[test]
fn limits_are_about_a_credential_and_a_model_unless_they_say_otherwise() {
    let openai = "x-ratelimit-limit-requests: 500\nx-ratelimit-remaining-requests: 499\n\
        x-ratelimit-reset-requests: 120ms\nx-ratelimit-limit-tokens: 30000\n\
        x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 6m0s";
    let body = r#"{"error":{"message":"Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29937, Requested 385. Please try again in 644ms. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#;
    check((Openai, 429, openai, body), (RateLimited, Scope::Lane, seconds(360.0)));
    check((Openai, 429, "", body), (RateLimited, Scope::Lane, seconds(0.644)));
    let body = r#"{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01-preview have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 2 seconds."}}"#;
    let azure = "retry-after: 2\nretry-after-ms: 1500";
    check((Openai, 429, azure, body), (RateLimited, Scope::Lane, seconds(1.5)));
    check((Openai, 429, "", body), (RateLimited, Scope::Lane, seconds(2.0)));
    let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the rate limit for your organization (x) of 40,000 input tokens per minute."},"request_id":"req_1"}"#;
    check((Anthropic, 429, "Retry-After: 17", body), (RateLimited, Scope::Lane, seconds(17.0)));
    let body = r#"{"message":"Too many tokens, please wait before trying again."}"#;
    let word = "x-amzn-errortype: ThrottlingException:http://internal.amazon.com/coral/";
    check((Bedrock, 429, word, body), (RateLimited, Scope::Lane, None));
    let body = r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"m","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"47s"}]}}"#;
    check((Gemini, 429, "", body), (RateLimited, Scope::Lane, seconds(47.0)));
    let body = body.replace("PerProjectPerModel-FreeTier", "PerProject");
    check((Gemini, 429, "", &body), (RateLimited, Scope::Credential, seconds(47.0)));
    let body = r#"{"error":{"message":"Rate limit reached for model `m` in organization `o` service tier `on_demand` on tokens per minute (TPM): Limit 15000, Used 11972, Requested 4351. Please try again in 1m5.289s.","type":"tokens","code":"rate_limit_exceeded"}}"#;
    check((Openai, 429, "", body), (RateLimited, Scope::Lane, seconds(65.289)));
    // In a proxy's words, or in none.
    check((Openai, 429, "retry-after: 3", "<html>"), (RateLimited, Scope::Lane, seconds(3.0)));
    let nothing = Signal::of(429, &limits("retry-after: 3"), None);
    assert_eq!((nothing.kind, nothing.wait), (RateLimited, seconds(3.0)));
}

#[test]
fn limits_of_an_account_are_about_the_credential() {
    let body = r#"{"error":{"message":"Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day","code":429}}"#;
    let openrouter = format!(
        "X-RateLimit-Limit: 50\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: {}",
        (NOW_S + 7) * 1_000 + 500
    );
    check((Openai, 429, &openrouter, body), (RateLimited, Scope::Credential, seconds(7.5)));
    let body =
        r#"{"message":"You are using a Trial key, which is limited to 1000 API calls / month."}"#;
    check((Cohere, 429, "", body), (RateLimited, Scope::Credential, None));
    let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your account's rate limit. Please try again later."}}"#;
    let unified = format!(
        "anthropic-ratelimit-unified-status: rejected\nanthropic-ratelimit-unified-5h-status: rejected\n\
         anthropic-ratelimit-unified-reset: {}",
        NOW_S + 90
    );
    check((Anthropic, 429, &unified, body), (RateLimited, Scope::Credential, seconds(90.0)));
    let allowed = limits("anthropic-ratelimit-unified-status: allowed");
    assert!(!allowed.is_of_account);
}

#[test]
fn a_provider_that_is_busy_says_nothing_of_the_credential() {
    let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    check((Anthropic, 529, "", body), (Overloaded, Scope::Provider, None));
    // In mid-stream it comes with a status of 200.
    check((Anthropic, 200, "", body), (Overloaded, Scope::Provider, None));
    let body = r#"{"error":{"message":"The server is overloaded or not ready yet.","type":"server_error","param":null,"code":null}}"#;
    check((Openai, 503, "retry-after: 5", body), (Overloaded, Scope::Provider, seconds(5.0)));
    check((Openai, 503, "", "upstream connect error"), (Overloaded, Scope::Provider, None));
    let body = r#"{"message":"Bedrock is unable to process your request."}"#;
    let word = "x-amzn-errortype: ServiceUnavailableException";
    check((Bedrock, 503, word, body), (Overloaded, Scope::Provider, None));
    // One model that has too much to do, or is not there yet.
    let body = r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#;
    check((Gemini, 503, "", body), (Overloaded, Scope::Lane, None));
    let body = r#"{"message":"The model is not ready for inference."}"#;
    let word = "x-amzn-errortype: ModelNotReadyException";
    check((Bedrock, 429, word, body), (Overloaded, Scope::Lane, None));
}

#[test]
fn credentials_and_money_rest_the_credential() {
    let body = r#"{"error":{"message":"Incorrect API key provided: sk-…","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#;
    check((Openai, 401, "", body), (CredentialRefused, Scope::Credential, None));
    let body = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#;
    check((Gemini, 400, "", body), (CredentialRefused, Scope::Credential, None));
    let body = r#"{"message":"The security token included in the request is invalid."}"#;
    let word = "x-amzn-errortype: UnrecognizedClientException:http://internal.amazon.com/";
    check((Bedrock, 403, word, body), (CredentialRefused, Scope::Credential, None));
    for (dialect, status, body) in [
        (Openai, 402, r#"{"error":{"message":"Insufficient Balance","type":"unknown_error"}}"#),
        (
            Openai,
            429,
            r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
        ),
        (
            Openai,
            429,
            r#"{"error":{"message":"Your account is suspended, please recharge","type":"exceeded_current_quota_error"}}"#,
        ),
        (
            Openai,
            403,
            r#"{"code":"forbidden","error":"Your newly created team doesn't have any credits yet."}"#,
        ),
        (
            Anthropic,
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."}}"#,
        ),
        (Anthropic, 402, r#"{"type":"error","error":{"type":"billing_error","message":"no"}}"#),
    ] {
        check((dialect, status, "retry-after: 9", body), (Unpaid, Scope::Credential, None));
    }
    // What is refused for one model says nothing of the others.
    let body = r#"{"error":{"message":"Project `proj_x` does not have access to model `gpt-4o`","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#;
    check((Openai, 403, "", body), (CredentialRefused, Scope::Lane, None));
    let body = r#"{"message":"You don't have access to the model with the specified model ID."}"#;
    let word = "x-amzn-errortype: AccessDeniedException";
    check((Bedrock, 403, word, body), (CredentialRefused, Scope::Lane, None));
}

#[test]
fn what_clients_say_rests_nobody() {
    let quoted = r#"{"error":{"message":"Invalid value: 'insufficient balance'. Supported values are: 'system', 'user'.","type":"invalid_request_error","param":"messages[0].role"}}"#;
    check((Openai, 400, "", quoted), (RequestRefused, Scope::Request, None));
    let bare =
        r#"{"error":{"message":"Unknown role: your account is suspended, insufficient funds"}}"#;
    check((Openai, 422, "", bare), (RequestRefused, Scope::Request, None));
    let named = r#"{"error":{"message":"Team has no access to the model `x' insufficient credit 'x` ","type":"forbidden"}}"#;
    check((Openai, 403, "", named), (CredentialRefused, Scope::Lane, None));
    let limited = r#"{"error":{"message":"Rate limit reached for \"m per api key, trial key\"."}}"#;
    check((Openai, 429, "", limited), (RateLimited, Scope::Lane, None));
}

#[test]
fn what_a_credential_may_not_do_says_nothing_of_what_it_may() {
    for (status, body) in [
        (
            401,
            r#"{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: api.files.read.","type":"invalid_request_error"}}"#,
        ),
        (
            403,
            r#"{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: model.request."}}"#,
        ),
    ] {
        check((Openai, status, "", body), (CredentialRefused, Scope::Lane, None));
    }
    let body = r#"{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}"#;
    check((Anthropic, 403, "", body), (CredentialRefused, Scope::Lane, None));
    let body = r#"{"error":{"message":"Response with id 'resp_1' not found.","type":"invalid_request_error","param":null,"code":null}}"#;
    check((Openai, 404, "", body), (NotFound, Scope::Request, None));
}

#[test]
fn what_does_not_fit_is_about_nobody() {
    for (dialect, status, body) in [
        (
            Openai,
            400,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
        ),
        (
            Anthropic,
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 208310 tokens > 200000 maximum"}}"#,
        ),
        (
            Anthropic,
            413,
            r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
        ),
        (Bedrock, 400, r#"{"message":"Input is too long for requested model."}"#),
        (
            Openai,
            429,
            r#"{"error":{"message":"Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 30601.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
        ),
        (
            Openai,
            413,
            r#"{"error":{"message":"Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 9000","type":"tokens","code":"rate_limit_exceeded"}}"#,
        ),
    ] {
        check((dialect, status, "", body), (ContextTooLong, Scope::Request, None));
    }
}

#[test]
fn answers_are_no_failures() {
    let body = r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400}}"#;
    check((Openai, 400, "", body), (ContentRefused, Scope::Request, None));
    let body = r#"{"error":{"message":"Your chosen model requires moderation and your input was flagged for \"violence\".","code":403}}"#;
    check((Openai, 403, "", body), (ContentRefused, Scope::Request, None));
    let body = r#"{"type":"error","error":{"type":"invalid_request_error","message":"temperature: range: 0..1"}}"#;
    check((Anthropic, 400, "", body), (RequestRefused, Scope::Request, None));
    check((Openai, 422, "", r#"{"detail":"x"}"#), (RequestRefused, Scope::Request, None));
    let fine = Signal::of(200, &Limits::default(), None);
    assert_eq!((fine.kind, fine.scope), (SignalKind::Fine, Scope::Nobody));
    assert!(!fine.is_worth_another);
}

#[test]
fn what_is_not_there_is_about_the_lane_or_the_object() {
    let body = r#"{"type":"error","error":{"type":"not_found_error","message":"model: claude-x"}}"#;
    check((Anthropic, 404, "", body), (NotFound, Scope::Lane, None));
    check((Openai, 404, "", "not here"), (NotFound, Scope::Lane, None));
    check(
        (
            Openai,
            501,
            "",
            r#"{"error":{"code":501,"message":"This server does not support embeddings.","type":"not_supported_error"}}"#,
        ),
        (NotFound, Scope::Lane, None),
    );
    let body = r#"{"error":{"message":"Previous response with id 'resp_1' not found.","type":"invalid_request_error","param":"previous_response_id","code":"previous_response_not_found"}}"#;
    check((Openai, 404, "", body), (NotFound, Scope::Request, None));
    let body = r#"{"error":{"code":403,"message":"CachedContent not found (or permission denied)","status":"PERMISSION_DENIED"}}"#;
    check((Gemini, 403, "", body), (NotFound, Scope::Request, None));
}

#[test]
fn what_breaks_breaks_a_lane() {
    let body = r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#;
    check((Anthropic, 500, "", body), (Broken, Scope::Lane, None));
    check((Openai, 502, "retry-after: 9", "<html>"), (Broken, Scope::Lane, seconds(9.0)));
    check((Openai, 500, "retry-after: 7", "{}"), (Broken, Scope::Lane, seconds(7.0)));
    check((Openai, 500, "", "{}"), (Broken, Scope::Lane, None));
    check((Openai, 409, "retry-after: 7", "{}"), (RequestRefused, Scope::Request, seconds(7.0)));
    let body = r#"{"message":"The request took too long."}"#;
    check(
        (Bedrock, 408, "x-amzn-errortype: ModelTimeoutException", body),
        (TimedOut, Scope::Lane, None),
    );
    for (status, kind) in [(301, Broken), (520, Broken), (504, TimedOut), (524, TimedOut)] {
        assert_eq!(Signal::of(status, &Limits::default(), None).kind, kind, "{status}");
    }
}

#[test]
fn quotas_are_read_from_all_families() {
    let openai = Quota {
        requests: window(10_000, 9_999, seconds(0.0086)),
        tokens: window(200_000, 199_950, seconds(0.015)),
        ..Quota::default()
    };
    let anthropic = Quota {
        requests: window(4_000, 3_999, seconds(1.0)),
        tokens: window(480_000, 470_000, seconds(20.0)),
        input_tokens: window(400_000, 391_000, seconds(30.0)),
        output_tokens: window(80_000, 79_000, seconds(0.0)),
    };
    let mistral = Quota {
        requests: window(720, 717, None),
        tokens: window(5_000_000, 4_999_911, None),
        ..Quota::default()
    };
    let by_size = Quota { tokens: window(500_000, 499_900, seconds(28.0)), ..Quota::default() };
    let cerebras = Quota {
        requests: window(14_400, 14_399, seconds(33_011.38)),
        tokens: window(60_000, 59_000, seconds(11.38)),
        ..Quota::default()
    };
    let together = Quota {
        requests: window(10, 9, seconds(1.0)),
        tokens: window(3_000, 2_990, seconds(1.0)),
        ..Quota::default()
    };
    let fireworks = Quota {
        requests: window(600, 599, None),
        input_tokens: window(60_000, 59_900, None),
        output_tokens: window(12_000, 11_990, None),
        ..Quota::default()
    };
    let of_requests = |window| Quota { requests: window, ..Quota::default() };
    for (headers, expected) in [
        (
            "x-ratelimit-limit-requests: 10000\nx-ratelimit-remaining-requests: 9999\nx-ratelimit-reset-requests: 8.6ms\nx-ratelimit-limit-tokens: 200000\nx-ratelimit-remaining-tokens: 199950\nx-ratelimit-reset-tokens: 15ms",
            openai,
        ),
        (
            "Anthropic-RateLimit-Requests-Limit: 4000\nanthropic-ratelimit-requests-remaining: 3999\nanthropic-ratelimit-requests-reset: 2026-01-31T12:00:01Z\nanthropic-ratelimit-tokens-limit: 480000\nanthropic-ratelimit-tokens-remaining: 470000\nanthropic-ratelimit-tokens-reset: 2026-01-31T12:00:20Z\nanthropic-ratelimit-input-tokens-limit: 400000\nanthropic-ratelimit-input-tokens-remaining: 391000\nanthropic-ratelimit-input-tokens-reset: 2026-01-31T12:00:30Z\nanthropic-ratelimit-output-tokens-limit: 80000\nanthropic-ratelimit-output-tokens-remaining: 79000\nanthropic-ratelimit-output-tokens-reset: 2026-01-31T11:59:59Z",
            anthropic,
        ),
        (
            "x-ratelimit-limit-tokens-minute: 5000000\nx-ratelimit-remaining-tokens-minute: 4999911\nx-ratelimit-tokens-query-cost: 52\nx-ratelimit-limit-req-minute: 720\nx-ratelimit-remaining-req-minute: 717",
            mistral,
        ),
        (
            "ratelimitbysize-limit: 500000\nratelimitbysize-remaining: 499900\nratelimitbysize-reset: 28\nratelimitbysize-query-cost: 100",
            by_size,
        ),
        (
            "x-ratelimit-limit-requests-day: 14400\nx-ratelimit-limit-tokens-minute: 60000\nx-ratelimit-remaining-requests-day: 14399\nx-ratelimit-remaining-tokens-minute: 59000\nx-ratelimit-reset-requests-day: 33011.38\nx-ratelimit-reset-tokens-minute: 11.38",
            cerebras,
        ),
        (
            "x-ratelimit-limit: 10\nx-ratelimit-remaining: 9\nx-ratelimit-reset: 1\nx-tokenlimit-limit: 3000\nx-tokenlimit-remaining: 2990\nx-tokenlimit-reset: 1",
            together,
        ),
        (
            "x-ratelimit-limit-requests: 600\nx-ratelimit-remaining-requests: 599\nx-ratelimit-limit-tokens-prompt: 60000\nx-ratelimit-remaining-tokens-prompt: 59900\nx-ratelimit-limit-tokens-cache-adjusted-prompt: 90\nx-ratelimit-remaining-tokens-cache-adjusted-prompt: 1\nx-ratelimit-limit-tokens-generated: 12000\nx-ratelimit-remaining-tokens-generated: 11990\nx-ratelimit-over-limit: no",
            fireworks,
        ),
        (
            "x-ratelimit-limit: 60\nx-ratelimit-remaining: 12\nx-ratelimit-reset: 1769860830",
            of_requests(window(60, 12, seconds(30.0))),
        ),
        (
            "ratelimit-limit: 100\nratelimit-remaining: 99\nratelimit-reset: 60",
            of_requests(window(100, 99, seconds(60.0))),
        ),
        (
            "RateLimit: \"minute\";r=50;t=30, \"a,day\";r=400;t=3600\nRateLimit-Policy: \"minute\";q=100;w=60,\"a,day\";q=10000;w=86400",
            of_requests(window(10_000, 400, seconds(3_600.0))),
        ),
        ("RateLimit: limit=100, remaining=7, reset=50", of_requests(window(100, 7, seconds(50.0)))),
        (
            "RateLimit: \"t\";r=5\nRateLimit-Policy: \"t\";q=9;qu=\"tokens\"",
            Quota { tokens: window(9, 5, None), ..Quota::default() },
        ),
        // A project's tokens are nearer to their end than the organisation's.
        (
            "x-ratelimit-limit-tokens: 30000\nx-ratelimit-remaining-tokens: 29000\nx-ratelimit-reset-tokens: 2s\nx-ratelimit-limit-project-tokens: 20000\nx-ratelimit-remaining-project-tokens: 1000\nx-ratelimit-reset-project-tokens: 57s",
            Quota { tokens: window(20_000, 1_000, seconds(57.0)), ..Quota::default() },
        ),
        // Azure says -1 where it does not know.
        (
            "x-ratelimit-limit-tokens: -1\nx-ratelimit-remaining-tokens: -1\nx-ratelimit-reset-tokens: 0",
            Quota::default(),
        ),
        (
            "x-ratelimit-remaining-requests: 7",
            of_requests(Some(Window { limit: None, remaining: 7, resets_in: None })),
        ),
        ("x-ratelimit-limit: 0\nx-ratelimit-remaining: 0", Quota::default()),
        ("content-type: text/plain\nx-request-id: 7\nx-ratelimit-used: 3", Quota::default()),
    ] {
        assert_eq!(limits(headers).quota, expected, "{headers}");
    }
    assert!(limits("retry-after: x").quota.is_empty());
}

#[test]
fn waits_are_read_in_every_form() {
    for (headers, wait) in [
        ("retry-after: 30", seconds(30.0)),
        ("Retry-After: 0.5", seconds(0.5)),
        ("retry-after: 0", seconds(0.0)),
        ("retry-after: Sat, 31 Jan 2026 12:01:00 GMT", seconds(60.0)),
        ("retry-after: Sat, 31 Jan 2026 11:00:00 GMT", seconds(0.0)),
        ("retry-after: 1h2m3.5s", seconds(3_723.5)),
        ("retry-after-ms: 250\nretry-after: 1", seconds(0.25)),
        ("retry-after: 1\nretry-after-ms: 250", seconds(0.25)),
        ("retry-after-ms: soon\nretry-after: 1", seconds(1.0)),
        ("x-ms-retry-after-ms: 40", seconds(0.04)),
        ("retry-after: -5", seconds(0.0)),
        ("retry-after: later", None),
        ("retry-after: NaN", None),
        ("retry-after: 1e400", None),
        ("retry-after: 999999999999999999999999s", None),
        ("retry-after: ", None),
    ] {
        assert_eq!(limits(headers).wait, wait, "{headers}");
    }
}

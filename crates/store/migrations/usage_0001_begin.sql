-- What was used. Times in seconds UTC where they begin a step, else in microseconds UTC.

-- Every process that has written, and how far it got.
CREATE TABLE usage_writers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    events BIGINT NOT NULL,
    dropped BIGINT NOT NULL
);

-- Sets of dimensions; the id is a digest of them.
CREATE TABLE usage_keys (
    id BIGINT PRIMARY KEY,
    seen_at BIGINT NOT NULL,
    service TEXT NOT NULL,
    version TEXT NOT NULL,
    route TEXT NOT NULL,
    operation TEXT NOT NULL,
    consumer TEXT NOT NULL,
    application TEXT NOT NULL,
    plan TEXT NOT NULL,
    product TEXT NOT NULL,
    team TEXT NOT NULL,
    model TEXT NOT NULL,
    deployment TEXT NOT NULL,
    provider TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX usage_keys_by_service ON usage_keys (service);
CREATE INDEX usage_keys_by_consumer ON usage_keys (consumer);
CREATE INDEX usage_keys_by_day ON usage_keys (seen_at);

-- What was added up within a step for a set of dimensions; all parts together are the sum.
CREATE TABLE usage_cells (
    step BIGINT NOT NULL,
    at BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    part BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    bytes_in BIGINT NOT NULL,
    bytes_out BIGINT NOT NULL,
    latency_us BIGINT NOT NULL,
    first_tokens BIGINT NOT NULL,
    first_token_us BIGINT NOT NULL,
    tokens_input BIGINT NOT NULL,
    tokens_cache_read BIGINT NOT NULL,
    tokens_cache_write BIGINT NOT NULL,
    tokens_cache_write_1h BIGINT NOT NULL,
    tokens_input_audio BIGINT NOT NULL,
    tokens_input_image BIGINT NOT NULL,
    tokens_output BIGINT NOT NULL,
    tokens_reasoning BIGINT NOT NULL,
    tokens_output_audio BIGINT NOT NULL,
    tokens_output_image BIGINT NOT NULL,
    cost_nano_usd BIGINT NOT NULL,
    PRIMARY KEY (step, at, key_id, part)
) WITHOUT ROWID;
CREATE INDEX usage_cells_by_key ON usage_cells (key_id, step, at);

-- Sketches of the durations of a cell, apart from its sums, which are read more often.
CREATE TABLE usage_sketches (
    span BIGINT NOT NULL,
    step BIGINT NOT NULL,
    at BIGINT NOT NULL,
    key_id BIGINT NOT NULL,
    part BIGINT NOT NULL,
    sketch BLOB NOT NULL,
    PRIMARY KEY (span, step, at, key_id, part)
) WITHOUT ROWID;
CREATE INDEX usage_sketches_by_key ON usage_sketches (key_id, span, step, at);

-- Exchanges that are told of by themselves.
CREATE TABLE usage_requests (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    service TEXT NOT NULL,
    route TEXT NOT NULL,
    consumer TEXT NOT NULL,
    team TEXT NOT NULL,
    model TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status BIGINT NOT NULL,
    reason TEXT NOT NULL,
    latency_us BIGINT NOT NULL,
    facts TEXT NOT NULL
);
CREATE INDEX usage_requests_by_time ON usage_requests (at, id);
CREATE INDEX usage_requests_by_request ON usage_requests (request_id);
CREATE INDEX usage_requests_by_service ON usage_requests (service, at, id);
CREATE INDEX usage_requests_by_consumer ON usage_requests (consumer, at, id);

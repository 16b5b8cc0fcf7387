-- Who calls by subscriptions. `changed` is the generation that last wrote anything of an application,
-- its credentials or its subscriptions, so that what is other since then is found without the rest.

CREATE TABLE applications (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    team TEXT REFERENCES teams (name) ON UPDATE CASCADE,
    owner TEXT REFERENCES users (id),
    revision BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX applications_by_team ON applications (team, name);
CREATE INDEX applications_by_owner ON applications (owner, name);
CREATE INDEX applications_by_change ON applications (changed);

CREATE TABLE application_removals (
    name TEXT PRIMARY KEY,
    changed BIGINT NOT NULL
);
CREATE INDEX application_removals_by_change ON application_removals (changed);

CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    application TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    last4 TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX credentials_by_application ON credentials (application, id);

CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY,
    application TEXT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    plan TEXT NOT NULL,
    product TEXT NOT NULL,
    state TEXT NOT NULL,
    answers TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX subscriptions_by_application ON subscriptions (application, id);
CREATE INDEX subscriptions_by_plan ON subscriptions (plan, id);
CREATE INDEX subscriptions_by_product ON subscriptions (product, id);
CREATE INDEX subscriptions_by_state ON subscriptions (state, id);
CREATE UNIQUE INDEX subscriptions_once ON subscriptions (application, plan)
WHERE state IN ('pending', 'active', 'suspended');

CREATE TABLE notifications (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    details TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    read_at BIGINT
);
CREATE INDEX notifications_by_user ON notifications (user_id, id);

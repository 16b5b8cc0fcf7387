-- What services were like after each change, and the descriptions of their APIs.

CREATE TABLE descriptions (
    digest TEXT PRIMARY KEY,
    content TEXT NOT NULL
);

CREATE TABLE service_revisions (
    service_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    digest TEXT NOT NULL,
    content TEXT NOT NULL,
    description TEXT,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    published_at BIGINT,
    PRIMARY KEY (service_id, number)
);
CREATE INDEX service_revisions_by_description ON service_revisions (description);

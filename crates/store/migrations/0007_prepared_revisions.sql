-- Which revision a service points at, and those that are prepared and not in force. What an older
-- program writes is in force since it was made.

ALTER TABLE service_revisions ADD COLUMN current_at BIGINT;
ALTER TABLE service_revisions ADD COLUMN is_prepared BIGINT NOT NULL DEFAULT 0;
ALTER TABLE service_revisions ADD COLUMN based_on BIGINT;

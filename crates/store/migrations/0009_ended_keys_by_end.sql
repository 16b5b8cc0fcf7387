-- The oldest of them go when there are too many.

CREATE INDEX ended_keys_by_end ON ended_keys (ended_at);

-- The beginnings of an exchange's bodies, as a JSON object; empty where they are not kept.
ALTER TABLE usage_requests ADD COLUMN bodies TEXT NOT NULL DEFAULT '';

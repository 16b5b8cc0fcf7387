-- What all applications of a team together may use up: a list in JSON, in the words of a gateway
-- file.
ALTER TABLE teams ADD COLUMN budgets TEXT NOT NULL DEFAULT '[]';

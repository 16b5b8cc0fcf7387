-- Whether a process also adds up what is asked over long times, in cells of their own step. Until the
-- last one has written that does not, such cells are not all there.
ALTER TABLE usage_writers ADD COLUMN has_coarse BIGINT NOT NULL DEFAULT 0;

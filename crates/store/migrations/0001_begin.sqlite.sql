CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
WHEN OLD.at >= (SELECT before FROM audit_retention WHERE one = 1)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- Who had a name of a service or an application before, and until when: what was used under a name is
-- shown to nobody who has it later. `holder` is a team, or the id of a user, or empty.

CREATE TABLE name_removals (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    removed_at BIGINT NOT NULL,
    PRIMARY KEY (kind, name, holder)
);

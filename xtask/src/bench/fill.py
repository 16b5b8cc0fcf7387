"""Writes applications, each with a key and a subscription to the plan `gold`, into a database."""

import hashlib
import sqlite3
import sys

file, count = sys.argv[1], int(sys.argv[2])
# Microseconds UTC: a day of 2026.
AT = 1_790_000_000_000_000


def rows(make):
    return (make(index) for index in range(count))


def application(index):
    return f"app_{index:026}", f"app-{index:06}"


def credential(index):
    digest = hashlib.sha256(f"bench-key-{index:06}-0123456789".encode()).digest()
    return f"crd_{index:026}", f"app_{index:026}", digest


def subscription(index):
    return f"sub_{index:026}", f"app_{index:026}"


with sqlite3.connect(file) as database:
    database.execute("PRAGMA foreign_keys = ON")
    database.executemany(
        "INSERT INTO applications (id, name, description, revision, changed, created_at, "
        f"updated_at) VALUES (?, ?, '', 1, 1, {AT}, {AT})",
        rows(application),
    )
    database.executemany(
        "INSERT INTO credentials (id, application, name, secret_hash, prefix, last4, created_at) "
        f"VALUES (?, ?, 'bench', ?, 'bench', '6789', {AT})",
        rows(credential),
    )
    database.executemany(
        "INSERT INTO subscriptions (id, application, plan, product, state, answers, reason, "
        "requested_by, revision, created_at, updated_at) "
        f"VALUES (?, ?, 'gold', 'all', 'active', '{{}}', '', '', 1, {AT}, {AT})",
        rows(subscription),
    )
    (there,) = database.execute("SELECT count(*) FROM credentials").fetchone()
    assert there == count, f"{there} keys in place of {count}"

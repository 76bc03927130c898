"""The tables and columns of data sets: conversations, imports, exports, and who decided or suggested what."""

from sqlite_utils import Database

from selfinstruct.db.content_digest import content_digest


def add_data_sets(db: Database) -> None:
    """Add them to a workspace with schema 9."""
    db.execute("ALTER TABLE instances ADD COLUMN conversation TEXT")
    db.execute("ALTER TABLE instances ADD COLUMN thoughts TEXT")
    # Of the content as it was inserted: what decisions have changed since is in the first one's `before`.
    db.execute("ALTER TABLE instances ADD COLUMN digest BLOB")
    known = db.execute(
        """SELECT instances.id, coalesce(json_extract(before, '$.input'), input),
            coalesce(json_extract(before, '$.output'), output)
        FROM instances LEFT JOIN decisions ON decisions.id = (
            SELECT min(id) FROM decisions WHERE task_id = instances.task_id AND instance_id = instances.id)"""
    )
    for instance_id, *texts in known.fetchall():
        digest = content_digest(*texts, None, None)
        db.execute("UPDATE instances SET digest = ? WHERE id = ?", [digest, instance_id])
    db.execute("ALTER TABLE decisions ADD COLUMN person TEXT")
    db.execute("DROP VIEW training_rows")
    db.execute(
        """CREATE VIEW training_rows AS
        SELECT tasks.id AS task_id, tasks.origin, tasks.instruction, instances.input, instances.output,
            instances.conversation
        FROM tasks JOIN instances ON instances.task_id = tasks.id
            AND instances.instruction = tasks.instruction AND instances.label = tasks.label
        WHERE tasks.state = 'accepted' AND instances.state = 'kept'"""
    )
    db.execute(
        """CREATE TABLE suggestions (
            id INTEGER PRIMARY KEY,
            task_id INTEGER NOT NULL REFERENCES tasks (id),
            decision TEXT NOT NULL CHECK (decision IN ('accept', 'reject', 'edit')),
            instruction TEXT,
            reason TEXT,
            person TEXT NOT NULL,
            at TEXT NOT NULL
        )"""
    )
    db.execute("CREATE INDEX suggestions_by_task ON suggestions (task_id)")
    db.execute(
        """CREATE TABLE imports (
            id INTEGER PRIMARY KEY,
            path TEXT NOT NULL,
            shape TEXT NOT NULL,
            options TEXT NOT NULL,
            person TEXT,
            begun_at TEXT NOT NULL,
            ended_at TEXT
        )"""
    )
    # A row that was imported before adds nothing, whichever file it is in.
    db.execute(
        """CREATE TABLE imported_rows (
            id INTEGER PRIMARY KEY,
            import_id INTEGER NOT NULL REFERENCES imports (id),
            line INTEGER NOT NULL,
            task_id INTEGER NOT NULL REFERENCES tasks (id),
            instance_id INTEGER REFERENCES instances (id),
            digest BLOB NOT NULL UNIQUE
        )"""
    )
    db.execute("CREATE INDEX imported_rows_by_task ON imported_rows (task_id)")
    db.execute("CREATE INDEX tasks_imported ON tasks (instruction) WHERE origin = 'imported'")
    db.execute(
        """CREATE TABLE exports (
            id INTEGER PRIMARY KEY,
            path TEXT NOT NULL,
            at TEXT NOT NULL,
            format TEXT NOT NULL,
            options TEXT NOT NULL,
            person TEXT,
            rows INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            instance_ids BLOB NOT NULL,
            digests BLOB NOT NULL
        )"""
    )

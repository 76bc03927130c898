"""The schema, as numbered migrations; docs/schema.md describes the result."""

from sqlite_utils import Database, Migrations

from selfinstruct.db.sqlite.data_set_tables import add_data_sets

migrations = Migrations("selfinstruct")


@migrations()
def m001_settings_and_runs(db: Database) -> None:
    """Settings by name, the runs of programs, and parameters learned per endpoint."""
    db.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    db.execute(
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            host TEXT NOT NULL,
            pid INTEGER NOT NULL,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            batch INTEGER
        )"""
    )
    db.execute(
        """CREATE TABLE endpoints (
            base_url TEXT NOT NULL,
            model TEXT NOT NULL,
            learned TEXT NOT NULL,
            PRIMARY KEY (base_url, model)
        ) WITHOUT ROWID"""
    )


@migrations()
def m002_requests(db: Database) -> None:
    """Model calls, stored before they are sent, and each attempt to send them."""
    db.execute(
        """CREATE TABLE requests (
            id INTEGER PRIMARY KEY,
            stage TEXT NOT NULL CHECK (stage IN ('propose', 'embed', 'classify', 'instantiate')),
            batch INTEGER NOT NULL,
            task_id INTEGER REFERENCES tasks (id),
            model TEXT NOT NULL,
            base_url TEXT NOT NULL,
            prompt TEXT NOT NULL,
            parameters TEXT NOT NULL,
            in_context TEXT NOT NULL,
            instruction TEXT,
            label TEXT,
            reserved_usd REAL,
            held INTEGER NOT NULL,
            more INTEGER NOT NULL,
            state TEXT NOT NULL
                CHECK (state IN ('planned', 'sent', 'answered', 'parsed', 'failed', 'in_doubt')),
            error TEXT,
            run_id INTEGER NOT NULL REFERENCES runs (id),
            instead_of INTEGER REFERENCES requests (id),
            planned_at TEXT NOT NULL
        )"""
    )
    db.execute(
        """CREATE TABLE attempts (
            id INTEGER PRIMARY KEY,
            request_id INTEGER NOT NULL REFERENCES requests (id),
            parameters TEXT NOT NULL,
            reserved_usd REAL,
            sent_at TEXT NOT NULL,
            ended_at TEXT,
            http_status INTEGER,
            body BLOB,
            sha256 TEXT,
            error TEXT,
            answered_by TEXT,
            prompt_tokens INTEGER,
            completion_tokens INTEGER,
            cost_usd REAL
        )"""
    )
    db.execute("CREATE INDEX requests_by_batch ON requests (batch, stage)")
    db.execute("CREATE INDEX requests_under_way ON requests (id) WHERE state NOT IN ('parsed', 'failed')")
    db.execute("CREATE INDEX requests_by_task ON requests (task_id) WHERE task_id IS NOT NULL")
    db.execute("CREATE INDEX requests_failed ON requests (stage, task_id) WHERE state = 'failed'")
    db.execute("CREATE INDEX requests_anew ON requests (instead_of) WHERE instead_of IS NOT NULL")
    db.execute("CREATE INDEX attempts_by_request ON attempts (request_id)")
    db.execute(
        "CREATE INDEX attempts_of_unknown_cost ON attempts (id)"
        " WHERE cost_usd IS NULL AND ended_at IS NOT NULL"
    )
    # Requests in flight, or in flight when their program ended.
    db.execute("CREATE INDEX attempts_open ON attempts (request_id, reserved_usd) WHERE ended_at IS NULL")
    # A covering index: tokens are summed without reading response bodies.
    db.execute("CREATE INDEX attempts_by_tokens ON attempts (prompt_tokens, completion_tokens)")
    # Running totals over all attempts: the status line and the cost limit read them constantly.
    db.execute(
        """CREATE TABLE spending (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            known_usd REAL NOT NULL,
            known_attempts INTEGER NOT NULL,
            charged_usd REAL NOT NULL
        )"""
    )
    db.execute("INSERT INTO spending VALUES (1, 0, 0, 0)")
    db.execute(
        """CREATE TRIGGER spending_of_new AFTER INSERT ON attempts BEGIN
            UPDATE spending SET
                known_usd = known_usd + coalesce(new.cost_usd, 0),
                known_attempts = known_attempts + (new.cost_usd IS NOT NULL),
                charged_usd = charged_usd + coalesce(new.cost_usd, new.reserved_usd, 0);
        END"""
    )
    db.execute(
        """CREATE TRIGGER spending_of_settled AFTER UPDATE OF cost_usd, reserved_usd ON attempts BEGIN
            UPDATE spending SET
                known_usd = known_usd + coalesce(new.cost_usd, 0) - coalesce(old.cost_usd, 0),
                known_attempts = known_attempts
                    + (new.cost_usd IS NOT NULL) - (old.cost_usd IS NOT NULL),
                charged_usd = charged_usd + coalesce(new.cost_usd, new.reserved_usd, 0)
                    - coalesce(old.cost_usd, old.reserved_usd, 0);
        END"""
    )
    db.execute(
        """CREATE TRIGGER spending_of_taken_back AFTER DELETE ON attempts BEGIN
            UPDATE spending SET
                known_usd = known_usd - coalesce(old.cost_usd, 0),
                known_attempts = known_attempts - (old.cost_usd IS NOT NULL),
                charged_usd = charged_usd - coalesce(old.cost_usd, old.reserved_usd, 0);
        END"""
    )


@migrations()
def m003_tasks(db: Database) -> None:
    """Tasks, with the filters' reasons, and their instances."""
    db.execute(
        """CREATE TABLE tasks (
            id INTEGER PRIMARY KEY,
            origin TEXT NOT NULL CHECK (origin IN ('seed', 'model', 'imported', 'human')),
            name TEXT,
            instruction TEXT NOT NULL,
            label TEXT CHECK (label IN ('classification', 'generation', 'unknown')),
            state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'accepted', 'rejected')),
            held INTEGER NOT NULL DEFAULT 0,
            verdict TEXT,
            nearest_id INTEGER REFERENCES tasks (id),
            score REAL,
            batch INTEGER,
            propose_request_id INTEGER REFERENCES requests (id),
            embed_request_id INTEGER REFERENCES requests (id),
            classify_request_id INTEGER REFERENCES requests (id),
            instantiate_request_id INTEGER REFERENCES requests (id),
            created_at TEXT NOT NULL
        )"""
    )
    db.execute(
        """CREATE TABLE reasons (
            task_id INTEGER NOT NULL REFERENCES tasks (id),
            position INTEGER NOT NULL,
            code TEXT NOT NULL,
            sentence TEXT NOT NULL,
            PRIMARY KEY (task_id, position)
        ) WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE instances (
            id INTEGER PRIMARY KEY,
            task_id INTEGER NOT NULL REFERENCES tasks (id),
            instruction TEXT NOT NULL,
            label TEXT NOT NULL,
            input TEXT NOT NULL,
            output TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('kept', 'dropped', 'withdrawn')),
            reason_code TEXT,
            reason_sentence TEXT,
            request_id INTEGER REFERENCES requests (id)
        )"""
    )
    db.execute("CREATE INDEX instances_by_task ON instances (task_id)")
    db.execute("CREATE INDEX tasks_by_state ON tasks (state, origin)")
    db.execute("CREATE INDEX tasks_by_batch ON tasks (batch)")
    db.execute("CREATE INDEX tasks_waiting ON tasks (id) WHERE state = 'pending'")
    db.execute("CREATE INDEX tasks_held ON tasks (batch) WHERE state = 'pending' AND held = 1")
    # Candidates that filters reject stay pending for good: finding those that pass must not scan them.
    db.execute(
        "CREATE INDEX tasks_passing ON tasks (batch, held) WHERE state = 'pending' AND verdict = 'pass'"
    )
    db.execute("CREATE INDEX tasks_waiting_near ON tasks (nearest_id) WHERE state = 'pending'")
    db.execute(
        """CREATE INDEX tasks_to_embed ON tasks (id)
        WHERE embed_request_id IS NULL AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass')"""
    )
    db.execute(
        """CREATE INDEX tasks_to_classify ON tasks (id)
        WHERE label IS NULL AND classify_request_id IS NULL
            AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass' AND held = 1)"""
    )
    db.execute(
        """CREATE INDEX tasks_to_instantiate ON tasks (id)
        WHERE state = 'accepted' AND origin != 'seed' AND instantiate_request_id IS NULL
            AND label IN ('classification', 'generation')"""
    )
    db.execute(
        """CREATE INDEX tasks_unlabelled ON tasks (id)
        WHERE state = 'accepted' AND origin != 'seed' AND label IS NULL"""
    )
    db.execute(
        """CREATE INDEX tasks_to_decide ON tasks (id)
        WHERE state = 'pending' AND held = 0 AND verdict IS NOT NULL"""
    )
    db.execute(
        """CREATE INDEX tasks_fallen ON tasks (id)
        WHERE state = 'pending' AND held = 0 AND verdict != 'pass'"""
    )


@migrations()
def m004_decisions(db: Database) -> None:
    """Append-only decisions; triggers set each task and instance to the result of its last one."""
    db.execute(
        """CREATE TABLE decisions (
            id INTEGER PRIMARY KEY,
            step INTEGER NOT NULL,
            task_id INTEGER NOT NULL REFERENCES tasks (id),
            instance_id INTEGER REFERENCES instances (id),
            kind TEXT NOT NULL CHECK (kind IN
                ('accept', 'reject', 'edit', 'relabel', 'drop', 'add', 'restore', 'undo', 'redo')),
            who TEXT NOT NULL CHECK (who IN ('human', 'auto')),
            at TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            undoes INTEGER UNIQUE REFERENCES decisions (id),
            tag TEXT,
            run_id INTEGER REFERENCES runs (id)
        )"""
    )
    db.execute("CREATE INDEX decisions_by_step ON decisions (step)")
    db.execute("CREATE INDEX decisions_of_people ON decisions (id) WHERE who = 'human'")
    db.execute("CREATE INDEX decisions_undone ON decisions (id) WHERE kind = 'undo'")
    db.execute("CREATE INDEX decisions_by_task ON decisions (task_id)")
    # A task that returns to an earlier wording or label gets the instances generated for it back.
    db.execute(
        """CREATE TRIGGER decisions_apply AFTER INSERT ON decisions WHEN new.instance_id IS NULL BEGIN
            UPDATE tasks SET
                state = json_extract(new.after, '$.state'),
                instruction = json_extract(new.after, '$.instruction'),
                label = json_extract(new.after, '$.label'),
                held = CASE new.who WHEN 'human' THEN 1 ELSE held END,
                classify_request_id =
                    CASE WHEN instruction = json_extract(new.after, '$.instruction')
                    THEN classify_request_id
                    ELSE (SELECT id FROM requests WHERE task_id = new.task_id AND stage = 'classify'
                        AND requests.instruction = json_extract(new.after, '$.instruction')
                        AND requests.state = 'parsed' ORDER BY id DESC LIMIT 1) END,
                instantiate_request_id =
                    CASE WHEN instruction = json_extract(new.after, '$.instruction')
                        AND label IS json_extract(new.after, '$.label')
                    THEN instantiate_request_id
                    ELSE (SELECT min(request_id) FROM instances WHERE task_id = new.task_id
                        AND instances.instruction = json_extract(new.after, '$.instruction')
                        AND instances.label IS json_extract(new.after, '$.label')) END
            WHERE id = new.task_id;
        END"""
    )
    db.execute(
        """CREATE TRIGGER decisions_apply_to_instance AFTER INSERT ON decisions
        WHEN new.instance_id IS NOT NULL BEGIN
            UPDATE instances SET
                input = json_extract(new.after, '$.input'),
                output = json_extract(new.after, '$.output'),
                state = json_extract(new.after, '$.state'),
                reason_code = json_extract(new.after, '$.reason.code'),
                reason_sentence = json_extract(new.after, '$.reason.sentence')
            WHERE id = new.instance_id;
        END"""
    )
    db.execute(
        """CREATE TRIGGER decisions_never_change BEFORE UPDATE ON decisions BEGIN
            SELECT RAISE(ABORT, 'decisions are append-only');
        END"""
    )
    db.execute(
        """CREATE TRIGGER decisions_never_go BEFORE DELETE ON decisions BEGIN
            SELECT RAISE(ABORT, 'decisions are append-only');
        END"""
    )
    # Two views for the sqlite3 shell.
    db.execute("CREATE VIEW pool AS SELECT * FROM tasks WHERE state = 'accepted'")
    db.execute(
        """CREATE VIEW training_rows AS
        SELECT tasks.id AS task_id, tasks.origin, tasks.instruction, instances.input, instances.output
        FROM tasks JOIN instances ON instances.task_id = tasks.id
            AND instances.instruction = tasks.instruction AND instances.label = tasks.label
        WHERE tasks.state = 'accepted' AND instances.state = 'kept'"""
    )


@migrations()
def m005_search(db: Database) -> None:
    """A trigram index for full-text search in instructions of any language."""
    db.execute(
        """CREATE VIRTUAL TABLE tasks_text USING fts5 (
            instruction, content = 'tasks', content_rowid = 'id', tokenize = 'trigram'
        )"""
    )
    db.execute("INSERT INTO tasks_text (tasks_text) VALUES ('rebuild')")
    db.execute(
        """CREATE TRIGGER tasks_text_new AFTER INSERT ON tasks BEGIN
            INSERT INTO tasks_text (rowid, instruction) VALUES (new.id, new.instruction);
        END"""
    )
    db.execute(
        """CREATE TRIGGER tasks_text_reworded AFTER UPDATE OF instruction ON tasks
        WHEN old.instruction != new.instruction BEGIN
            INSERT INTO tasks_text (tasks_text, rowid, instruction)
                VALUES ('delete', old.id, old.instruction);
            INSERT INTO tasks_text (rowid, instruction) VALUES (new.id, new.instruction);
        END"""
    )


@migrations()
def m006_similarity(db: Database) -> None:
    """Snapshots of the similarity indexes, which save tokenizing a large pool; they can be deleted."""
    db.execute(
        """CREATE TABLE similarity (
            name TEXT PRIMARY KEY CHECK (name IN ('pool', 'waiting')),
            made_by TEXT NOT NULL,
            last_decision INTEGER NOT NULL,
            last_task INTEGER NOT NULL,
            words TEXT NOT NULL,
            ids BLOB NOT NULL,
            lengths BLOB NOT NULL,
            tokens BLOB NOT NULL,
            sha256 TEXT NOT NULL
        )"""
    )


@migrations()
def m007_vectors(db: Database) -> None:
    """Embedding vectors of instructions; they can be deleted."""
    # AUTOINCREMENT never reuses an id, so readers find new vectors by the last id that they have seen.
    db.execute(
        """CREATE TABLE vectors (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            task_id INTEGER NOT NULL REFERENCES tasks (id),
            model TEXT NOT NULL,
            base_url TEXT NOT NULL,
            text_sha256 TEXT NOT NULL,
            dimension INTEGER NOT NULL,
            request_id INTEGER NOT NULL REFERENCES requests (id),
            nearest_id INTEGER REFERENCES tasks (id),
            cosine REAL,
            vector BLOB NOT NULL,
            UNIQUE (task_id, model, base_url)
        )"""
    )
    db.execute("CREATE INDEX vectors_by_model ON vectors (model, base_url, id)")
    # A wording that the model refuses has a row with an empty vector.
    db.execute("CREATE INDEX vectors_refused ON vectors (model, base_url, task_id) WHERE dimension = 0")
    db.execute(
        """CREATE TABLE embedder (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            model TEXT NOT NULL,
            base_url TEXT NOT NULL
        )"""
    )
    # A vector belongs to a wording: a reworded task needs a new vector.
    db.execute(
        """CREATE TRIGGER vectors_of_reworded AFTER UPDATE OF instruction ON tasks
        WHEN old.instruction != new.instruction BEGIN
            UPDATE tasks SET embed_request_id = NULL WHERE id = new.id;
            DELETE FROM vectors WHERE task_id = new.id;
        END"""
    )
    db.execute(
        """CREATE TRIGGER vectors_deleted AFTER DELETE ON vectors BEGIN
            UPDATE tasks SET embed_request_id = NULL
                WHERE id = old.task_id AND embed_request_id = old.request_id;
        END"""
    )


@migrations()
def m008_counts(db: Database) -> None:
    """What `status` counts, kept beside the rows or in indexes: no count goes through texts or answers."""
    # Kept instances of any wording and label, and those of the present ones, which are rows for training.
    db.execute("ALTER TABLE tasks ADD COLUMN kept INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE tasks ADD COLUMN kept_now INTEGER NOT NULL DEFAULT 0")
    db.execute("DROP INDEX tasks_by_state")
    db.execute(
        """UPDATE tasks SET (kept, kept_now) = (
            SELECT count(*), count(*) FILTER (
                WHERE instances.instruction = tasks.instruction AND instances.label = tasks.label)
            FROM instances WHERE task_id = tasks.id AND instances.state = 'kept')"""
    )
    db.execute("CREATE INDEX tasks_by_state ON tasks (state, origin, verdict, label, kept, kept_now)")
    db.execute(
        """CREATE INDEX tasks_rowless ON tasks (id)
        WHERE state = 'accepted' AND origin != 'seed' AND kept_now = 0"""
    )
    db.execute(
        """CREATE INDEX tasks_unclear ON tasks (id)
        WHERE label = 'unknown' AND classify_request_id IS NOT NULL"""
    )
    db.execute("CREATE INDEX tasks_by_proposal ON tasks (propose_request_id)")
    db.execute("CREATE INDEX requests_parsed ON requests (stage, more) WHERE state = 'parsed'")
    db.execute("CREATE INDEX instances_kept ON instances (request_id) WHERE state = 'kept'")
    db.execute("CREATE INDEX instances_dropped ON instances (task_id) WHERE state = 'dropped'")
    # Exact duplicates have the same fingerprint, so only instances that share theirs are compared.
    db.execute(
        """ALTER TABLE instances ADD COLUMN fingerprint TEXT GENERATED ALWAYS AS (
            length(instruction) || ' ' || length(input) || ' ' || length(output) || ' '
            || substr(instruction, -32) || substr(input, -32) || substr(output, 1, 32)
            || substr(output, length(output) / 2, 16)
        ) VIRTUAL"""
    )
    db.execute("CREATE INDEX instances_alike ON instances (fingerprint) WHERE state = 'kept'")
    db.execute(
        """CREATE TRIGGER tasks_kept_of_new AFTER INSERT ON instances WHEN new.state = 'kept' BEGIN
            UPDATE tasks SET
                kept = kept + 1,
                kept_now = kept_now + (instruction = new.instruction AND label IS new.label)
            WHERE id = new.task_id;
        END"""
    )
    db.execute(
        """CREATE TRIGGER tasks_kept_of_decided AFTER UPDATE OF state ON instances
        WHEN (old.state = 'kept') != (new.state = 'kept') BEGIN
            UPDATE tasks SET
                kept = kept + iif(new.state = 'kept', 1, -1),
                kept_now = kept_now + iif(new.state = 'kept', 1, -1)
                    * (instruction = new.instruction AND label IS new.label)
            WHERE id = new.task_id;
        END"""
    )
    db.execute(
        """CREATE TRIGGER tasks_kept_of_changed AFTER UPDATE OF instruction, label ON tasks
        WHEN new.kept > 0 AND (old.instruction != new.instruction OR old.label IS NOT new.label) BEGIN
            UPDATE tasks SET kept_now = (
                SELECT count(*) FROM instances WHERE task_id = new.id AND state = 'kept'
                AND instruction = new.instruction AND label = new.label)
            WHERE id = new.id;
        END"""
    )


@migrations()
def m009_jobs(db: Database) -> None:
    """Jobs of a Batch API, and the attempts that each holds."""
    db.execute(
        """CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            token TEXT NOT NULL UNIQUE,
            base_url TEXT NOT NULL,
            model TEXT NOT NULL,
            api TEXT NOT NULL,
            price REAL NOT NULL,
            requests INTEGER NOT NULL,
            planned_at TEXT NOT NULL,
            file_id TEXT,
            creating_at TEXT,
            remote_id TEXT,
            status TEXT,
            completed INTEGER,
            failed INTEGER,
            expires_at TEXT,
            ended_at TEXT,
            error TEXT
        )"""
    )
    db.execute("CREATE INDEX jobs_open ON jobs (id) WHERE ended_at IS NULL")
    db.execute(
        """CREATE TABLE job_attempts (
            attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
            job_id INTEGER NOT NULL REFERENCES jobs (id)
        )"""
    )
    db.execute("CREATE INDEX job_attempts_by_job ON job_attempts (job_id)")


@migrations()
def m010_data_sets(db: Database) -> None:
    """Rows that are conversations, imports and exports with their rows, and who decided or suggested what."""
    add_data_sets(db)

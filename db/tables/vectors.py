"""The vectors of instructions, which a model made; derived, and asked for again when they are missing."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from selfinstruct.db.records import State
from selfinstruct.db.sqlite.connection import transaction

_STORED = """SELECT vectors.id, task_id, state, vector, text_sha256, instruction
    FROM vectors JOIN tasks ON tasks.id = task_id"""


@dataclass(frozen=True, slots=True)
class NewVector:
    """The vector of a text, before it has a row."""

    task_id: int
    text: str
    vector: bytes
    """Numbers of 4 bytes (float32), the lowest byte first; the vector's length is 1.

    No bytes: the model refuses the text.
    """


@dataclass(frozen=True, slots=True)
class StoredVector:
    """The vector of a task."""

    id: int
    """Grows with every vector that comes, so that the newest ones are known."""
    task_id: int
    state: State
    vector: bytes
    is_current: bool
    """Whether it belongs to the wording as it is now: what is derived is checked before it is trusted."""


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A task whose vector nobody has asked for."""

    task_id: int
    instruction: str
    batch: int
    """0: it is in the pool."""


class Vectors:
    """Rows of `vectors`, and which request asks for the vector of a task.

    A workspace has one model at a time, which `use` names and which is for all programs; `look` says which
    one this program works with. The vectors of others stay, for whoever returns to them.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._model = ("", "")

    def use(self, model: str, base_url: str) -> None:
        """Have every program work with the vectors of this model; this one does once it has called `look`."""
        embedder = (model, base_url)
        if self.in_use() == embedder:
            return
        with transaction(self._db):
            self._db.execute(
                """INSERT INTO embedder (id, model, base_url) VALUES (1, ?, ?)
                ON CONFLICT (id) DO UPDATE SET model = excluded.model, base_url = excluded.base_url""",
                embedder,
            )
            self._db.execute(
                """UPDATE tasks SET embed_request_id = (SELECT request_id FROM vectors
                    WHERE task_id = tasks.id AND model = ? AND base_url = ?)""",
                embedder,
            )
            # What the model has been asked for, and may have been paid, is not asked for again.
            self._db.execute(
                """UPDATE tasks SET embed_request_id = asked.request_id FROM (
                    SELECT requests.id AS request_id, texts.value AS task_id,
                        json_extract(prompt, texts.fullkey) AS instruction
                    FROM requests INDEXED BY requests_under_way, json_each(in_context) AS texts
                    WHERE state NOT IN ('parsed', 'failed') AND stage = 'embed'
                        AND model = ? AND base_url = ?) AS asked
                WHERE tasks.id = asked.task_id AND embed_request_id IS NULL
                    AND tasks.instruction = asked.instruction""",
                embedder,
            )

    def in_use(self) -> tuple[str, str] | None:
        """The model and the address that the workspace works with now, as any program has set them last."""
        row: tuple[str, str] | None = self._db.execute("SELECT model, base_url FROM embedder").fetchone()
        return row

    @property
    def is_in_use(self) -> bool:
        """Whether that is the model that this program has named."""
        return self.in_use() == self._model

    def look(self, model: str, base_url: str) -> None:
        """Read and ask for the vectors of this model from now on, in this program."""
        self._model = (model, base_url)

    # Asking

    def unembedded(self, most: int) -> list[Unembedded]:
        """The first tasks whose vector nobody has asked for: of the pool, or else candidates of one answer.

        Candidates that a filter objects to are not among them.
        """
        wanted = (
            "FROM tasks INDEXED BY tasks_to_embed WHERE embed_request_id IS NULL"
            " AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass') AND"
        )
        rows = self._db.execute(
            f"SELECT id, instruction, 0 {wanted} state = 'accepted' ORDER BY id LIMIT ?", [most]
        ).fetchall()
        if not rows:
            rows = self._db.execute(
                f"""SELECT id, instruction, coalesce(batch, 0) {wanted} state = 'pending'
                AND propose_request_id IS (SELECT propose_request_id {wanted} state = 'pending'
                    ORDER BY id LIMIT 1)
                ORDER BY id LIMIT ?""",
                [most],
            ).fetchall()
        return [Unembedded(*row) for row in rows]

    def unembedded_of_pool(self) -> tuple[int, int]:
        """How many tasks of the pool nobody has asked the vectors of, and the bytes of their texts."""
        count, length = self._db.execute(
            """SELECT count(*), coalesce(sum(length(CAST(instruction AS BLOB))), 0)
            FROM tasks INDEXED BY tasks_to_embed WHERE embed_request_id IS NULL
            AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass') AND state = 'accepted'"""
        ).fetchone()
        return int(count), int(length)

    def assign(self, task_ids: Iterable[int], request_id: int) -> None:
        """Note which request asks for the vectors of tasks."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE tasks SET embed_request_id = ? WHERE id IN (SELECT value FROM json_each(?))",
                [request_id, json.dumps(list(task_ids))],
            )

    def is_asked_by(self, task_id: int, request_id: int) -> bool:
        """Whether this is the request that asks for the vector of a task."""
        found = self._db.execute(
            "SELECT 1 FROM tasks WHERE id = ? AND embed_request_id = ?", [task_id, request_id]
        )
        return found.fetchone() is not None

    def release(self, task_ids: Iterable[int], request_id: int) -> None:
        """Let the vectors of tasks be asked for again that this request has not brought.

        A wording that the model has refused alone is not asked for again.
        """
        with transaction(self._db):
            self._db.execute(
                """UPDATE tasks SET embed_request_id = NULL
                WHERE id IN (SELECT value FROM json_each(?)) AND embed_request_id = ?
                AND NOT EXISTS (SELECT 1 FROM vectors
                    WHERE task_id = tasks.id AND model = ? AND base_url = ?)""",
                [json.dumps(list(task_ids)), request_id, *self._model],
            )

    def release_failed(self) -> None:
        """Let the vectors of tasks be asked for again whose request has failed without any answer."""
        with transaction(self._db):
            self._db.execute(
                """UPDATE tasks SET embed_request_id = NULL WHERE id IN (
                    SELECT asking.id FROM requests INDEXED BY requests_failed, json_each(in_context) AS texts
                    CROSS JOIN tasks AS asking
                        ON asking.id = texts.value AND asking.embed_request_id = requests.id
                    WHERE requests.state = 'failed' AND stage = 'embed' AND NOT EXISTS (
                        SELECT 1 FROM attempts WHERE request_id = requests.id AND error IS NULL))
                AND NOT EXISTS (SELECT 1 FROM vectors
                    WHERE task_id = tasks.id AND model = ? AND base_url = ?)""",
                self._model,
            )

    def lacking(self, task_ids: Sequence[int], request_id: int) -> list[int]:
        """Those of these tasks without a vector, if this request, or nobody, has asked for it."""
        marks = ", ".join("?" * len(task_ids))
        rows = self._db.execute(
            f"""SELECT id FROM tasks WHERE id IN ({marks}) AND coalesce(embed_request_id, ?) = ?
            AND NOT EXISTS (SELECT 1 FROM vectors
                WHERE task_id = tasks.id AND model = ? AND base_url = ? AND dimension > 0)
            ORDER BY id""",
            [*task_ids, request_id, request_id, *self._model],
        )
        return [task_id for (task_id,) in rows]

    # Storing

    def dimension(self, model: str, base_url: str) -> int | None:
        """How many numbers the vectors of a model have; None while there is none."""
        row = self._db.execute(
            "SELECT dimension FROM vectors WHERE model = ? AND base_url = ? AND dimension > 0 LIMIT 1",
            [model, base_url],
        ).fetchone()
        return row[0] if row else None

    def store(self, vectors: Iterable[NewVector], *, model: str, base_url: str, request_id: int) -> list[int]:
        """Store vectors of a model; returns their tasks.

        A task that has been reworded since its vector was asked for is left out.
        """
        stored = []
        with transaction(self._db):
            for new in vectors:
                row = self._db.execute("SELECT instruction FROM tasks WHERE id = ?", [new.task_id]).fetchone()
                if row != (new.text,):
                    continue
                self._db.execute(
                    "DELETE FROM vectors WHERE task_id = ? AND model = ? AND base_url = ?",
                    [new.task_id, model, base_url],
                )
                self._db.execute(
                    """INSERT INTO vectors (task_id, model, base_url, text_sha256, dimension, request_id,
                    vector) VALUES (?, ?, ?, ?, ?, ?, ?)""",
                    [
                        new.task_id,
                        model,
                        base_url,
                        text_hash(new.text),
                        len(new.vector) // 4,
                        request_id,
                        new.vector,
                    ],
                )
                stored.append(new.task_id)
            if (model, base_url) == self.in_use():
                self.assign(stored, request_id)
        return stored

    def take_back_refusal(self, task_id: int, request_id: int) -> None:
        """Let a wording be asked for again that the model has refused with this request."""
        with transaction(self._db):
            self._db.execute(
                "DELETE FROM vectors WHERE task_id = ? AND request_id = ? AND dimension = 0",
                [task_id, request_id],
            )

    def assessed(self, task_id: int, nearest: tuple[int, float] | None) -> None:
        """Store the task of the pool that is nearest by meaning (id, cosine) to one that has a vector."""
        with transaction(self._db):
            self._db.execute(
                """UPDATE vectors SET nearest_id = ?, cosine = ?
                WHERE task_id = ? AND model = ? AND base_url = ?""",
                [*(nearest or (None, None)), task_id, *self._model],
            )

    # Reading

    def are_under_way(self) -> bool:
        """Whether a program that has not ended works on a request for vectors of the model."""
        found = self._db.execute(
            """SELECT 1 FROM requests INDEXED BY requests_under_way JOIN runs ON runs.id = run_id
            WHERE state NOT IN ('parsed', 'failed') AND state != 'in_doubt' AND stage = 'embed'
            AND model = ? AND base_url = ? AND ended_at IS NULL LIMIT 1""",
            self._model,
        )
        return found.fetchone() is not None

    def are_lacking(self, batch: int) -> bool:
        """Whether candidates of a batch pass so far, and have no vector by which that could be said."""
        found = self._db.execute(
            """SELECT 1 FROM tasks WHERE batch = ? AND state = 'pending' AND verdict = 'pass'
            AND NOT EXISTS (SELECT 1 FROM vectors
                WHERE task_id = tasks.id AND model = ? AND base_url = ?) LIMIT 1""",
            [batch, *self._model],
        )
        return found.fetchone() is not None

    def last_id(self) -> int:
        """The highest id of a vector; 0 when there is none."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM vectors").fetchone()
        return int(last)

    def since(self, vector_id: int, *, most: int) -> list[StoredVector]:
        """The first `most` vectors of the model that have come after that one."""
        rows = self._db.execute(
            f"""{_STORED} WHERE vectors.id > ? AND model = ? AND base_url = ? AND dimension > 0
            ORDER BY vectors.id LIMIT ?""",
            [vector_id, *self._model, most],
        )
        return [_stored(*row) for row in rows]

    def of_tasks(self, task_ids: Sequence[int]) -> dict[int, StoredVector]:
        """The vectors of the model by task; a task that has none is left out."""
        marks = ", ".join("?" * len(task_ids))
        rows = self._db.execute(
            f"{_STORED} WHERE task_id IN ({marks}) AND model = ? AND base_url = ? AND dimension > 0",
            [*task_ids, *self._model],
        )
        found = (_stored(*row) for row in rows)
        return {one.task_id: one for one in found if one.is_current}

    def refusal(self, task_id: int) -> int | None:
        """The request that the model was asked with when it refused a task's wording; None: it has not."""
        row = self._db.execute(
            """SELECT request_id FROM vectors
            WHERE task_id = ? AND model = ? AND base_url = ? AND dimension = 0""",
            [task_id, *self._model],
        ).fetchone()
        return row[0] if row else None

    def refused_in_pool(self) -> int:
        """How many tasks of the pool have no vector because the model refuses their wording."""
        (count,) = self._db.execute(
            """SELECT count(*) FROM vectors INDEXED BY vectors_refused JOIN tasks ON tasks.id = task_id
            WHERE dimension = 0 AND model = ? AND base_url = ? AND state = 'accepted'""",
            self._model,
        ).fetchone()
        return int(count)

    def cosine(self, task_id: int) -> float | None:
        """The cosine with the nearest task of the pool when last judged; None when that is not known."""
        row = self._db.execute(
            "SELECT cosine FROM vectors WHERE task_id = ? AND model = ? AND base_url = ?",
            [task_id, *self._model],
        ).fetchone()
        return row[0] if row else None


def text_hash(text: str) -> str:
    """The SHA-256 of a text as UTF-8, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _stored(
    vector_id: int, task_id: int, state: State, vector: bytes, sha256: str, instruction: str
) -> StoredVector:
    return StoredVector(vector_id, task_id, state, vector, is_current=sha256 == text_hash(instruction))

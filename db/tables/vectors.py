"""Embedding vectors of instructions: derived data, requested again if missing."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from selfinstruct.db.records import State
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.transactions import transaction

_STORED = """SELECT vectors.id, task_id, state, vector, text_sha256, instruction
    FROM vectors JOIN tasks ON tasks.id = task_id"""


@dataclass(frozen=True, slots=True)
class NewVector:
    """The embedding vector of a text, before it is stored."""

    task_id: int
    text: str
    vector: bytes
    """Little-endian float32 numbers, normalized to length 1; empty if the model refuses the text."""


@dataclass(frozen=True, slots=True)
class StoredVector:
    """The embedding vector of a task, as stored."""

    id: int
    """Increases with every vector stored, so that readers can ask for those since an id."""
    task_id: int
    state: State
    vector: bytes
    is_current: bool
    """Whether it was computed from the current wording, by the stored hash."""


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A task without a request for its vector."""

    task_id: int
    instruction: str
    batch: int
    """The batch of a candidate; 0 for a task of the pool."""


class Vectors:
    """Rows of `vectors`, and the requests that ask for them.

    A workspace uses one embedding model at a time, which `use` sets for all programs; `look` selects the
    model that this program reads. Vectors of other models are kept for a later return to them.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._model = ("", "")

    def use(self, model: str, base_url: str) -> None:
        """Set the workspace's embedding model for all programs; this one must also call `look`."""
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
            # Unfinished requests to this model, which may have been paid for, are not repeated.
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
        """Return the workspace's model and address, as any program last set them; None if unset."""
        row: tuple[str, str] | None = self._db.execute("SELECT model, base_url FROM embedder").fetchone()
        return row

    @property
    def is_in_use(self) -> bool:
        """Whether the workspace's model is the one that this program selected with `look`."""
        return self.in_use() == self._model

    def look(self, model: str, base_url: str) -> None:
        """Select the model whose vectors this program reads and requests."""
        self._model = (model, base_url)

    # Requests

    def unembedded(self, most: int) -> list[Unembedded]:
        """Return the first `most` tasks without a request for their vector.

        They are tasks of the pool, or if it has none, candidates of a single response. Candidates that a
        filter rejects are left out.
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
        """Return the number and total bytes of the pool's instructions without a request for their vector."""
        count, length = self._db.execute(
            """SELECT count(*), coalesce(sum(length(CAST(instruction AS BLOB))), 0)
            FROM tasks INDEXED BY tasks_to_embed WHERE embed_request_id IS NULL
            AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass') AND state = 'accepted'"""
        ).fetchone()
        return int(count), int(length)

    def unembedded_candidates(self) -> tuple[int, int]:
        """Return the number of passing candidates without a request for a vector, and of their responses."""
        count, responses = self._db.execute(
            """SELECT count(*), count(DISTINCT propose_request_id)
            FROM tasks INDEXED BY tasks_to_embed WHERE embed_request_id IS NULL
            AND (state = 'accepted' OR state = 'pending' AND verdict = 'pass') AND state = 'pending'"""
        ).fetchone()
        return int(count), int(responses)

    def assign(self, task_ids: Iterable[int], request_id: int) -> None:
        """Record which request asks for the vectors of tasks."""
        with transaction(self._db):
            self._db.execute(
                "UPDATE tasks SET embed_request_id = ? WHERE id IN (SELECT value FROM json_each(?))",
                [request_id, json.dumps(list(task_ids))],
            )

    def is_asked_by(self, task_id: int, request_id: int) -> bool:
        """Whether the vector of a task is requested by this request."""
        found = self._db.execute(
            "SELECT 1 FROM tasks WHERE id = ? AND embed_request_id = ?", [task_id, request_id]
        )
        return found.fetchone() is not None

    def release(self, task_ids: Iterable[int], request_id: int) -> None:
        """Allow new requests for those of these vectors that this request did not return.

        Wordings that the model refused, even when sent alone, are not requested again.
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
        """Allow new requests for vectors whose request failed without a response."""
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
        """Return those of these tasks that have no vector, and no other request for it."""
        rows = self._db.execute(
            """SELECT id FROM tasks WHERE id IN (SELECT value FROM json_each(?))
            AND coalesce(embed_request_id, ?) = ? AND NOT EXISTS (SELECT 1 FROM vectors
                WHERE task_id = tasks.id AND model = ? AND base_url = ? AND dimension > 0)
            ORDER BY id""",
            [json.dumps(list(task_ids)), request_id, request_id, *self._model],
        )
        return [task_id for (task_id,) in rows]

    # Writes

    def dimension(self, model: str, base_url: str) -> int | None:
        """Return the dimension of a model's vectors; None while none is stored."""
        row = self._db.execute(
            "SELECT dimension FROM vectors WHERE model = ? AND base_url = ? AND dimension > 0 LIMIT 1",
            [model, base_url],
        ).fetchone()
        return row[0] if row else None

    def store(self, vectors: Iterable[NewVector], *, model: str, base_url: str, request_id: int) -> list[int]:
        """Store vectors of a model; returns the ids of their tasks.

        Tasks reworded since the request are skipped.
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
        """Delete the refusal of a wording by this request, so that it is requested again."""
        with transaction(self._db):
            self._db.execute(
                "DELETE FROM vectors WHERE task_id = ? AND request_id = ? AND dimension = 0",
                [task_id, request_id],
            )

    def assessed(self, task_id: int, nearest: tuple[int, float] | None) -> None:
        """Store the nearest task of the pool by embeddings (id, cosine) for a task with a vector."""
        with transaction(self._db):
            self._db.execute(
                """UPDATE vectors SET nearest_id = ?, cosine = ?
                WHERE task_id = ? AND model = ? AND base_url = ?""",
                [*(nearest or (None, None)), task_id, *self._model],
            )

    # Reads

    def are_under_way(self) -> bool:
        """Whether a running program has an unfinished request for vectors of the model."""
        found = self._db.execute(
            """SELECT 1 FROM requests INDEXED BY requests_under_way JOIN runs ON runs.id = run_id
            WHERE state NOT IN ('parsed', 'failed') AND state != 'in_doubt' AND stage = 'embed'
            AND model = ? AND base_url = ? AND ended_at IS NULL LIMIT 1""",
            self._model,
        )
        return found.fetchone() is not None

    def are_lacking(self, batch: int) -> bool:
        """Whether candidates of a batch pass all other filters and still await their vectors."""
        found = self._db.execute(
            """SELECT 1 FROM tasks WHERE batch = ? AND state = 'pending' AND verdict = 'pass'
            AND NOT EXISTS (SELECT 1 FROM vectors
                WHERE task_id = tasks.id AND model = ? AND base_url = ?) LIMIT 1""",
            [batch, *self._model],
        )
        return found.fetchone() is not None

    def last_id(self) -> int:
        """Return the highest vector id; 0 if there are no vectors."""
        (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM vectors").fetchone()
        return int(last)

    def since(self, vector_id: int, *, most: int) -> list[StoredVector]:
        """Return the first `most` vectors of the model stored after this id, by id."""
        rows = self._db.execute(
            f"""{_STORED} WHERE vectors.id > ? AND model = ? AND base_url = ? AND dimension > 0
            ORDER BY vectors.id LIMIT ?""",
            [vector_id, *self._model, most],
        )
        return [_stored(*row) for row in rows]

    def of_tasks(self, task_ids: Sequence[int]) -> dict[int, StoredVector]:
        """Return the current vectors of the model by task id; tasks without one are absent."""
        rows = self._db.execute(
            f"""{_STORED} WHERE task_id IN (SELECT value FROM json_each(?)) AND model = ? AND base_url = ?
            AND dimension > 0""",
            [json.dumps(list(task_ids)), *self._model],
        )
        found = (_stored(*row) for row in rows)
        return {one.task_id: one for one in found if one.is_current}

    def refusal(self, task_id: int) -> int | None:
        """Return the request with which the model refused a task's wording; None if it did not."""
        row = self._db.execute(
            """SELECT request_id FROM vectors
            WHERE task_id = ? AND model = ? AND base_url = ? AND dimension = 0""",
            [task_id, *self._model],
        ).fetchone()
        return row[0] if row else None

    def refused_in_pool(self) -> int:
        """Count the tasks of the pool whose wording the model refuses to embed."""
        (count,) = self._db.execute(
            """SELECT count(*) FROM vectors INDEXED BY vectors_refused JOIN tasks ON tasks.id = task_id
            WHERE dimension = 0 AND model = ? AND base_url = ? AND state = 'accepted'""",
            self._model,
        ).fetchone()
        return int(count)

    def cosine(self, task_id: int) -> float | None:
        """Return the cosine with the nearest task of the pool when last assessed; None if unknown."""
        row = self._db.execute(
            "SELECT cosine FROM vectors WHERE task_id = ? AND model = ? AND base_url = ?",
            [task_id, *self._model],
        ).fetchone()
        return row[0] if row else None


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _stored(
    vector_id: int, task_id: int, state: State, vector: bytes, sha256: str, instruction: str
) -> StoredVector:
    return StoredVector(vector_id, task_id, state, vector, is_current=sha256 == text_hash(instruction))

"""Recomputes stored ROUGE-L scores with an independent scorer, and compares them."""

from collections.abc import Callable

from selfinstruct.db.check.parts import Part
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.tables.settings import SettingsStore

Look = Callable[[Connection, Part], None]

_SAMPLE = 200
"""Approximate number of scores that are recomputed, evenly spaced over all tasks."""
_TOLERANCE = 1e-8
"""Tolerance for the difference of two scores: the other scorer rounds differently."""


def look_at_scores(rouge_l: Callable[[str, str], float], *, language: str) -> Look:
    """Create the part of a check that compares a sample of stored scores with those of another scorer.

    Args:
        rouge_l: ROUGE-L F-measure of two texts.
        language: The only language that it can score; workspaces in other languages are skipped.
    """

    def look(db: Connection, part: Part) -> None:
        found = SettingsStore(db).read().get("language", language)
        if found != language:
            part.is_left_out = True
            part.looked_at = (
                f"The scores were not recomputed: rouge_score tokenizes English only, and the language of the"
                f" workspace is {found}."
            )
            return
        _compare(db, part, rouge_l)

    return look


def _compare(db: Connection, part: Part, rouge_l: Callable[[str, str], float]) -> None:
    scored = [
        task_id
        for (task_id,) in db.execute(
            "SELECT id FROM tasks WHERE score IS NOT NULL AND nearest_id IS NOT NULL ORDER BY id"
        )
    ]
    count = 0
    for task_id in scored[:: max(1, -(-len(scored) // _SAMPLE))]:
        # A score is not updated when either task is reworded after the decision: skip reworded pairs.
        pair = db.execute(
            """SELECT task.instruction, nearest.id, nearest.instruction, task.score
            FROM tasks AS task JOIN tasks AS nearest ON nearest.id = task.nearest_id
            WHERE task.id = ? AND NOT EXISTS (SELECT 1 FROM decisions
                WHERE task_id IN (task.id, nearest.id) AND instance_id IS NULL AND kind = 'edit')""",
            [task_id],
        ).fetchone()
        if pair is None:
            continue
        instruction, nearest_id, nearest, stored = pair
        count += 1
        computed = rouge_l(instruction, nearest)
        if abs(stored - computed) > _TOLERANCE:
            part.wrong.append(
                f"The ROUGE-L of task {task_id} with task {nearest_id} is stored as {stored:.4f}; by the"
                f" tokens and F-measure of rouge_score it is {computed:.4f}."
            )
    agree = " They agree." if count and not part.wrong else ""
    how = f"recomputed with the tokens and F-measure of rouge_score.{agree}"
    part.looked_at = f"{count:,} of {len(scored):,} stored ROUGE-L scores, {how}"

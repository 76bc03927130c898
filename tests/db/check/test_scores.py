"""`check` computes stored scores again, and says whether they are those of the two instructions."""

from pathlib import Path

from selfinstruct.core.similarity.reference_score import rouge_l
from selfinstruct.db.check.check import check
from selfinstruct.db.check.parts import Part
from selfinstruct.db.check.scores import look_at_scores
from tests.db.check.test_check import by_hand
from tests.db.lived_in import rows

SCORED = "FROM tasks WHERE score NOTNULL AND nearest_id NOTNULL"


def scores_of(path: Path) -> Part:
    part = check(path, also={"scores": look_at_scores(rouge_l, language="en")}).parts[-1]
    assert part.name == "scores"
    return part


def test_stored_scores_agree_with_rouge_score_and_that_is_said(lived_in: Path) -> None:
    part = scores_of(lived_in)
    assert part.wrong == []
    (count,) = rows(lived_in, f"SELECT count(*) {SCORED}")[0]
    edited = "(SELECT task_id FROM decisions WHERE kind = 'edit' AND instance_id IS NULL)"
    compared = f"{SCORED} AND id NOT IN {edited} AND nearest_id NOT IN {edited}"
    (number,) = rows(lived_in, f"SELECT count(*) {compared}")[0]
    assert part.looked_at.startswith(f"{number:,} of {count:,} stored ROUGE-L scores")
    assert part.looked_at.endswith("They agree.")
    assert 0 < number <= count


def test_a_score_that_is_not_that_of_the_two_texts_is_found(lived_in: Path) -> None:
    (task_id, nearest_id, score) = rows(lived_in, f"SELECT id, nearest_id, score {SCORED}")[0]
    with by_hand(lived_in) as db:
        db.execute("UPDATE tasks SET score = ? WHERE id = ?", [score / 2 + 0.001, task_id])
    (sentence,) = scores_of(lived_in).wrong
    assert f"task {task_id} with task {nearest_id}" in sentence
    assert f"F-measure of rouge_score it is {score:.4f}." in sentence
    assert "agree" not in scores_of(lived_in).looked_at


def test_a_pair_that_was_reworded_since_is_not_held_against_its_old_score(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        edited = db.execute("SELECT task_id FROM decisions WHERE kind = 'edit' AND instance_id IS NULL")
        (task_id,) = edited.fetchone()
        db.execute("UPDATE tasks SET score = 0.5, nearest_id = 1 WHERE id = ?", [task_id])
    assert scores_of(lived_in).wrong == []


def test_scores_of_another_language_are_left_out_and_that_is_said(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES ('language', '\"ja\"')")
    part = scores_of(lived_in)
    assert part.is_left_out
    assert "rouge_score tokenizes English only" in part.looked_at
    assert "ja" in part.looked_at


def test_a_wrong_score_behind_a_pair_that_was_reworded_is_found(lived_in: Path) -> None:
    (first, *_), (second, *_) = rows(lived_in, f"SELECT id {SCORED} ORDER BY id LIMIT 2")
    with by_hand(lived_in) as db:
        (last,) = db.execute("SELECT max(id) FROM decisions").fetchone()
        db.execute(
            """INSERT INTO decisions (id, step, task_id, kind, who, at, before, after)
            VALUES (?, 999, ?, 'edit', 'human', 'now', '{}', '{}')""",
            [last + 1, first],
        )
        db.execute("UPDATE tasks SET score = 0.987 WHERE id IN (?, ?)", [first, second])
    (sentence,) = scores_of(lived_in).wrong
    assert f"of task {second} with" in sentence


def test_of_many_scores_some_are_computed_again_from_first_to_last(lived_in: Path) -> None:
    with by_hand(lived_in) as db:
        (edited,) = db.execute("SELECT count(*) FROM decisions WHERE kind = 'edit'").fetchone()
        assert edited < 10
        (last,) = db.execute("SELECT max(id) FROM tasks").fetchone()
        for number in range(1, 501):
            db.execute(
                """INSERT INTO tasks (id, origin, instruction, created_at, nearest_id, score)
                VALUES (?, 'model', 'Name a river.', 'now', 1, 0.987)""",
                [last + number],
            )
    scored = rows(lived_in, f"SELECT count(*) {SCORED}")[0][0]
    part = scores_of(lived_in)
    computed = int(part.looked_at.split(" of ")[0])
    assert scored / 3 - 10 <= computed <= -(-scored // 3) <= 200
    assert part.looked_at.endswith("F-measure of rouge_score.")


def test_a_task_without_both_a_score_and_a_nearest_one_is_none_that_was_scored(lived_in: Path) -> None:
    (before,) = rows(lived_in, f"SELECT count(*) {SCORED}")[0]
    with by_hand(lived_in) as db:
        ids = [task_id for (task_id,) in db.execute(f"SELECT id {SCORED} LIMIT 2")]
        db.execute("UPDATE tasks SET score = NULL WHERE id = ?", [ids[0]])
        db.execute("UPDATE tasks SET nearest_id = NULL WHERE id = ?", [ids[1]])
    assert f" of {before - 2:,} stored ROUGE-L scores" in scores_of(lived_in).looked_at

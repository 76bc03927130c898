"""What goes into an export, and what is told of it: a filter line, thoughts, provenance, a card."""

import json
from pathlib import Path

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.db.records import NewInstance
from tests.conftest import OpenEngine
from tests.tui.commands.running import run

RIVER, PLANET, HAIKU = (
    "Name a river in Europe.",
    "Sort the planets by their distance from the sun.",
    "Write a haiku about an old pond.",
)
OUTPUTS = {RIVER: "The Rhine.", PLANET: "Mercury, Venus, Earth.", HAIKU: "A frog jumps into the old pond."}


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    """Three tasks that were accepted without a person, with an instance each."""
    engine = engine_on()
    for instruction, output in OUTPUTS.items():
        task_id = engine.workspace.tasks.add(instruction, origin="model", at="now", label="generation")
        with engine.assessor.step():
            assessment = engine.assessor.assess_task(task_id, instruction)
            engine.decisions.settle(task_id, assessment, engine.emit)
        engine.workspace.instances.add(
            task_id, instruction, "generation", [NewInstance("", output, thoughts="Hm.")], request_id=None
        )
    return engine


@pytest.fixture
def db(engine: Engine) -> Path:
    return engine.workspace.path


def ids(engine: Engine) -> list[int]:
    return sorted(engine.workspace.tasks.accepted())


def instructions(path: Path) -> set[str]:
    return {json.loads(line)["instruction"] for line in path.read_text(encoding="utf-8").splitlines()}


def test_a_filter_line_chooses_the_tasks(db: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.jsonl"
    done = run("export", "--db", db, "--format", "alpaca", "--out", out, "--where", "haiku")
    assert instructions(out) == {HAIKU}
    assert "2 that --where does not find" in done.stdout
    done = run("export", "--db", db, "--out", out, "--force", "--where", "lable:clf")
    assert done.exit_code == 2
    assert "Did you mean label?" in done.stderr


def test_only_what_a_person_has_decided_on_counts_as_reviewed(
    engine: Engine, db: Path, tmp_path: Path
) -> None:
    out = tmp_path / "t.jsonl"
    first, second, _ = ids(engine)
    engine.decisions.relabel(first, "classification")
    engine.decisions.undo()
    (instance,) = engine.workspace.instances.of_task(second)
    engine.decisions.instances.edit(instance.id, "", "Mercury, Venus, Earth, Mars.")
    done = run("export", "--db", db, "--format", "alpaca", "--out", out, "--reviewed-only")
    assert instructions(out) == {PLANET}
    assert "2 that nobody has reviewed" in done.stdout


@pytest.mark.parametrize(
    ("mode", "content", "beside"),
    [
        ("strip", "The Rhine.", None),
        ("keep", "<think>\nHm.\n</think>\n\nThe Rhine.", None),
        ("separate", "The Rhine.", "Hm."),
    ],
)
def test_thoughts_are_where_they_are_wanted(
    db: Path, tmp_path: Path, mode: str, content: str, beside: str | None
) -> None:
    out = tmp_path / "t.jsonl"
    done = run("export", "--db", db, "--out", out, "--where", "river", "--thoughts", mode)
    (row,) = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    asked, answered = row["messages"]
    assert answered["content"] == content
    assert answered.get("reasoning_content") == beside
    assert ("reasoning_content" in asked) == (beside is not None)
    assert ("1 row with thoughts, 0 without." in done.stdout) == (mode != "strip")


def test_thoughts_apart_are_refused_where_there_is_no_field_for_them(db: Path, tmp_path: Path) -> None:
    done = run("export", "--db", db, "--format", "alpaca", "--out", tmp_path / "t", "--thoughts", "separate")
    assert done.exit_code == 2
    assert "alpaca has no field for thoughts. Give --thoughts keep" in done.stderr


def test_rows_that_overlap_with_an_evaluation_set_are_left_out_and_listed(db: Path, tmp_path: Path) -> None:
    bench = tmp_path / "bench.jsonl"
    bench.write_text(
        '{"question": "Name a big river in Europe.", "answer": "x"}\n'
        '{"question": "What happens here?", "answer": "Look: a frog jumps into the old pond again."}\n'
    )
    out = tmp_path / "t.jsonl"
    words = ("export", "--db", db, "--format", "alpaca", "--out", out, "--decontaminate", bench)
    done = run(*words, "--ngram", "6")
    assert done.exit_code == 0, done.output
    assert instructions(out) == {PLANET}
    assert "2 that overlap with an evaluation set" in done.stdout
    assert "of row 2 of bench.jsonl" in done.stdout
    listed = [json.loads(one) for one in (tmp_path / "t.jsonl.contaminated.jsonl").read_text().splitlines()]
    assert {one["evaluation"]["line"] for one in listed} == {1, 2}
    assert run(*words, "--force", "--ngram", "0").exit_code == 2
    assert (
        run("export", "--db", db, "--out", out, "--force", "--decontaminate", tmp_path / "no").exit_code == 2
    )


def test_a_sidecar_says_row_for_row_where_each_came_from(engine: Engine, db: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.jsonl"
    run("export", "--db", db, "--format", "alpaca", "--out", out, "--provenance")
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    sources = [json.loads(line) for line in (tmp_path / "t.jsonl.provenance.jsonl").read_text().splitlines()]
    told = [engine.workspace.tasks.get(one["task_id"]).instruction for one in sources]
    assert told == [row["instruction"] for row in rows]
    assert all(set(row) == {"instruction", "input", "output"} for row in rows)


def test_every_export_has_a_card_and_is_remembered_with_its_options(
    engine: Engine, db: Path, tmp_path: Path
) -> None:
    out = tmp_path / "t.jsonl"
    done = run("export", "--db", db, "--out", out, "--where", "river", "--rng-seed", "3")
    assert "Beside the data: t.jsonl.card.md." in done.stdout
    card = (tmp_path / "t.jsonl.card.md").read_text(encoding="utf-8")
    assert "TODO: choose a licence" in card
    (export,) = engine.workspace.exports.all()
    assert (export.path, export.rows) == (str(out), 1)
    assert export.options == {"where": "river", "rng_seed": 3}
    assert export.sha256 in card
    assert run("diff", "1", "--db", db).stdout == "0 came, 0 went, 0 changed, 1 the same.\n"
    (river, *_) = ids(engine)
    (instance,) = engine.workspace.instances.of_task(river)
    engine.decisions.instances.edit(instance.id, "", "The Po.")
    assert "1 changed" in run("diff", "1", "--db", db).stdout


def test_the_same_workspace_and_options_give_the_same_bytes(db: Path, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        run("export", "--db", db, "--out", tmp_path / name)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_a_card_of_an_earlier_export_is_replaced_and_no_other_file(db: Path, tmp_path: Path) -> None:
    out, card = tmp_path / "t.jsonl", tmp_path / "t.jsonl.card.md"
    run("export", "--db", db, "--out", out)
    out.unlink()
    assert run("export", "--db", db, "--out", out).exit_code == 0
    out.unlink()
    card.write_text("mine")
    done = run("export", "--db", db, "--out", out)
    assert done.exit_code == 2
    assert card.read_text() == "mine"
    assert not out.exists()


def test_a_split_is_compared_whole_with_what_the_same_command_would_write_now(
    db: Path, tmp_path: Path
) -> None:
    done = run("export", "--db", db, "--out", tmp_path / "t.jsonl", "--split", "0.6")
    assert done.exit_code == 0, done.output
    for number in ("1", "2"):
        assert run("diff", number, "now", "--db", db).stdout == "0 came, 0 went, 0 changed, 3 the same.\n"


def test_a_card_is_named_after_the_data_set(db: Path, tmp_path: Path) -> None:
    run("export", "--db", db, "--for", "trl", "--out", tmp_path / "rivers")
    run("export", "--db", db, "--out", tmp_path / "lakes.jsonl")
    assert "\n# rivers\n" in (tmp_path / "rivers" / "README.md").read_text(encoding="utf-8")
    assert "\n# lakes\n" in (tmp_path / "lakes.jsonl.card.md").read_text(encoding="utf-8")

"""Data files come in: recognized, judged, told row by row, and never twice."""

import json
from pathlib import Path

import pytest

from selfinstruct.db.workspace import Workspace
from tests.tui.commands.running import run

ROWS = [
    {"instruction": "Name a river in Europe that you like.", "input": "", "output": "The Rhine."},
    {"instruction": "Say what kind of animal this is.", "input": "cod", "output": "fish"},
    {"instruction": "Say what kind of animal this is.", "input": "wren", "output": "bird"},
    {"instruction": "Draw a picture of a cat.", "input": "", "output": "=^.^="},
]
TALK = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How far is the moon from here?"},
        {"role": "assistant", "content": "From which planet?"},
        {"role": "user", "content": "From Earth."},
        {"role": "assistant", "content": "384,000 km."},
    ]
}


def write(path: Path, *rows: object) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "rows.jsonl", *ROWS)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "w.db"


def tasks(db: Path) -> list[tuple[str, str, str | None, int]]:
    with Workspace.open(db, read_only=True) as workspace:
        found = [workspace.tasks.get(task_id) for task_id in range(176, workspace.tasks.last_id() + 1)]
        return [
            (one.instruction, one.state, one.verdict, len(workspace.instances.of_task(one.id)))
            for one in found
        ]


def test_rows_become_candidates_one_for_each_instruction_with_the_filters_verdict(
    db: Path, data: Path
) -> None:
    done = run("import", data, "--db", db)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "rows.jsonl: JSON Lines of instructions with outputs, by the fields instruction, input, output.",
        "rows.jsonl: 4 rows read, 3 new tasks, 4 new instances.",
        "Of the new tasks 2 pass the filters; filtered out: 1 keyword.",
        f"Decide on them with: selfinstruct-tui --db {db}",
    ]
    assert tasks(db) == [
        (ROWS[0]["instruction"], "pending", "pass", 1),
        (ROWS[1]["instruction"], "pending", "pass", 2),
        (ROWS[3]["instruction"], "pending", "keyword", 1),
    ]


def test_the_same_file_again_adds_nothing(db: Path, data: Path) -> None:
    run("import", data, "--db", db)
    before = tasks(db)
    again = write(data.with_name("copy.jsonl"), *ROWS, ROWS[0])
    for path, known in ((data, 4), (again, 5)):
        done = run("import", path, "--db", db)
        assert done.exit_code == 0
        assert (
            f"{known} rows were imported before, or are in the file twice: they added nothing." in done.stdout
        )
        assert tasks(db) == before


def test_what_the_filters_pass_is_accepted_on_demand_and_one_undo_takes_it_back(db: Path, data: Path) -> None:
    done = run("import", data, "--db", db, "--as", "accepted")
    assert "2 tasks accepted; the others wait for a person." in done.stdout
    assert [state for _, state, _, _ in tasks(db)] == ["accepted", "accepted", "pending"]
    assert run("status", "--db", db).stdout.splitlines()[5].startswith("export       3 rows")


def test_near_duplicates_of_what_came_before_are_not_accepted(db: Path, tmp_path: Path) -> None:
    near = {**ROWS[0], "instruction": "Name a river in Europe that you really like.", "output": "The Po."}
    done = run("import", write(tmp_path / "near.jsonl", ROWS[0], near), "--db", db, "--as", "accepted")
    assert "filtered out: 1 similar" in done.stdout
    assert [state for _, state, _, _ in tasks(db)] == ["accepted", "pending"]


def test_without_judging_every_row_comes_in(db: Path, data: Path) -> None:
    run("import", data, "--db", db, "--as", "accepted", "--no-judge")
    assert {state for _, state, _, _ in tasks(db)} == {"accepted"}


def test_bad_rows_are_told_with_line_and_reason_and_set_aside_and_the_rest_goes_in(
    db: Path, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "rows.jsonl", ROWS[0], "{bad", {"instruction": "Say hello.", "output": " "}, ROWS[1], "[1]"
    )
    done = run("import", path, "--db", db)
    assert done.exit_code == 0
    assert "5 rows read, 2 new tasks" in done.stdout
    assert "3 rows not imported (line 2 is not JSON (" in done.stdout
    assert "; line 3 has no output; line 5 is not a JSON object)" in done.stdout
    rejected = path.with_name("rows.jsonl.rejected.jsonl")
    told = [json.loads(line) for line in rejected.read_text(encoding="utf-8").splitlines()]
    assert [(one["line"], one["row"]) for one in told] == [
        (2, "{bad"),
        (3, '{"instruction": "Say hello.", "output": " "}'),
        (5, "[1]"),
    ]
    write(path, ROWS[0], ROWS[1])
    run("import", path, "--db", db)
    assert not rejected.exists()


def test_another_file_by_the_name_of_the_rejected_rows_is_not_touched(db: Path, data: Path) -> None:
    other = data.with_name("rows.jsonl.rejected.jsonl")
    other.write_text("mine\n")
    done = run("import", data, "--db", db)
    assert done.exit_code == 2
    assert "is another file" in done.stderr
    assert other.read_text() == "mine\n"
    assert tasks(db) == []


def test_a_file_of_bad_rows_only_ends_with_1(db: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", {"instruction": "Say hello.", "output": ""})
    assert run("import", path, "--db", db).exit_code == 1


def test_a_conversation_comes_in_whole_and_its_thoughts_apart(db: Path, tmp_path: Path) -> None:
    talk = json.loads(json.dumps(TALK))
    talk["messages"][-1]["content"] = "<think>\nMean distance.\n</think>\n\n384,000 km."
    run("import", write(tmp_path / "talk.jsonl", talk), "--db", db)
    with Workspace.open(db, read_only=True) as workspace:
        (instance,) = workspace.instances.of_task(176)
    assert instance.output == "384,000 km."
    assert instance.thoughts == "Mean distance."
    assert instance.conversation is not None
    assert instance.conversation.system == "Be brief."
    assert [turn.content for turn in instance.conversation.turns] == ["From which planet?", "From Earth."]


def test_a_dry_run_shows_the_first_rows_and_makes_no_workspace(db: Path, data: Path) -> None:
    done = run("import", data, "--db", db, "--dry-run")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[1:6] == [
        "",
        "line 1",
        "  instruction  Name a river in Europe that you like.",
        "  output       The Rhine.",
        "",
    ]
    assert lines[-1] == "Nothing was imported."
    assert "Draw a picture" not in done.stdout
    assert not db.exists()


def test_fields_by_other_names_are_mapped(db: Path, tmp_path: Path) -> None:
    row = {"q": {"text": "Name a lake in Europe that you like."}, "a": ["Como.", "Garda."], "note": "x"}
    path = write(tmp_path / "odd.jsonl", row)
    done = run("import", path, "--db", db)
    assert done.exit_code == 2
    assert "their fields are q, a, note. Say which is which: --map instruction=question" in done.stderr
    assert not db.exists()
    done = run("import", path, "--db", db, "--map", "instruction=q.text", "--map", "output=a.1")
    assert done.exit_code == 0
    with Workspace.open(db, read_only=True) as workspace:
        assert workspace.instances.of_task(176)[0].output == "Garda."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--map", "instruction"), "--map instruction is not of the form FIELD=NAME"),
        (("--map", "instrction=q", "--map", "output=a"), "Did you mean instruction?"),
        (("--map", "output=a"), "A mapping needs the instruction"),
        (("--map", "instruction=q", "--map", "instruction=r"), "--map gives instruction twice"),
        (("--map", "instruction=intruction"), "Did you mean instruction?"),
        (("--as", "x"), "--as is wrong: 'x' is not one of"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_nothing_is_made(
    db: Path, data: Path, words: tuple[str, ...], said: str
) -> None:
    done = run("import", data, "--db", db, *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not db.exists()


def test_seeds_are_added_to_those_of_the_workspace(db: Path, tmp_path: Path) -> None:
    seeds = [
        {
            "instruction": row["instruction"],
            "is_classification": False,
            "instances": [{"input": row["input"], "output": row["output"]}],
        }
        for row in ROWS[:2]
    ]
    path = write(
        tmp_path / "seeds.jsonl", *seeds, ROWS[3], {**ROWS[2], "instruction": "Sort these numbers for me."}
    )
    done = run("import", path, "--db", db, "--as", "seed")
    assert "4 rows read, 2 new tasks, 2 new instances." in done.stdout
    assert "does not say whether it is a classification task" in done.stdout
    with Workspace.open(db, read_only=True) as workspace:
        assert len(workspace.tasks.seeds()) == 177


def test_imports_survive_a_check_and_the_next_start(db: Path, data: Path, tmp_path: Path) -> None:
    run("import", data, write(tmp_path / "talk.jsonl", TALK), "--db", db, "--as", "accepted")
    done = run("check", "--db", db)
    assert done.exit_code == 0, done.stdout
    with Workspace.open(db, read_only=True) as workspace:
        rows = workspace.imports.rows_of(177)
    assert [(row.path, row.line) for row in rows] == [("rows.jsonl", 2), ("rows.jsonl", 3)]

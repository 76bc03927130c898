"""Every trainer: the rows that it reads, what is beside them, and what it refuses."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.errors import ExportError, TargetExistsError
from selfinstruct.core.export import checks
from selfinstruct.core.export.files import write_export
from selfinstruct.core.export.options import JOINS, ExportOptions, Join
from selfinstruct.core.export.preference_rows import PreferencePair, RatedRow
from selfinstruct.core.export.style import Style
from selfinstruct.core.export.trainer_kinds import MODEL, Job, Objective, Rules, Trainer
from selfinstruct.core.export.trainers.registry import TRAINERS, trainer_of
from selfinstruct.db.records import Conversation, TrainingRow, Turn
from selfinstruct.db.workspace import Workspace
from tests.core.export.rows import PLAIN, TALK, WITH_INPUT, WITH_SYSTEM, put

MANY = tuple(replace(PLAIN, task_id=number, output=str(number)) for number in range(10, 22))
FOLDERS = [one for one in TRAINERS if one.is_folder]
UPLOADS = [one for one in TRAINERS if not one.is_folder]


def name_of(one: Trainer) -> str:
    return one.name


def target(one: Trainer, folder: Path) -> Path:
    return folder / ("out" if one.is_folder else "out.jsonl")


def question(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def answer(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


@pytest.mark.parametrize("one", TRAINERS, ids=name_of)
def test_rows_have_the_same_keys_no_others_and_no_none(
    workspace: Workspace, tmp_path: Path, one: Trainer
) -> None:
    put(workspace, PLAIN, WITH_INPUT, WITH_SYSTEM, TALK, *MANY)
    done = write_export(workspace, target(one, tmp_path), ExportOptions(trainer=one.name), at="now")
    rows = [json.loads(line) for line in done.files[0].path.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 4 + len(MANY)
    assert {tuple(row) for row in rows} == {("prompt", "completion") if one.name == "trl" else ("messages",)}
    messages = [message for row in rows for list_ in row.values() for message in list_]
    assert {tuple(message) for message in messages} == {("role", "content")}
    assert all(isinstance(value, str) for message in messages for value in message.values())


@pytest.mark.parametrize("one", TRAINERS, ids=name_of)
def test_instruction_and_input_are_joined_as_the_trainer_does_unless_told_otherwise(
    workspace: Workspace, tmp_path: Path, one: Trainer
) -> None:
    put(workspace, WITH_INPUT, *MANY)
    own: Join = "line-break" if one.name in {"llamafactory", "ms-swift"} else "blank-line"
    cases: list[tuple[Join | None, Join]] = [(None, own), *((join, join) for join in JOINS)]
    for wanted, expected in cases:
        options = ExportOptions(trainer=one.name, join=wanted)
        done = write_export(workspace, target(one, tmp_path), options, force=True, at="now")
        text = f"Name a river.{JOINS[expected]}Kenya"
        assert json.dumps(text) in done.files[0].path.read_text(encoding="utf-8")


@pytest.mark.parametrize("one", FOLDERS, ids=name_of)
def test_a_folder_has_the_rows_a_configuration_and_nothing_else(
    workspace: Workspace, tmp_path: Path, one: Trainer
) -> None:
    put(workspace, *MANY)
    folder = tmp_path / "my data"
    done = write_export(workspace, folder, ExportOptions(trainer=one.name), at="now")
    written = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert written == {Path("data/train.jsonl"), *(path.relative_to(folder) for path in done.beside)}
    assert done.command is not None
    words = shlex.split(done.command)
    assert words[:3] == ["cd", str(folder), "&&"]
    config = folder / words[-1]
    assert config in done.beside
    assert MODEL in config.read_text()
    assert "data/train.jsonl" in "".join(path.read_text() for path in done.beside) or one.name == "trl"


@pytest.mark.parametrize("one", UPLOADS, ids=name_of)
def test_an_upload_is_one_file_and_a_command_that_names_it(
    workspace: Workspace, tmp_path: Path, one: Trainer
) -> None:
    put(workspace, *MANY)
    done = write_export(workspace, tmp_path / "my rows.jsonl", ExportOptions(trainer=one.name), at="now")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".jsonl"] == ["my rows.jsonl"]
    assert [path.name for path in done.beside] == ["my rows.jsonl.card.md"]
    assert done.command is not None
    assert any("my rows.jsonl" in word for word in shlex.split(done.command))


@pytest.mark.parametrize("one", FOLDERS, ids=name_of)
@pytest.mark.parametrize("objective", ["sft", "dpo", "kto"])
@pytest.mark.parametrize("has_test", [False, True])
def test_a_configuration_names_the_objective_and_rows_to_evaluate_with(
    one: Trainer, objective: Objective, has_test: bool
) -> None:
    if objective != "sft" and one.encode_pair is None:
        pytest.skip("trains with supervision only")
    assert one.configs is not None
    texts = one.configs(Job(objective, has_test))
    told = "".join([*texts, *texts.values(), one.command(Job(objective, has_test), Path("x"))])
    assert objective in told or one.name in {"axolotl", "unsloth"}
    assert ("eval" in told or "test_datasets" in told) == (has_test and one.name != "unsloth")


PAIR = PreferencePair(WITH_SYSTEM, "wren", "bird")
ASKED = [{"role": "system", "content": "Be brief."}, *question("Name a bird.")]
PAIRS: dict[str, Any] = {
    "trl": {"prompt": ASKED, "chosen": [answer("wren")], "rejected": [answer("bird")]},
    "axolotl": {"messages": ASKED, "chosen": answer("wren"), "rejected": answer("bird")},
    "llamafactory": {"messages": ASKED, "chosen": answer("wren"), "rejected": answer("bird")},
    "ms-swift": {"messages": [*ASKED, answer("wren")], "rejected_response": "bird"},
    **{
        name: {
            "input": {"messages": ASKED},
            "preferred_output": [answer("wren")],
            "non_preferred_output": [answer("bird")],
        }
        for name in ("openai", "together", "fireworks")
    },
}
RATED: dict[str, Any] = {
    "trl": {"prompt": ASKED, "completion": [answer("wren")], "label": False},
    "axolotl": {"system": "Be brief.", "prompt": "Name a bird.", "completion": "wren", "label": False},
    "llamafactory": {"messages": [*ASKED, answer("wren")], "label": False},
    "ms-swift": {"messages": [*ASKED, answer("wren")], "label": False},
}


@pytest.mark.parametrize("one", TRAINERS, ids=name_of)
def test_preferences_have_the_shape_that_the_trainer_reads(one: Trainer) -> None:
    pair = None if one.encode_pair is None else one.encode_pair(PAIR, Style())
    rated = (
        None if one.encode_rated is None else one.encode_rated(RatedRow(WITH_SYSTEM, label=False), Style())
    )
    assert pair == PAIRS.get(one.name)
    assert rated == RATED.get(one.name)


TWICE = Conversation("", (Turn("user", "And another one."), Turn("assistant", "oak"), Turn("user", "More.")))


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("openai", MANY[:9], "openai wants at least 10 rows; there are 9."),
        ("fireworks", MANY[:2], "fireworks wants at least 3 rows; there are 2."),
        ("trl", (), "trl wants at least 1 row; there are none."),
        ("together", (), "together wants at least 1 row; there are none."),
        ("fireworks", MANY[:1], "fireworks wants at least 3 rows; there is 1."),
    ],
)
def test_too_few_rows_are_refused(
    workspace: Workspace, tmp_path: Path, name: str, rows: tuple[TrainingRow, ...], said: str
) -> None:
    put(workspace, *rows)
    path = target(trainer_of(name), tmp_path)
    with pytest.raises(ExportError) as told:
        write_export(workspace, path, ExportOptions(trainer=name), at="now")
    assert str(told.value) == said
    assert not path.exists()


def blank(task_id: int) -> TrainingRow:
    return replace(PLAIN, task_id=task_id, instruction=f"Say {task_id}.", output=" \n")


@pytest.mark.parametrize("one", TRAINERS, ids=name_of)
def test_rows_that_train_on_nothing_are_refused_by_number(
    workspace: Workspace, tmp_path: Path, one: Trainer
) -> None:
    put(workspace, *MANY, blank(50))
    with pytest.raises(
        ExportError, match=r"^Row \d+ \(task 13\) has an empty answer, on which nothing can be"
    ):
        write_export(workspace, target(one, tmp_path), ExportOptions(trainer=one.name), at="now")
    assert not target(one, tmp_path).exists()


def test_a_refusal_names_the_first_rows_in_the_order_of_the_file_and_counts_the_others(
    workspace: Workspace, tmp_path: Path
) -> None:
    put(workspace, *(blank(task_id) for task_id in range(9)), *MANY)
    order = [
        json.loads(line)["output"]
        for path in [tmp_path / "t"]
        if write_export(workspace, path, ExportOptions("alpaca"), at="now")
        for line in path.read_text().splitlines()
    ]
    numbers = [number for number, output in enumerate(order, start=1) if not output.strip()]
    with pytest.raises(ExportError) as told:
        write_export(workspace, tmp_path / "out", ExportOptions(trainer="trl"), at="now")
    words = str(told.value)
    assert [int(word) for word in words.replace("(", "").split() if word.isdigit()][:1] == numbers[:1]
    assert all(f"{number} (task " in words for number in numbers[:5])
    assert f"{numbers[5]} (task " not in words
    assert "and 4 more have an empty answer" in words


@pytest.mark.parametrize(("name", "refuses"), [("llamafactory", True), ("together", True), ("trl", False)])
def test_messages_of_the_same_role_in_a_row_are_refused_where_they_would_be_skipped(
    workspace: Workspace, tmp_path: Path, name: str, refuses: bool
) -> None:
    put(workspace, *MANY, TALK, replace(TALK, task_id=5, conversation=TWICE))
    path = target(trainer_of(name), tmp_path)
    if not refuses:
        assert write_export(workspace, path, ExportOptions(trainer=name), at="now").rows == len(MANY) + 2
        return
    with pytest.raises(ExportError, match=r"^Row \d+ \(task 14\) has two messages of the same role in a row"):
        write_export(workspace, path, ExportOptions(trainer=name), at="now")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (Rules(max_rows=11), "x takes at most 11 rows; there are 12."),
        (Rules(max_bytes=1000), "x takes files of at most 0 MB; this one has 0 MB. Export fewer rows."),
    ],
)
def test_too_much_is_refused_and_nothing_is_left(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: Rules, said: str
) -> None:
    put(workspace, *MANY)
    made = checks.RowChecks
    monkeypatch.setattr(
        "selfinstruct.core.export.files.RowChecks",
        lambda one, objective: made(replace(one, name="x", rules=rules), objective),
    )
    with pytest.raises(ExportError) as told:
        write_export(workspace, tmp_path / "out", ExportOptions(trainer="trl"), at="now")
    assert str(told.value) == said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("taken", ["data/train.jsonl", "dataset_info.json", "sft.yaml"])
def test_all_files_are_checked_before_one_is_written(
    workspace: Workspace, tmp_path: Path, taken: str
) -> None:
    put(workspace, *MANY)
    (tmp_path / "out" / "data").mkdir(parents=True)
    (tmp_path / "out" / taken).write_text("precious")
    options = ExportOptions(trainer="llamafactory")
    with pytest.raises(TargetExistsError) as told:
        write_export(workspace, tmp_path / "out", options, at="now")
    assert told.value.path == tmp_path / "out" / taken
    assert [path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["precious"]
    write_export(workspace, tmp_path / "out", options, force=True, at="now")
    assert "precious" not in (tmp_path / "out" / taken).read_text()


@pytest.mark.parametrize(
    ("trainer", "path", "said"),
    [
        ("trl", "t.jsonl", "trl is a folder with several files. Choose a name without an ending, such as"),
        ("trl", "a file", "a file is a file, and trl is a folder. Choose another name."),
        ("trl", "no/out", "no/out cannot be written: the folder"),
        ("openai", "t.json", "openai takes JSON Lines. Choose a name that ends in .jsonl."),
        ("openai", "t.csv", "t.csv does not have the name of JSON"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(
    workspace: Workspace, tmp_path: Path, trainer: str, path: str, said: str
) -> None:
    put(workspace, *MANY)
    (tmp_path / "a file").write_text("precious")
    with pytest.raises(ExportError) as told:
        write_export(workspace, Path(path), ExportOptions(trainer=trainer), force=True, at="now")
    assert str(told.value).startswith(said)
    assert (tmp_path / "a file").read_text() == "precious"

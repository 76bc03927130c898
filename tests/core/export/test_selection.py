"""Which rows an export takes, and what it says of the others."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.exported import Exported
from selfinstruct.core.export.files import write_export
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.db.records import Conversation
from selfinstruct.db.workspace import Workspace
from tests.core.export.rows import PLAIN, TALK, WITH_INPUT, WITH_SYSTEM, put


def export(workspace: Workspace, path: Path, **options: Any) -> tuple[Exported, list[dict[str, Any]]]:
    done = write_export(workspace, path, ExportOptions(**options), force=True, at="now")
    return done, [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


@pytest.mark.parametrize("name", ["alpaca", "gpt3", "csv"])
def test_conversations_are_left_out_and_counted_where_there_is_no_place_for_them(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    put(workspace, PLAIN, WITH_INPUT, WITH_SYSTEM, TALK)
    done = write_export(workspace, tmp_path / "t", ExportOptions(name), at="now")
    assert (done.rows, done.tally.conversations) == (2, 2)


def test_a_task_gives_its_first_rows_up_to_the_limit(workspace: Workspace, tmp_path: Path) -> None:
    rivers = [replace(WITH_INPUT, output=name) for name in ("Tana", "Tana", "Mara", "Galana", "Athi")]
    put(workspace, *rivers, PLAIN)
    done, rows = export(workspace, tmp_path / "t", format="alpaca", max_instances=2)
    assert {row["output"] for row in rows} == {"Tana", "Mara", "Late rain"}
    assert (done.tally.duplicates, done.tally.over_limit) == (1, 2)


def test_a_system_prompt_is_added_to_rows_without_one_only(workspace: Workspace, tmp_path: Path) -> None:
    put(workspace, PLAIN, WITH_SYSTEM, TALK)
    _, rows = export(workspace, tmp_path / "t", system="Speak plainly.")
    first = {row["messages"][1]["content"]: row["messages"][0] for row in rows}
    assert {one["role"] for one in first.values()} == {"system"}
    assert {question: one["content"] for question, one in first.items()} == {
        "Write a haiku.": "Speak plainly.",
        "Name a bird.": "Be brief.",
        "Name a tree.\n\nin Spain": "Speak plainly.",
    }


@pytest.mark.parametrize(
    ("extra", "options", "lists"),
    [
        ((), {}, False),
        ((WITH_SYSTEM,), {}, True),
        ((), {"system": "Be kind."}, True),
        ((replace(TALK, origin="seed"),), {}, False),
        ((replace(TALK, origin="seed"),), {"include_seeds": True}, True),
    ],
)
def test_prompts_and_completions_are_strings_in_all_rows_or_messages_in_all_rows(
    workspace: Workspace, tmp_path: Path, extra: tuple[Any, ...], options: dict[str, Any], lists: bool
) -> None:
    put(workspace, PLAIN, WITH_INPUT, *extra)
    _, rows = export(workspace, tmp_path / "t", format="prompt-completion", **options)
    assert {type(value) for row in rows for value in row.values()} == {list if lists else str}


def test_the_same_options_give_the_same_bytes_and_hash_and_another_seed_another_order(
    workspace: Workspace, tmp_path: Path
) -> None:
    put(workspace, *(replace(PLAIN, task_id=number, output=str(number)) for number in range(40)))
    texts = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        done, _ = export(workspace, tmp_path / name, format="gpt3", rng_seed=seed)
        texts[name] = (done.files[0].sha256, (tmp_path / name).read_bytes())
    assert texts["a"] == texts["b"] != texts["c"]
    assert sorted(texts["a"][1].split(b"\n")) != texts["a"][1].split(b"\n")


def test_what_is_remembered_of_the_rows_is_in_the_order_of_the_file(
    workspace: Workspace, tmp_path: Path
) -> None:
    put(workspace, *(replace(PLAIN, task_id=number, output=str(number)) for number in range(20)))
    done, rows = export(workspace, tmp_path / "t", format="alpaca")
    outputs = [workspace.instances.get(row.instance_id).output for row in done.files[0].rows]
    assert outputs == [row["output"] for row in rows]


def test_rows_that_differ_in_their_conversation_only_are_no_duplicates(
    workspace: Workspace, tmp_path: Path
) -> None:
    put(workspace, TALK, replace(TALK, conversation=Conversation("Be kind.")), TALK)
    done, _ = export(workspace, tmp_path / "t")
    assert (done.rows, done.tally.duplicates) == (2, 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"format": "alpaca", "system": "x"},
            "alpaca has no place for a system prompt. Leave out --system, or give --format messages,"
            " sharegpt, prompt-completion, parquet or hub.",
        ),
        ({"format": "csv", "join": "line-break"}, "csv keeps instruction and input apart. Leave out --join."),
        (
            {"format": "gpt3", "join": "line-break"},
            "gpt3 keeps instruction and input apart. Leave out --join.",
        ),
        ({"max_instances": 0}, "--max-instances must be 1 or more."),
        (
            {"guard_formulas": True},
            "--guard-formulas is for spreadsheets. Combine it with --format csv, or leave it out.",
        ),
        (
            {"trainer": "trl", "layouts": "varied"},
            "trl has one layout. Leave out --layouts, or give it with --format gpt3.",
        ),
        (
            {"trainer": "torchtune"},
            "'torchtune' is not a trainer that is known. Give one of trl, axolotl, llamafactory, ms-swift,"
            " unsloth, openai, together, fireworks.",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_one_sentence(
    workspace: Workspace, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ExportError) as told:
        write_export(workspace, tmp_path / "t", ExportOptions(**options), at="now")
    assert str(told.value) == said
    assert not (tmp_path / "t").exists()

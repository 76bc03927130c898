"""The layouts of `gpt3`: the published ones, and ours."""

import random

import pytest

from selfinstruct.core.errors import ExportError
from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.core.export.registry import format_of
from selfinstruct.core.export.style import Style
from selfinstruct.db.records import TrainingRow

END = "<|endoftext|>"


def encoded(layouts: str | None, row: TrainingRow) -> list[Record]:
    one = format_of("gpt3", layouts)
    assert isinstance(one, JsonFormat)
    return [one.encode(row, Style(rng=random.Random(number))) for number in range(300)]


def pairs(layouts: str | None, row: TrainingRow) -> set[tuple[str, str]]:
    return {(record["prompt"], record["completion"]) for record in encoded(layouts, row)}


@pytest.mark.parametrize("layouts", [None, "paper"])
def test_the_published_layouts_are_all_there_and_no_others(layouts: str | None) -> None:
    assert pairs(layouts, TrainingRow(1, "model", "Do it", "with {this}", "done")) == {
        ("Do it\nInput: with {this}\nOutput:", f" done{END}"),
        ("Do it\n\nInput: with {this}\n\nOutput:", f" done{END}"),
        ("Task: Do it\nInput: with {this}\nOutput:", f" done{END}"),
        ("Do it\n\nwith {this}\n\nOutput:", f" done{END}"),
        ("Do it\n\nwith {this}\n\n", f"done{END}"),
        ("Do it\nwith {this}\n\n", f"done{END}"),
        ("Task: Do it\n\nwith {this}\n\n", f"done{END}"),
    }
    assert pairs(layouts, TrainingRow(1, "model", "Do it", "", " done\n")) == {
        ("Do it Output:", f" done{END}"),
        ("Do it\nOutput:", f" done{END}"),
        ("Do it\n\nOutput:", f" done{END}"),
        ("Do it\n", f"done{END}"),
        ("Do it\n\n", f"done{END}"),
        ("Task: Do it\n\n", f"done{END}"),
    }


def test_our_layouts_vary_each_part_and_end_without_a_mark() -> None:
    found = pairs("varied", TrainingRow(1, "model", "Do it", "with this", "done"))
    assert len(found) == 16
    assert not any(completion.endswith(END) for _, completion in found)


@pytest.mark.parametrize(
    ("name", "layouts", "said"),
    [
        ("gpt3", "ours", "'ours' is not a set of layouts. Give one of paper, varied."),
        ("csv", "paper", "csv has one layout. Give --format gpt3 with --layouts."),
        (
            "messages",
            "varied",
            "messages has one layout. Give --format gpt3 with --layouts.",
        ),
    ],
)
def test_layouts_that_there_are_not_are_refused(name: str, layouts: str, said: str) -> None:
    with pytest.raises(ExportError) as told:
        format_of(name, layouts)
    assert str(told.value) == said

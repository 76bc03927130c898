"""Seed files: ours keeps what the method needs of it, and a wrong one is told by its line."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.filtering.filters import clean_instruction, objections
from selfinstruct.core.language.registry import language
from selfinstruct.core.language.tokens import tokens
from selfinstruct.core.method.seeds import SeedTask, built_in, load
from selfinstruct.core.settings.model import FilterSettings
from tests.similarity import rouge_l


@pytest.fixture(scope="module")
def seeds() -> list[SeedTask]:
    return load(built_in("en"))


def test_there_are_175_seed_tasks(seeds: list[SeedTask]) -> None:
    assert len(seeds) == len({seed.id for seed in seeds}) == len({seed.name for seed in seeds}) == 175


def test_the_seeds_are_mixed_like_the_papers(seeds: list[SeedTask]) -> None:
    classification = sum(seed.is_classification for seed in seeds)
    without_input = sum(not any(instance.input for instance in seed.instances) for seed in seeds)
    assert 25 <= classification <= 35
    assert 45 <= without_input <= 55


def test_no_two_seeds_are_alike(seeds: list[SeedTask]) -> None:
    texts = [seed.instruction for seed in seeds]
    nearest = max(combinations(texts, 2), key=lambda pair: rouge_l(*pair))
    assert rouge_l(*nearest) < 0.6, nearest


def test_the_seeds_begin_with_many_different_words(seeds: list[SeedTask]) -> None:
    assert len({tokens(seed.instruction)[0] for seed in seeds}) >= 70


def test_no_seed_would_be_refused_as_a_candidate(seeds: list[SeedTask]) -> None:
    refused = {
        seed.id: found
        for seed in seeds
        if (found := objections(seed.instruction, FilterSettings(), language("en")))
    }
    assert refused == {}
    assert all(seed.instruction == clean_instruction(seed.instruction) for seed in seeds)


def test_the_instances_of_a_seed_are_of_use(seeds: list[SeedTask]) -> None:
    for seed in seeds:
        inputs = [instance.input for instance in seed.instances]
        assert len(set(inputs)) == len(inputs), seed.id
        for instance in seed.instances:
            assert instance.output.strip(), seed.id
            assert instance.output.strip() != instance.input.strip(), seed.id


def test_every_classification_seed_has_short_labels(seeds: list[SeedTask]) -> None:
    labels = [one.output for seed in seeds if seed.is_classification for one in seed.instances]
    assert max(len(label.split()) for label in labels) <= 6


def line(number: int, **changes: Any) -> str:
    task = {
        "id": f"s{number}",
        "instruction": f"Do thing number {number}.",
        "is_classification": number % 2 == 0,
        "instances": [{"input": "", "output": "done"}],
    }
    return json.dumps(task | changes, ensure_ascii=False)


def write(folder: Path, *lines: str) -> Path:
    path = folder / "mine.jsonl"
    path.write_bytes("\n".join(lines).encode("utf-8"))
    return path


EIGHT = [line(number) for number in range(8)]


def test_an_own_seed_file_is_read(tmp_path: Path) -> None:
    odd = line(8, instruction=" Say \u2028 this. ", most_like="x", instances=[{"output": "a\nb"}])
    read = load(write(tmp_path, "\ufeff" + EIGHT[0], "", *EIGHT[1:], odd + "\r", ""))
    assert [seed.id for seed in read] == [f"s{number}" for number in range(9)]
    assert read[-1].instruction == "Say \u2028 this."
    assert (read[-1].instances[0].input, read[-1].instances[0].output) == ("", "a\nb")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param("{", "the JSON is wrong", id="not JSON"),
        pytest.param("[" * 100_000, "the JSON is wrong", id="nested too deep"),
        pytest.param("[]", "a JSON object is wanted", id="not an object"),
        pytest.param("{}", "the field id is missing", id="empty object"),
        pytest.param(line(9, instruction=""), "instruction is wrong", id="no instruction"),
        pytest.param(line(9, instruction=" \t"), "instruction is wrong", id="blank instruction"),
        pytest.param(line(9, is_classification="perhaps"), "is_classification is wrong", id="no boolean"),
        pytest.param(
            line(9, instances=[]),
            "instances is wrong: at least 1 in the list is wanted.",
            id="no instance",
        ),
        pytest.param(
            line(9, instances="a"), "instances is wrong: a list is wanted.", id="text for instances"
        ),
        pytest.param(
            line(9, instances=[{"input": "a"}]), "the field instances.0.output is missing", id="no output"
        ),
        pytest.param(line(9, instances=[{"output": ""}]), "instances.0.output is wrong", id="empty output"),
        pytest.param(
            json.dumps(json.loads(line(9)) | {"instruction": "a\ud800b"}),
            "instruction is wrong",
            id="surrogate",
        ),
        pytest.param(line(9, id="s3"), "the id is that of line 4 again", id="id twice"),
        pytest.param(
            line(9, instruction="Do thing number 3."), "the instruction is that of line 4", id="twice"
        ),
    ],
)
def test_a_wrong_line_is_told_by_its_number(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, *EIGHT, "", wrong))
    assert str(caught.value).startswith("In line 10 of mine.jsonl, ")
    assert said in str(caught.value)


def test_fewer_than_eight_seeds_do_not_fill_a_prompt(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"mine\.jsonl has 7 tasks; at least 8 are needed"):
        load(write(tmp_path, *EIGHT[:7]))
    with pytest.raises(SettingsError, match="has 0 tasks"):
        load(write(tmp_path, ""))


@pytest.mark.parametrize("label", [True, False])
def test_seeds_of_one_kind_only_cannot_be_examples_of_both(tmp_path: Path, label: bool) -> None:
    lines = [line(number, is_classification=label) for number in range(8)]
    with pytest.raises(SettingsError, match="needs classification tasks and others"):
        load(write(tmp_path, *lines))


def test_a_seed_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"The seed file none\.jsonl cannot be read"):
        load(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(SettingsError, match=r"The seed file latin\.jsonl cannot be read"):
        load(tmp_path / "latin.jsonl")

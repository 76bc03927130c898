"""Seed files: ours keeps what the method needs of it, and a wrong one is told by its line."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.language.registry import language
from selfinstruct.core.language.tokens import tokens
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.method.seed_file import SeedTask, load
from selfinstruct.core.method.seeds import built_in
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
        if (found := check_candidate(Candidate(seed.instruction, language("en")), FilterSettings()))
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
        pytest.param(
            '{"id": "a', "the JSON is invalid: unterminated string at column 8.", id="an open string"
        ),
        pytest.param("{", "the JSON is invalid: expecting property name", id="not JSON"),
        pytest.param("[" * 100_000, "the JSON is invalid: nested too deep.", id="nested too deep"),
        pytest.param("[]", "it must be a JSON object", id="not an object"),
        pytest.param(
            "{}", "the fields instruction, is_classification and instances are missing", id="empty object"
        ),
        pytest.param(line(9, instruction=""), "instruction is blank", id="no instruction"),
        pytest.param(line(9, instruction=" \t"), "instruction is blank", id="blank instruction"),
        pytest.param(line(9, is_classification="perhaps"), "is_classification is wrong", id="no boolean"),
        pytest.param(
            line(9, instances=[]),
            "instances is wrong: it must have at least 1 entry.",
            id="no instance",
        ),
        pytest.param(
            line(9, instances="a"), "instances is wrong: it must be a list.", id="text for instances"
        ),
        pytest.param(
            line(9, instances=[{"input": "a"}]), "the field output of instance 1 is missing", id="no output"
        ),
        pytest.param(
            line(9, instances=[{"output": ""}]), "the output of instance 1 is blank", id="empty output"
        ),
        pytest.param(
            json.dumps(json.loads(line(9)) | {"instruction": "a\ud800b"}),
            "instruction is wrong: it has a character that cannot be stored",
            id="surrogate",
        ),
        pytest.param(line(9, instruction="a\0b"), "instruction is wrong: it has a character", id="NUL"),
        pytest.param(
            line(9, instances=[{"output": "a\0b"}]),
            "the output of instance 1 is wrong: it has a char",
            id="NUL out",
        ),
        pytest.param(line(9, name="\0"), "name is wrong: it has a character", id="NUL in a name"),
        pytest.param(
            line(9, instances=[{"output": " \n"}]), "the output of instance 1 is blank", id="blanks"
        ),
        pytest.param(
            line(9, instances=[{"output": 42}]),
            'the output of instance 1 is wrong: it must be text, as in "42".',
            id="number for an output",
        ),
        pytest.param(
            line(9).replace("is_classif", "is_clasif"),
            "the field is_clasification is unknown; rename it to is_classification.",
            id="misspelt field",
        ),
        pytest.param(
            line(9, instances=[{"inputs": "a", "output": "b"}]),
            "the field inputs is unknown; rename it to input.",
            id="misspelt input",
        ),
        pytest.param(line(9, instances=["a"]), "instance 1 is wrong: ", id="text for an instance"),
        pytest.param(line(9, id="s3"), "the id repeats that of line 4", id="id twice"),
        pytest.param(
            line(9, instruction="Do thing number 3."), "the instruction repeats that of line 4", id="twice"
        ),
    ],
)
def test_a_wrong_line_is_told_by_its_number(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, *EIGHT, "", wrong))
    assert str(caught.value).startswith(f"In line 10 of {tmp_path}/mine.jsonl, ")
    assert said in str(caught.value)


def test_fewer_than_eight_seeds_do_not_fill_a_prompt(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"mine\.jsonl has 7 tasks; at least 8 are needed"):
        load(write(tmp_path, *EIGHT[:7]))
    with pytest.raises(SettingsError, match="has 0 tasks"):
        load(write(tmp_path, ""))


@pytest.mark.parametrize("label", [True, False])
def test_seeds_of_one_kind_only_cannot_be_examples_of_both(tmp_path: Path, label: bool) -> None:
    lines = [line(number, is_classification=label) for number in range(8)]
    with pytest.raises(SettingsError, match="needs both classification tasks and other tasks"):
        load(write(tmp_path, *lines))


def test_a_seed_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"The seed file /.*/none\.jsonl cannot be read"):
        load(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(SettingsError, match=r"The seed file /.*/latin\.jsonl cannot be read"):
        load(tmp_path / "latin.jsonl")


def test_several_wrong_lines_are_told_at_once(tmp_path: Path) -> None:
    wrong = [line(9, instruction=""), "{", line(10, id="s3"), line(11, instances=[]), line(12, instances="a")]
    with pytest.raises(
        SettingsError, match=r"mine\.jsonl has 5 invalid tasks\. line 9: .*; line 10: .*"
    ) as caught:
        load(write(tmp_path, *EIGHT, *wrong))
    assert str(caught.value).endswith(
        "line 11: the id repeats that of line 4; remove one of them; and 2 more."
    )


def test_a_json_array_holds_the_same_tasks_as_lines_do(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(
        json.dumps([json.loads(one) for one in EIGHT], indent=1).replace("\n", "\r\n"), "utf-8-sig"
    )
    assert load(path) == load(write(tmp_path, *EIGHT))
    path.write_text(f"[{EIGHT[0]}, {{}}]")
    with pytest.raises(SettingsError, match=r"^In item 2 of .*mine\.json, the fields"):
        load(path)
    path.write_text(f"[{EIGHT[0]}")
    said = r"The JSON array in /.*/mine\.json is invalid: expecting ',' delimiter at line 1, column \d+\.$"
    with pytest.raises(SettingsError, match=said):
        load(path)


def test_what_other_programs_write_for_nothing_and_for_numbers_is_read(tmp_path: Path) -> None:
    odd = [
        line(8, id=8, name=None, instances=[{"input": None, "output": "  padded \n"}]),
        json.dumps({key: value for key, value in json.loads(line(9)).items() if key != "id"}),
        json.dumps({key: value for key, value in json.loads(line(10)).items() if key != "id"}),
        json.dumps({"instruction": "Say it.", "is_classification": False, "input": "x", "output": "y"}),
    ]
    read = load(write(tmp_path, *EIGHT, *odd))[8:]
    assert [seed.id for seed in read] == ["8", "", "", ""]
    assert (read[0].instances[0].input, read[0].instances[0].output) == ("", "padded")
    assert (read[3].instances[0].input, read[3].instances[0].output) == ("x", "y")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"instruction": "a", "input": "", "output": "b"}, "contains Alpaca rows .* add is_classification"),
        (
            {"messages": [{"role": "user", "content": "a"}]},
            r"contains chat rows \(messages\), not seed tasks",
        ),
        ({"conversations": []}, "contains chat rows"),
        ({"prompt": "a", "completion": "b"}, "contains prompt and completion rows"),
    ],
)
@pytest.mark.parametrize("as_array", [True, False])
def test_a_training_file_is_told_as_what_it_is_with_what_to_do(
    tmp_path: Path, row: dict[str, Any], said: str, as_array: bool
) -> None:
    lines = [json.dumps(row)] * 9
    path = write(tmp_path, f"[{','.join(lines)}]") if as_array else write(tmp_path, *lines)
    with pytest.raises(SettingsError, match=said) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "is_classification" in str(caught.value)


@pytest.mark.parametrize(
    "lines",
    [
        ["Write a poem.", "Name a fish.", "Sort these."],
        ["Write a poem."],
        json.dumps(json.loads(EIGHT[0]), indent=2).split("\n"),
        ["instruction,output", "Name a fish.,cod"],
    ],
    ids=["text", "one line of text", "JSON over several lines", "CSV"],
)
def test_a_file_without_any_json_object_on_a_line_is_told_once(tmp_path: Path, lines: list[str]) -> None:
    path = write(tmp_path, *lines)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value).startswith(
        f"{path} is not JSON Lines: in line 1, the JSON is invalid: expecting "
    )
    assert str(caught.value).count("expecting") == 1
    assert 'Write each seed task on a line of its own, as {"instruction": "...", ' in str(caught.value)


def test_fields_that_only_resemble_those_of_a_seed_task_are_ignored(tmp_path: Path) -> None:
    odd = json.loads(line(8, inputs="x", instructions="y", idx=3, names="z"))
    del odd["id"]
    assert len(load(write(tmp_path, *EIGHT, json.dumps(odd)))) == 9

"""The card of a data set says what is in it, who looked at it and what it cost; the licence is left open."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from selfinstruct.core.engine import Engine
from selfinstruct.core.export.card import card
from selfinstruct.core.export.card_facts import CardFacts, CardFile, RowFacts, read_card_facts, read_row_facts
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.db.reads.card import ModelUse
from selfinstruct.db.records import NewInstance
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.db.lived_in import live_in
from tests.db.test_workspace import REQUEST, begin_attempt
from tests.hostile import TEXTS

FACTS = CardFacts(
    title="Movie tasks",
    date="2026-12-01",
    languages=["en"],
    rows=RowFacts(
        rows={"model": 1800, "human": 20, "seed": 180},
        tasks={"model": 900, "human": 20, "seed": 175},
        labels={"generation": 1500, "classification": 500},
        of_decided_tasks=900,
        decided=100,
        edited=80,
        of_edited_tasks=40,
        reviewed=950,
        people={"Ana": 700, "": 250},
    ),
    files=[CardFile("train.jsonl", 1800, "ab12"), CardFile("test.jsonl", 200, "cd34", "test")],
    options={"format": "messages", "split": 0.9},
    models=[
        ModelUse("gpt-4o-mini-2024", 1200, 1_500_000, 400_000, 0.465, 0),
        ModelUse("m", 3, None, None, None, 3),
    ],
    cost_usd=0.465,
    of_unknown_cost=3,
    candidates={"pending": 40, "accepted": 920, "rejected": 230},
    filters={"rouge_l": "0.7", "keywords": "@rules"},
    refused={"too_similar": 120, "keyword": 7},
    dropped={"cut": 12},
)

EXPECTED = """\
---
pretty_name: "Movie tasks"
# license: TODO, see https://huggingface.co/docs/hub/repositories-licenses
language:
- en
task_categories:
- text-generation
size_categories:
- 1K<n<10K
tags:
- instruction-tuning
- self-instruct
- synthetic
---

# Movie tasks

2,000 rows of 1,095 tasks, exported on 2026-12-01 from a workspace that follows the Self-Instruct method \
([arXiv 2212.10560](https://arxiv.org/abs/2212.10560)).

## Licence

TODO: choose a licence and name it in the metadata above, as `license: <identifier>`.

## Rows

| origin of the task | rows | tasks |
| --- | --- | --- |
| written by a model | 1,800 | 900 |
| written by people | 20 | 20 |
| seeds | 180 | 175 |

| label | rows |
| --- | --- |
| classification | 500 |
| generation | 1,500 |

## Review

- Acceptance rate: 80.0% (920 of 1,150) of the candidates that were decided on; 40 are undecided.
- Reviewed: of 47.5% (950 of 2,000) of the rows, a person has decided on the task or on the row itself.
- Decided on the task: 45.0% (900 of 2,000) of the rows.
- Edited, added or restored the row: 5.0% (100 of 2,000) of the rows.
- Edit rate: a person has edited the input or output of 4.0% (80 of 2,000) of the rows, and the instruction \
of 2.0% (40 of 2,000).

| reviewed by | rows |
| --- | --- |
| Ana | 700 |
| (no name) | 250 |

## Models and cost

| model | requests | prompt tokens | completion tokens | cost |
| --- | --- | --- | --- | --- |
| gpt-4o-mini-2024 | 1,200 | 1,500,000 | 400,000 | 0.47 USD |
| m | 3 | unknown | unknown | unknown |

Cost of the workspace: 0.47 USD, which is 0.0003 USD for each row of a task that a model wrote. The cost of \
3 requests is unknown.

## Filters

In force at the export:

| setting | value |
| --- | --- |
| rouge\\_l | 0.7 |
| keywords | \\@rules |

Candidates that filters object to, by verdict:

| verdict | number |
| --- | --- |
| too\\_similar | 120 |
| keyword | 7 |

Instances that were dropped, by reason:

| reason | number |
| --- | --- |
| cut | 12 |

## Files

| file | split | rows | SHA-256 |
| --- | --- | --- | --- |
| train.jsonl | train | 1,800 | ab12 |
| test.jsonl | test | 200 | cd34 |

## Options of the export

```json
{
  "format": "messages",
  "split": 0.9
}
```
"""


def test_a_card_says_all_of_it() -> None:
    assert card(FACTS) == EXPECTED


def test_the_metadata_name_the_files_of_each_split_where_a_folder_is_loaded() -> None:
    assert (
        'configs:\n- config_name: default\n  data_files:\n  - split: "train"\n    path:\n    - "train.jsonl"'
        in (card(FACTS, data_files=True))
    )


def test_no_licence_is_chosen_for_anybody() -> None:
    metadata = card(FACTS).split("---")[1]
    assert not re.search(r"^license", metadata, re.MULTILINE)
    assert card(FACTS).count("TODO") == 2


@pytest.mark.parametrize(
    ("rows", "size"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (82_000, "10K<n<100K"), (2_000_000, "1M<n<10M")],
)
def test_the_size_is_one_that_the_hub_knows(rows: int, size: str) -> None:
    of_model = replace(FACTS.rows, rows={"model": rows})
    assert f"size_categories:\n- {size}\n" in card(replace(FACTS, rows=of_model))


def test_a_title_is_written_as_people_write_it_and_one_request_is_one() -> None:
    told = card(replace(FACTS, title="Películas 映画", of_unknown_cost=1))
    assert 'pretty_name: "Películas 映画"\n' in told
    assert "The cost of 1 request is unknown." in told


@pytest.mark.parametrize("code", ["other", "auto", "zh-Hans"])
def test_a_language_without_a_code_of_the_hub_is_left_out(code: str) -> None:
    assert "language:" not in card(replace(FACTS, languages=[code]))


def test_an_empty_export_of_an_empty_workspace_has_a_card_too() -> None:
    nothing = RowFacts({}, {}, {}, 0, 0, 0, 0, 0, {})
    told = card(CardFacts("t", "d", [], nothing, [], {}, [], None, 0, {}, {}, {}, {}))
    assert "0 rows of 0 tasks" in told
    assert "Acceptance rate: none (0 of 0)" in told
    assert "No model was asked." in told
    assert "synthetic" not in told
    assert "undecided" not in told


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (None, "unknown"),
        (0.0, "0.00 USD"),
        (0.00004, "less than 0.0001 USD"),
        (0.012, "0.0120 USD"),
        (1234.5, "1,234.50 USD"),
    ],
)
def test_costs_are_told_in_numbers_that_people_read(cost: float | None, told: str) -> None:
    rows = replace(FACTS.rows, rows={"model": 1})
    assert f"which is {told} for each row" in card(replace(FACTS, rows=rows, cost_usd=cost))


@pytest.mark.parametrize("text", [*TEXTS.values(), "---\n# x", '"quoted" \\ | back', "```\n```"])
def test_names_change_nothing_about_the_card(text: str) -> None:
    hostile = replace(
        FACTS,
        title=text,
        rows=replace(FACTS.rows, people={text: 3}),
        models=[ModelUse(text, 1, 1, 1, 0.1, 0)],
        files=[CardFile(text, 1, "ab", "train")],
        filters={"keywords": text},
        refused={text: 1},
        dropped={text: 1},
        options={"where": text, text: [text]},
    )
    assert outline(card(hostile, data_files=True)) == outline(card(FACTS, data_files=True))


def outline(told: str) -> list[str]:
    _, metadata, text = told.split("---\n", 2)
    names = [line.split(":")[0] for line in metadata.splitlines() if not line.startswith(" ")]
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    kinds = [
        token.type for token in tokens if token.type in {"heading_open", "table_open", "fence", "html_block"}
    ]
    return names + kinds


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("card") / "w.db"
    live_in(path)
    return path


@pytest.fixture
def grown(lived_in: Path) -> Iterator[Workspace]:
    with Workspace.open(lived_in, read_only=True) as workspace:
        yield workspace


def facts(workspace: Workspace, **more: Any) -> CardFacts:
    told: dict[str, Any] = {"title": "T", "date": "d", "languages": ["en"], "files": [], "options": {}}
    told["filters"] = FilterSettings()
    rows = workspace.instances.training_rows(include_seeds=True)
    return read_card_facts(workspace, rows, **(told | more))


def test_the_numbers_are_those_of_the_workspace(grown: Workspace) -> None:
    found, counts, training = facts(grown), grown.counts(), grown.training()
    assert found.rows.total - found.rows.rows["seed"] == training.rows + training.duplicates
    assert found.candidates == counts.candidates
    assert found.cost_usd == counts.cost_usd
    assert sum(one.cost_usd or 0 for one in found.models) == pytest.approx(counts.cost_usd)
    assert sum(one.prompt_tokens or 0 for one in found.models) == counts.prompt_tokens
    assert sum(found.refused.values()) == sum(counts.verdicts.values()) - counts.verdicts["pass"]
    assert sum(found.dropped.values()) == counts.instances["dropped"]
    assert (found.filters["rouge_l"], found.filters["punctuation"]) == ("0.7", "on")
    assert card(found)


def test_filters_that_are_off_are_not_in_force(grown: Workspace) -> None:
    assert "keywords" not in facts(grown, filters=FilterSettings(keywords=())).filters


@pytest.fixture
def engine(engine_on: OpenEngine) -> Engine:
    return engine_on()


def accepted(engine: Engine, instruction: str, *, by_person: bool = True) -> list[int]:
    """The instances of a new task."""
    workspace = engine.workspace
    task_id = workspace.tasks.add(instruction, origin="model", at="now", label="generation")
    engine.assess([task_id])
    if by_person:
        engine.decisions.accept(task_id)
    else:
        with engine.assessor.step():
            engine.decisions.settle(
                task_id, engine.assessor.assess_task(task_id, instruction), lambda _: None
            )
    made = [NewInstance("", "One."), NewInstance("", "Two.")]
    return workspace.instances.add(task_id, instruction, "generation", made, request_id=None)


def row_facts(engine: Engine) -> RowFacts:
    return read_row_facts(
        engine.workspace.instances.training_rows(include_seeds=False), engine.workspace.card
    )


def test_each_person_is_named_with_the_rows_that_they_decided_on(engine: Engine) -> None:
    decisions = engine.workspace.decisions
    decisions.person = "Ana"
    accepted(engine, "Name three rivers of Asia.")
    decisions.person = "Ben"
    first, second = accepted(engine, "Explain how rain forms.", by_person=False)
    engine.decisions.instances.edit(first, "", "Better.")
    decisions.person = None
    engine.decisions.instances.drop(second)
    engine.decisions.instances.restore(second)
    found = row_facts(engine)
    assert list(found.people.items()) == [("Ana", 2), ("", 1), ("Ben", 1)]
    assert found.labels == {"generation": 4}
    assert (found.rows, found.tasks) == ({"model": 4}, {"model": 2})
    assert (found.reviewed, found.of_decided_tasks, found.decided, found.edited) == (4, 2, 2, 1)


def test_what_is_undone_is_not_reviewed(engine: Engine) -> None:
    first, _ = accepted(engine, "Explain how rain forms.", by_person=False)
    engine.decisions.instances.edit(first, "", "Better.")
    engine.decisions.undo()
    found = row_facts(engine)
    assert (found.total, found.reviewed, found.edited, found.people) == (2, 0, 0, {})
    engine.decisions.redo()
    assert (row_facts(engine).reviewed, row_facts(engine).edited) == (1, 1)


def test_a_reworded_instruction_counts_for_all_rows_of_its_task(engine: Engine) -> None:
    first, _ = accepted(engine, "Explain how rain forms.")
    task_id = engine.workspace.instances.get(first).task_id
    engine.decisions.edit(task_id, "Describe how clouds turn into water drops.")
    engine.decisions.relabel(task_id, "generation")
    wording = engine.workspace.tasks.get(task_id).instruction
    made = [NewInstance("", "One."), NewInstance("", "Two.")]
    engine.workspace.instances.add(task_id, wording, "generation", made, request_id=None)
    found = row_facts(engine)
    assert (found.total, found.of_edited_tasks, found.edited) == (2, 2, 0)


def test_a_task_that_was_only_accepted_is_not_edited(engine: Engine) -> None:
    accepted(engine, "Explain how rain forms.")
    found = row_facts(engine)
    assert (found.of_decided_tasks, found.of_edited_tasks) == (2, 0)


def test_only_requests_that_were_answered_count_for_a_model(engine: Engine) -> None:
    workspace = engine.workspace
    workspace.start_run(at="now")
    for status, error in ((200, None), (500, "It is down."), (None, None)):
        request_id = workspace.requests.plan(REQUEST, run_id=workspace.run_id, at="now")
        attempt_id = begin_attempt(workspace, request_id)
        if error is not None:
            workspace.requests.store_failure(
                attempt_id, http_status=status, body=b"", error=error, free=True, at="n"
            )
        elif status is not None:
            workspace.requests.store_answer(attempt_id, http_status=status, body=b"{}", at="n")
    assert workspace.card.models() == [ModelUse("m", 1, None, None, None, 1)]

"""The built-in model: the same answer for the same seed, and answers that fit the prompt."""

import json
import random

import pytest

from selfinstruct.core.endpoint.responses import read_told
from selfinstruct.core.method.parsing import (
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.core.method.prompts import Example, PromptWriter
from selfinstruct.core.offline.transport import complete
from selfinstruct.db.records import ApiKind, Label
from tests.core.method.test_prompts import SHOWN
from tests.core.offline.asking import (
    GRAMMAR,
    PROPOSE,
    WRITERS,
    answers,
    ask,
    body_of,
    both_kinds,
    proposals,
    wordings,
)


@both_kinds
def test_the_same_seed_and_request_give_the_same_answer(api: ApiKind) -> None:
    body = body_of(PROPOSE[api])
    again = dict(reversed(list(json.loads(json.dumps(body)).items())))
    assert complete(body, 3) == complete(again, 3)


@both_kinds
def test_another_seed_or_request_gives_another_answer(api: ApiKind) -> None:
    other = WRITERS[api].propose(SHOWN[::-1], classification_only=False)
    texts = {
        ask(PROPOSE[api], 0).text,
        ask(PROPOSE[api], 1).text,
        ask(other, 0).text,
    }
    assert len(texts) == 3


@both_kinds
def test_tokens_are_counted_and_the_model_is_named(api: ApiKind) -> None:
    told = read_told(json.dumps(complete(body_of(PROPOSE[api]), 0)).encode())
    assert told.model == "offline"
    assert (told.prompt_tokens or 0) > 100
    assert (told.completion_tokens or 0) > 50


@both_kinds
def test_eight_instructions_are_proposed_or_seven_when_cut(api: ApiKind) -> None:
    for rng_seed in range(100):
        answer = ask(PROPOSE[api], rng_seed)
        found = parse_proposals(answer.text, cut=answer.cut, continues_item=api == "completions")
        assert len(found) == (7 if answer.cut else 8), answer.text


@both_kinds
@pytest.mark.parametrize("count", [1, 3, 8])
def test_numbering_goes_on_where_the_prompt_ends(api: ApiKind, count: int) -> None:
    rendered = WRITERS[api].propose(SHOWN[:count], classification_only=False)
    texts = [answer.text for answer in answers(rendered, 20)]
    assert sum(f"\n{count + 2}." in text for text in texts) >= 10
    if api == "completions":
        assert all(f"\n{count + 8}. " in text and f"{count + 1}. " not in text for text in texts)


@both_kinds
@pytest.mark.parametrize(
    "text",
    [
        "Count from 1 to 100 in words.",
        "Task: find a rhyme. Classification:",
        "Explain what Class label: and Input: mean.",
        "Name some classification tasks: one or two.",
    ],
)
def test_what_an_instruction_says_does_not_lead_it_astray(api: ApiKind, text: str) -> None:
    rendered = WRITERS[api].propose([*SHOWN[:7], (99, text)], classification_only=False)
    assert len(proposals(rendered)) in {7, 8}
    labels = {
        found[0].classification
        for rng_seed in range(5)
        for item in proposals(rendered, rng_seed)
        if (found := GRAMMAR.find(item))
    }
    assert labels == {True, False}
    instances = parse_input_first(ask(WRITERS[api].instantiate(text, output_first=False)).text)
    assert [instance.output for instance in instances] == [
        f"A made-up answer of the built-in grammar to: {text}"
    ]


@both_kinds
def test_only_classification_tasks_are_proposed_when_asked_for(api: ApiKind) -> None:
    rendered = WRITERS[api].propose(SHOWN, classification_only=True)
    families = [
        found[0]
        for rng_seed in range(10)
        for item in proposals(rendered, rng_seed)
        if (found := GRAMMAR.find(item))
    ]
    assert len(families) > 40
    assert all(family.classification for family in families)


@both_kinds
@pytest.mark.parametrize("classification", [True, False])
def test_most_labels_are_right_and_none_is_wrong(api: ApiKind, classification: bool) -> None:
    right: Label = "classification" if classification else "generation"
    instructions = wordings(classification=classification)
    labels = [parse_label(ask(WRITERS[api].classify(text)).text) for text in instructions]
    assert set(labels) <= {right, "unknown"}
    assert labels.count(right) > 0.8 * len(labels)


@both_kinds
def test_instances_are_of_the_task_that_was_asked_about(api: ApiKind) -> None:
    for text in wordings(classification=True):
        found = GRAMMAR.find(text)
        assert found is not None
        answer = ask(WRITERS[api].instantiate(text, output_first=True))
        instances = parse_output_first(answer.text)
        assert [instance.output for instance in instances] == list(found[0].labels)
        assert all(instance.input for instance in instances)
    for text in wordings(classification=False):
        answer = ask(WRITERS[api].instantiate(text, output_first=False))
        assert all(instance.input for instance in parse_input_first(answer.text)), answer.text
    for text in wordings(classification=False, takes_input=False):
        answer = ask(WRITERS[api].instantiate(text, output_first=False))
        assert [instance.input for instance in parse_input_first(answer.text)] == [""], answer.text


@both_kinds
def test_a_task_that_no_family_knows_gets_an_answer_all_the_same(api: ApiKind) -> None:
    text = "Contemplate the number seven in silence."
    assert parse_label(ask(WRITERS[api].classify(text)).text) == "generation"
    for output_first, parse in ((True, parse_output_first), (False, parse_input_first)):
        (instance,) = parse(ask(WRITERS[api].instantiate(text, output_first=output_first)).text)
        assert "made-up" in instance.output


@both_kinds
def test_multi_line_seed_instances_do_not_hide_the_task(api: ApiKind) -> None:
    seeds = [
        Example(
            number, f"Do {number}.", number % 2 == 0, (("Task: sing\nClass label: x", "Task: dance\n\n9."),)
        )
        for number in range(8)
    ]
    prompts = PromptWriter(api, seeds, random.Random(0))
    text = wordings(classification=False, takes_input=False)[0]
    (instance,) = parse_input_first(ask(prompts.instantiate(text, output_first=False)).text)
    assert "made-up" not in instance.output

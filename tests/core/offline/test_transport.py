"""The built-in model: the same answer for the same seed, in a model's formats and with a model's mistakes."""

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from selfinstruct.core.endpoint.responses import Answer, read_answer, read_told
from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.registry import objections
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.language.registry import language
from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import (
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.core.method.prompts import Example, PromptWriter, RenderedPrompt
from selfinstruct.core.offline.grammar import built_in
from selfinstruct.core.offline.transport import complete
from selfinstruct.core.similarity.rouge_index import RougeIndex
from selfinstruct.db.records import ApiKind, Label
from tests.core.method.test_prompts import SEEDS, SHOWN
from tests.similarity import rouge_l

GRAMMAR = built_in("en")
WRITERS: dict[ApiKind, PromptWriter] = {
    "chat": PromptWriter("chat", SEEDS, random.Random(0)),
    "completions": PromptWriter("completions", SEEDS, random.Random(0)),
}
PROPOSE = {api: writer.propose(SHOWN, classification_only=False) for api, writer in WRITERS.items()}

both_kinds = pytest.mark.parametrize("api", ["chat", "completions"])


def body_of(rendered: RenderedPrompt) -> dict[str, Any]:
    field = "prompt" if isinstance(rendered.prompt, str) else "messages"
    return {"model": "offline", field: rendered.prompt, **rendered.parameters}


def ask(rendered: RenderedPrompt, rng_seed: int = 0) -> Answer:
    document = complete(body_of(rendered), rng_seed)
    return read_answer(
        json.dumps(document).encode(), "completions" if "text" in document["choices"][0] else "chat"
    )


def proposals(rendered: RenderedPrompt, rng_seed: int = 0) -> list[str]:
    answer = ask(rendered, rng_seed)
    continues = isinstance(rendered.prompt, str)
    return parse_proposals(answer.text, cut=answer.cut, continues_item=continues)


def answers(rendered: RenderedPrompt, count: int) -> Iterator[Answer]:
    return (ask(rendered, rng_seed) for rng_seed in range(count))


def wordings(*, classification: bool, takes_input: bool = True) -> list[str]:
    """An instruction of each family of the grammar."""
    rng = random.Random(0)
    return [
        GRAMMAR.expand(family.instructions[0], rng, {})
        for family in GRAMMAR.families
        if family.classification == classification and (classification or takes_input == any(family.inputs))
    ]


# The grammar


def test_every_wording_of_the_grammar_is_recognised_as_its_own() -> None:
    rng = random.Random(0)
    for family in GRAMMAR.families:
        for template in family.instructions:
            found = GRAMMAR.find(GRAMMAR.expand(template, rng, {}))
            assert found is not None, template
            assert found[0].name == family.name, template


def test_the_slots_of_an_instruction_are_used_in_its_instances() -> None:
    slots: dict[str, str] = {}
    text = GRAMMAR.expand("Explain {idea} to {reader}, {manner}.", random.Random(0), slots)
    assert text == f"Explain {slots['idea']} to {slots['reader']}, {slots['manner']}."
    assert GRAMMAR.expand("{idea}", random.Random(1), slots) == slots["idea"]


def test_every_slot_of_the_grammar_can_be_filled() -> None:
    rng = random.Random(0)
    templates = [text for texts in [*GRAMMAR.phrases.values(), *GRAMMAR.flaws.values()] for text in texts]
    for family in GRAMMAR.families:
        templates += [*family.instructions, *family.inputs, *family.outputs]
        templates += [text for inputs in family.labels.values() for text in inputs]
        assert family.labels if family.classification else family.outputs, family.name
    for template in templates:
        filled = GRAMMAR.expand(template, rng, {})
        assert "{" not in filled, template


def test_a_text_of_no_family_is_none() -> None:
    assert GRAMMAR.find("Contemplate the number seven in silence.") is None
    assert GRAMMAR.find("") is None


# The same seed, the same answer


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


# It finds its way by the prompt


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


# It makes a model's mistakes


@pytest.fixture(scope="module")
def proposed() -> list[str]:
    """What some hundred answers propose."""
    return [item for api in PROPOSE for rng_seed in range(60) for item in proposals(PROPOSE[api], rng_seed)]


@pytest.mark.parametrize("code", ["keyword", "too_short", "opening", "punctuation"])
def test_some_proposals_are_for_each_filter_to_catch(proposed: list[str], code: str) -> None:
    objected = [
        item
        for item in proposed
        if code in {r.code for r in objections(Candidate(item, language("en")), FilterSettings())}
    ]
    assert 0 < len(objected) < 0.2 * len(proposed)


def test_some_proposals_are_near_duplicates_of_what_was_shown(proposed: list[str]) -> None:
    index = RougeIndex()
    for task_id, text in SHOWN:
        index.add(task_id, text)
    near = [item for item in proposed if index.above(item, FilterSettings().rouge_l)]
    assert 0 < len(near) < 0.2 * len(proposed)


def test_most_proposals_are_fit_for_the_pool(proposed: list[str]) -> None:
    passing = [item for item in proposed if not objections(Candidate(item, language("en")), FilterSettings())]
    assert len(passing) > 0.7 * len(proposed)
    alike = sum(rouge_l(one, other) >= 0.7 for one, other in pairwise(passing))
    assert alike < 0.05 * len(passing)


@pytest.mark.parametrize(
    "mark",
    [
        pytest.param("\n\n9.", id="preamble"),
        pytest.param("```", id="code fence"),
        pytest.param("**9.**", id="bold numbers"),
        pytest.param("**Task:**", id="field names"),
        pytest.param("\n- ", id="bullets"),
        pytest.param("**1.**", id="numbering that restarts"),
        pytest.param(".\n\n10. ", id="blank lines between"),
    ],
)
def test_some_chat_answers_are_decorated(mark: str) -> None:
    texts = [answer.text for answer in answers(PROPOSE["chat"], 200)]
    assert 0 < sum(mark in text for text in texts) < 100


def test_some_chat_answers_begin_with_chatter_and_some_end_with_it() -> None:
    texts = [answer.text for answer in answers(PROPOSE["chat"], 100)]
    flaws = GRAMMAR.flaws
    assert 0 < sum(text.startswith(flaws["preambles"]) for text in texts) < 50
    assert 0 < sum(text.endswith(flaws["closings"]) for text in texts) < 50


@both_kinds
def test_some_answers_are_cut(api: ApiKind) -> None:
    assert 0 < sum(answer.cut for answer in answers(PROPOSE[api], 100)) < 50


@both_kinds
def test_some_labels_are_unclear(api: ApiKind) -> None:
    rendered = WRITERS[api].classify(wordings(classification=True)[0])
    labels = [parse_label(answer.text) for answer in answers(rendered, 300)]
    assert 0 < labels.count("unknown") < 30
    assert labels.count("generation") == 0


@pytest.fixture(scope="module")
def dropped() -> set[str]:
    """The reasons for which instances of some hundred answers are dropped."""
    codes = set()
    for text in wordings(classification=False):
        rendered = WRITERS["chat"].instantiate(text, output_first=False)
        for answer in answers(rendered, 12):
            assessed = keep_or_drop(parse_input_first(answer.text), cut=answer.cut)
            codes |= {instance.reason.code for instance in assessed if instance.reason}
    return codes


@pytest.mark.parametrize("code", ["contradiction", "duplicate", "same_as_input", "ends_with_colon", "cut"])
def test_some_instances_are_for_each_rule_to_drop(dropped: set[str], code: str) -> None:
    assert code in dropped


def test_some_classification_instances_are_cut() -> None:
    rendered = WRITERS["chat"].instantiate(wordings(classification=True)[0], output_first=True)
    assert 0 < sum(answer.cut for answer in answers(rendered, 300)) < 60

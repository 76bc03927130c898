"""The built-in model asked for JSON: it answers in JSON, with a model's mistakes, read as it was meant."""

import json
import random
from typing import Any

import pytest

from selfinstruct.core.answer_schemas import RESPONSE_FORMAT
from selfinstruct.core.endpoint.responses import Answer, read_answer
from selfinstruct.core.language.registry import with_seeds
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import (
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.core.method.prompts import RenderedPrompt
from selfinstruct.core.offline.grammar import built_in
from selfinstruct.core.offline.transport import complete
from tests.core.method.test_json_prompts import examples, writer
from tests.core.method.test_prompts import SHOWN

in_every_language = pytest.mark.parametrize("code", with_seeds())


def ask(rendered: RenderedPrompt, code: str = "en", rng_seed: int = 0, *, plain: bool = False) -> Answer:
    """The answer to a prompt; `plain`: without the parameter that asks for JSON."""
    body: dict[str, Any] = {"model": "offline", "messages": rendered.prompt, **rendered.parameters}
    if plain:
        del body[RESPONSE_FORMAT]
    return read_answer(json.dumps(complete(body, rng_seed, code)).encode(), "chat")


def is_json(text: str) -> bool:
    try:
        json.loads(text.removeprefix("```json\n").removesuffix("\n```"))
    except ValueError:
        return False
    return True


@in_every_language
@pytest.mark.parametrize("classification_only", [False, True])
def test_what_it_proposes_is_read_as_it_was_meant(code: str, classification_only: bool) -> None:
    grammar = built_in(code)
    shown = [(one.id, one.instruction) for one in examples(code)[:8]]
    rendered = writer(code).propose(shown, classification_only=classification_only)
    found, expected = [], 0
    for rng_seed in range(30):
        answer = ask(rendered, code, rng_seed)
        assert is_json(answer.text) != answer.cut
        found += parse_proposals(answer.text, cut=answer.cut, continues_item=False, language=code)
        expected += 7 if answer.cut else 8
    assert len(found) == expected
    families = [family[0] for item in found if (family := grammar.find(clean_instruction(item)))]
    assert len(families) > 0.7 * len(found), "the others are the flaws"
    if classification_only:
        assert all(family.classification for family in families)


@in_every_language
def test_what_it_labels_is_read_as_it_was_meant(code: str) -> None:
    grammar, rng, labels = built_in(code), random.Random(1), []
    for family in grammar.families:
        text = clean_instruction(grammar.expand(family.instructions[0], rng, {}))
        answer = ask(writer(code).classify(text), code)
        assert is_json(answer.text)
        label = parse_label(answer.text, code)
        assert label in {"unknown", "classification" if family.classification else "generation"}, text
        labels.append(label)
    assert labels.count("unknown") <= 0.1 * len(labels)


@in_every_language
def test_its_instances_are_read_as_they_were_meant(code: str) -> None:
    grammar, rng, kept, answers = built_in(code), random.Random(1), 0, 0
    for family in grammar.families:
        text = clean_instruction(grammar.expand(family.instructions[0], rng, {}))
        answer = ask(writer(code).instantiate(text, output_first=family.classification), code)
        assert is_json(answer.text) != answer.cut
        parsed = (parse_output_first if family.classification else parse_input_first)(answer.text, code)
        made = keep_or_drop(parsed, cut=answer.cut)
        if family.classification:
            assert {one.output for one in made if one.state == "kept"} <= set(family.labels)
        kept += any(one.state == "kept" for one in made)
        answers += 1
    assert kept > 0.9 * answers


def test_it_answers_in_json_where_only_the_prompt_asks_for_it() -> None:
    answer = ask(writer().classify("Sing about rain."), plain=True)
    assert is_json(answer.text)


def test_it_answers_in_text_where_text_is_asked_for() -> None:
    rendered = writer().for_text().propose(SHOWN, classification_only=False)
    assert not any(is_json(ask(rendered, rng_seed=number).text) for number in range(20))

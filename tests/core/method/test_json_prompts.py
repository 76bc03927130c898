"""Prompts that ask for JSON: in every language, by the schema of their stage; templates of one's own."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.answer_schemas import FORMATS, RESPONSE_FORMAT
from selfinstruct.core.errors import SettingsError
from selfinstruct.core.language.registry import known, language
from selfinstruct.core.method.parsing import (
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.core.method.prompts import Example, PromptWriter, RenderedPrompt
from selfinstruct.core.method.seed_file import load
from selfinstruct.core.method.seeds import built_in
from selfinstruct.db.records import AnswerKind
from tests.core.method.test_prompts import SEEDS, SHOWN, own, text_of

in_every_language = pytest.mark.parametrize("code", known())


def examples(code: str) -> list[Example]:
    tasks = load(built_in("en" if code == "other" else code))
    return [
        Example(
            number,
            task.instruction,
            task.is_classification,
            tuple((one.input, one.output) for one in task.instances),
        )
        for number, task in enumerate(tasks, start=1)
    ]


def writer(code: str = "en", path: Path | None = None, answers: AnswerKind = "auto") -> PromptWriter:
    seeds = SEEDS if code == "en" else examples(code)
    return PromptWriter("chat", seeds, random.Random(0), path, code, answers=answers)


def all_of(prompts: PromptWriter) -> dict[str, RenderedPrompt]:
    return {
        "propose": prompts.propose(SHOWN, classification_only=False),
        "classify": prompts.classify("Sing about rain."),
        "input_first": prompts.instantiate("Sing about rain.", output_first=False),
        "output_first": prompts.instantiate("Sing about rain.", output_first=True),
    }


def shown_in(rendered: RenderedPrompt) -> list[str]:
    """The JSON values that a prompt shows, as they stand there."""
    text, decoder = text_of(rendered), json.JSONDecoder()
    begins = re.finditer(r'(?:^|: |：)(?=\{"(?:instructions|classification|instances)":)', text, re.MULTILINE)
    return [text[begin.end() : decoder.raw_decode(text, begin.end())[1]] for begin in begins]


@in_every_language
def test_each_prompt_asks_for_json_of_its_stage(code: str) -> None:
    for stage, rendered in all_of(writer(code)).items():
        assert rendered.parameters[RESPONSE_FORMAT] == FORMATS[stage]
        said = text_of(rendered)
        for value in shown_in(rendered):
            said = said.replace(value, "")
        # Some servers accept a request for JSON only if the messages speak of it.
        assert "JSON" in said, stage
        (name,) = FORMATS[stage]["json_schema"]["schema"]["properties"]
        assert shown_in(rendered), stage
        assert all(list(json.loads(value)) == [name] for value in shown_in(rendered))


@in_every_language
def test_what_a_prompt_shows_in_json_is_read_as_it_was_meant(code: str) -> None:
    prompts, by_id = all_of(writer(code)), {seed.id: seed for seed in examples(code)}
    (listed,) = shown_in(prompts["propose"])
    assert parse_proposals(listed, cut=False, continues_item=False, language=code) == [
        text for _, text in SHOWN
    ]
    labels = [parse_label(value, code) for value in shown_in(prompts["classify"])]
    assert labels == [
        "classification" if by_id[task_id].is_classification else "generation"
        for task_id in prompts["classify"].in_context
    ]
    for stage, parse in (("input_first", parse_input_first), ("output_first", parse_output_first)):
        values = shown_in(prompts[stage])
        for task_id, value in zip(prompts[stage].in_context, values, strict=True):
            pairs = [(one.input, one.output) for one in parse(value, code)]
            assert pairs == list(by_id[task_id].instances)


@in_every_language
def test_the_order_of_the_fields_is_that_of_the_stage(code: str) -> None:
    for stage, first in (("input_first", "input"), ("output_first", "output")):
        rendered = all_of(writer(code))[stage]
        items = FORMATS[stage]["json_schema"]["schema"]["properties"]["instances"]["items"]
        assert next(iter(items["properties"])) == first
        shown = [one for value in shown_in(rendered) for one in json.loads(value)["instances"]]
        assert {next(iter(one)) for one in shown} == {first}


def test_schemas_are_strict_down_to_their_last_object() -> None:
    def objects(schema: Any) -> list[dict[str, Any]]:
        below = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
        here = [schema] if schema["type"] == "object" else []
        return [*here, *(found for one in below for found in objects(one))]

    for asked in FORMATS.values():
        assert asked["json_schema"]["strict"] is True
        for one in objects(asked["json_schema"]["schema"]):
            assert one["additionalProperties"] is False
            assert one["required"] == list(one["properties"])


@in_every_language
def test_the_examples_are_those_of_the_text(code: str) -> None:
    prompts = writer(code)
    in_text = all_of(prompts.for_text())
    for stage, rendered in all_of(prompts).items():
        assert in_text[stage].in_context == rendered.in_context
        assert RESPONSE_FORMAT not in in_text[stage].parameters
        heading = f"{language(code).answers.task[0]}{language(code).colon}"
        assert f"{heading}Sing" in text_of(rendered) or stage == "propose"
    assert in_text == all_of(writer(code, answers="text"))


def test_base_models_are_never_asked_for_json() -> None:
    prompts = PromptWriter("completions", SEEDS, random.Random(0), answers="json")
    plain = PromptWriter("completions", SEEDS, random.Random(0))
    assert all_of(prompts) == all_of(plain)


def test_the_text_of_a_task_is_the_value_that_it_is() -> None:
    ugly = 'Quote "it", <b>O\'Neil & {{ 7*7 }}</b> \\ "}]} ünï'
    rendered = writer().propose([(1, ugly)] * 8, classification_only=False)
    (listed,) = shown_in(rendered)
    assert json.loads(listed) == {"instructions": [ugly] * 8}
    assert "<b>O'Neil & " in listed, "not escaped for HTML"


# Templates of one's own


def test_a_template_for_text_alone_keeps_its_stage_in_text_and_says_so(tmp_path: Path) -> None:
    path = own(tmp_path, "[classify.chat]\nuser = 'Is «{{ instruction }}» one?'")
    prompts = writer(path=path)
    asked = all_of(prompts)
    assert text_of(asked["classify"]) == "Is «Sing about rain.» one?"
    assert [RESPONSE_FORMAT in one.parameters for one in asked.values()] == [True, False, True, True]
    assert asked["classify"].parameters["max_tokens"] == 16
    assert prompts.warning == (
        f"The prompts in {path} have no [classify.chat_json], so they ask for text there."
    )


def test_several_of_them_are_named_together(tmp_path: Path) -> None:
    path = own(tmp_path, "[classify.chat]\nuser = 'x'\n[propose.chat]\nuser = 'y'")
    assert "have no [propose.chat_json] or [classify.chat_json], so" in writer(path=path).warning


def test_a_template_for_json_of_ones_own_is_used(tmp_path: Path) -> None:
    path = own(tmp_path, "[classify.chat_json]\nuser = 'JSON: {{ instruction | tojson }}'")
    prompts = writer(path=path)
    assert text_of(prompts.classify("Say «ä».")) == 'JSON: "Say «ä»."'
    assert RESPONSE_FORMAT in prompts.classify("Sing.").parameters
    assert prompts.warning == ""
    assert text_of(prompts.for_text().classify("Sing.")) == text_of(writer().for_text().classify("Sing."))


@pytest.mark.parametrize(("answers", "said"), [("text", ""), ("auto", "no [classify.chat_json]")])
def test_who_asks_for_text_is_not_warned(tmp_path: Path, answers: AnswerKind, said: str) -> None:
    path = own(tmp_path, "[classify.chat]\nuser = 'x'")
    warning = writer(path=path, answers=answers).warning
    assert said in warning
    assert bool(said) == bool(warning)


def test_who_insists_on_json_needs_templates_for_it(tmp_path: Path) -> None:
    path = own(tmp_path, "[classify.chat]\nuser = 'x'")
    with pytest.raises(SettingsError) as caught:
        writer(path=path, answers="json")
    assert "no [classify.chat_json]. Add what is missing, or set ⟪answers⟫ to auto or text." in str(
        caught.value.args[0]
    )


def test_a_wrong_name_in_a_template_for_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'propose.chat_json.usr' is not a known name. Did you"):
        writer(path=own(tmp_path, "[propose.chat_json]\nusr = 'x'"))

"""The built-in model: the same answer for the same seed, in a model's formats and with a model's mistakes."""

import json
import random
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import mean, median
from typing import Any

import pytest

from selfinstruct.core.endpoint.responses import Answer, read_answer, read_told
from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.language.registry import language
from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import (
    clean_instruction,
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.core.method.prompts import Example, PromptWriter, RenderedPrompt
from selfinstruct.core.offline.grammar import Family, Slots, built_in
from selfinstruct.core.offline.transport import complete
from selfinstruct.core.similarity.rouge_index import RougeIndex
from selfinstruct.db.records import ApiKind, Label
from tests.core.method.test_prompts import SEEDS, SHOWN
from tests.similarity import rouge_l

GRAMMAR = built_in("en")
UNFILLED = re.compile(r"\{[a-z][a-z_0-9]*\}")
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


@dataclass(frozen=True)
class Made:
    """A task that the grammar makes up, with one instance."""

    family: Family
    instruction: str
    slots: Slots
    """Those that are read in the instruction."""
    input: str
    output: str


@cache
def made_up() -> list[Made]:
    """Sixty tasks of each family."""
    rng, made = random.Random(0), []
    for family in GRAMMAR.families:
        for _ in range(60):
            text = clean_instruction(GRAMMAR.expand(rng.choice(family.instructions), rng, {}))
            found = GRAMMAR.find(text)
            assert found is not None, text
            slots = dict(found[1])
            label = rng.choice([*family.labels, ""])
            given = GRAMMAR.expand(rng.choice(family.labels.get(label, family.inputs)), rng, slots)
            output = label or GRAMMAR.expand(rng.choice(family.outputs or ("",)), rng, slots)
            made.append(Made(family, text, found[1], given, output))
    return made


def asking(pattern: str, *names: str) -> list[Made]:
    """The generation tasks, or those of some families, whose instruction has this in it."""
    found = [
        made
        for made in made_up()
        if (made.family.name in names if names else not made.family.classification)
        and re.search(pattern, made.instruction, re.IGNORECASE)
    ]
    assert found, pattern
    return found


def test_every_instruction_of_the_grammar_is_found_again_with_its_slots() -> None:
    rng = random.Random(0)
    for family in GRAMMAR.families:
        for template in family.instructions * 6:
            slots: dict[str, str] = {}
            text = clean_instruction(GRAMMAR.expand(template, rng, slots))
            found = GRAMMAR.find(text)
            assert found is not None, text
            assert found[0].name == family.name, text
            assert {name: slots[name].casefold() for name in found[1]} == {
                name: slot.casefold() for name, slot in found[1].items()
            }


def test_the_slots_of_an_instruction_are_used_in_its_instances() -> None:
    for made in asking("radiator", "email"):
        assert "radiator" in made.output
    german = {row[4] for row in GRAMMAR.tables["tr_de"].rows}
    assert all(made.output in german for made in asking("German", "translate"))


def test_every_slot_of_the_grammar_can_be_filled() -> None:
    rng = random.Random(0)
    templates = [text for texts in [*GRAMMAR.phrases.values(), *GRAMMAR.flaws.values()] for text in texts]
    for family in GRAMMAR.families:
        templates += [*family.instructions, *family.inputs, *family.outputs]
        templates += [text for inputs in family.labels.values() for text in inputs]
        assert family.labels if family.classification else family.outputs, family.name
    for template in templates:
        filled = GRAMMAR.expand(template, rng, {})
        assert not UNFILLED.search(filled), template


def test_no_phrase_and_no_row_comes_twice() -> None:
    for name, phrases in GRAMMAR.phrases.items():
        assert len(set(phrases)) == len(phrases), name
    for table in GRAMMAR.tables.values():
        assert len(set(table.rows)) == len(table.rows), table.columns


# Its tasks read as a person's


def test_an_instruction_has_one_aside_at_most() -> None:
    for family in GRAMMAR.families:
        for template in family.instructions:
            slots = re.findall(r"\{(\w+)\}", template)
            asides = [name for name in slots if re.search(r"_(wish|only|context)$|^brief", name)]
            assert len(asides) <= 1, template


def test_instructions_are_as_long_as_people_write_them() -> None:
    for made in made_up():
        assert 4 <= len(made.instruction.split()) <= 45, made.instruction
        assert len(re.findall(r"[.?!](?= [A-Z])", made.instruction)) <= 3, made.instruction


def test_articles_fit_the_words_after_them_and_no_word_is_doubled() -> None:
    slip = r"\ba (?=[aeio])(?!one\b)|\b[Aa]n (?![aeiouAEIOXSh8])|\b(\w+) \1\b|\?\.|\.\.|\s[,.]\s"
    for made in made_up():
        assert not re.search(slip, made.instruction), made.instruction


def test_no_instruction_that_is_meant_well_is_filtered() -> None:
    for made in made_up():
        assert check_candidate(Candidate(made.instruction, language("en")), FilterSettings()) == [], (
            made.instruction
        )


def test_the_families_do_not_run_dry() -> None:
    rng, different = random.Random(0), []
    for family in GRAMMAR.families:
        index = RougeIndex()
        for number in range(30):
            text = GRAMMAR.expand(rng.choice(family.instructions), rng, {})
            if not index.above(text, FilterSettings().rouge_l):
                index.add(number, text)
        different.append(len(index))
    assert min(different) >= 10
    assert sum(different) > 0.6 * 30 * len(different)


# Its answers keep what its tasks promise


def test_every_label_is_named_in_the_instruction() -> None:
    for made in made_up():
        for label in made.family.labels:
            assert re.search(rf"\b{re.escape(label)}\b", made.instruction, re.IGNORECASE), made.instruction


def test_an_input_comes_from_the_place_that_the_instruction_names() -> None:
    table = GRAMMAR.tables["review_of"]
    reviews = {(row[0], text) for row in table.rows for text in row[1:]}
    for made in made_up():
        if made.family.name == "sentiment" and made.output:
            assert (made.slots["review_of"], made.input) in reviews


def test_as_many_items_are_given_as_are_asked_for() -> None:
    numbers = {"two": 2, "three": 3, "four": 4, "five": 5}
    things = "steps|names|questions|gifts|presents|ideas|items|tips|changes|things|jobs|cases|checks|criteria"
    asked = rf"\b(two|three|four|five)(?: [a-z-]+)?,? (?:{things})\b"
    checked = set()
    for made in asking(asked):
        match = re.search(asked, made.instruction, re.IGNORECASE)
        items = re.findall(r"^(?:\d\.|-) ", made.output, re.MULTILINE)
        if match and items:
            checked.add(match[0].lower())
            assert len(items) == numbers[match[1].lower()], made
    assert len(checked) > 15


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("two or three sentences", 2, 3),
        ("three sentences at most", 1, 3),
        ("three to five sentences", 3, 5),
        ("no more than six sentences", 1, 6),
        ("(?<!fault )in one sentence|in a single sentence", 1, 1),
    ],
)
def test_answers_have_as_many_sentences_as_are_asked_for(asked: str, least: int, most: int) -> None:
    for made in asking(asked):
        ends = re.findall(r"[.?!](?=\"?(?:\s+\"?[A-Z]|\s*$))", made.output)
        assert least <= len(ends) <= most, made


@pytest.mark.parametrize(
    ("most", "asked"),
    [
        (100, "under 100 words"),
        (50, "at most fifty words|under 50 words"),
        (40, "at most forty words"),
        (10, "at most ten words"),
        (8, "eight words at most"),
        (7, "at most seven words"),
    ],
)
def test_answers_are_no_longer_than_asked_for(most: int, asked: str) -> None:
    for made in asking(asked):
        assert len(made.output.split()) <= most, made


def test_sums_are_right() -> None:
    for made in asking("", "word_problem"):
        for left, right in re.findall(r"([\d.]+(?: [-+×/] [\d.]+)+) = ([\d.]*\d)", made.output):
            assert eval(left.replace("×", "*")) == pytest.approx(float(right)), made


@pytest.mark.parametrize(
    ("asked", "compute"),
    [
        ("the sum", sum),
        ("the average", mean),
        ("the median", median),
        ("the largest", max),
        ("the smallest", min),
        ("the difference", lambda numbers: max(numbers) - min(numbers)),
    ],
)
def test_statistics_are_right(asked: str, compute: Callable[[list[int]], float]) -> None:
    for made in asking(asked, "statistics"):
        numbers = [int(number) for number in made.input.split(", ")]
        assert float(made.output) == pytest.approx(compute(numbers), abs=0.01), made


def test_lists_are_in_alphabetical_order() -> None:
    for made in asking("", "alphabetise"):
        assert re.findall(r"[^\W\d]+", made.output) == sorted(made.input.split(", ")), made


def test_data_is_in_the_format_asked_for() -> None:
    for made in asking("JSON", "extract_appointment", "convert_data", "alphabetise"):
        assert json.loads(made.output), made
    for made in asking("Markdown", "convert_data"):
        assert made.output.startswith("| "), made


def test_code_compiles_and_queries_run_on_the_table_named() -> None:
    for made in asking("", "python_function"):
        compile(made.output, "the output", "exec")
    for made in asking("", "fix_bug"):
        compile(made.output.rpartition("\n\n")[0], "the output", "exec")
    for made in asking("", "regex"):
        re.compile(made.output)
    for made in asking("", "sql_for_table"):
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute(f"CREATE TABLE {made.slots['query_table']}")
            connection.execute(made.output)


def test_an_answer_hardly_ever_gives_an_input_twice() -> None:
    repeated = []
    for made in made_up()[::20]:
        if any(made.family.inputs):
            answer = ask(WRITERS["chat"].instantiate(made.instruction, output_first=False))
            inputs = [instance.input for instance in parse_input_first(answer.text)]
            repeated.append(len(set(inputs)) < len(inputs))
    assert repeated
    assert sum(repeated) <= 0.15 * len(repeated)


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
        if code in {r.code for r in check_candidate(Candidate(item, language("en")), FilterSettings())}
    ]
    assert 0 < len(objected) < 0.2 * len(proposed)


def test_some_proposals_are_near_duplicates_of_what_was_shown(proposed: list[str]) -> None:
    index = RougeIndex()
    for task_id, text in SHOWN:
        index.add(task_id, text)
    near = [item for item in proposed if index.above(item, FilterSettings().rouge_l)]
    assert 0 < len(near) < 0.2 * len(proposed)


def test_most_proposals_are_fit_for_the_pool(proposed: list[str]) -> None:
    passing = [
        item for item in proposed if not check_candidate(Candidate(item, language("en")), FilterSettings())
    ]
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

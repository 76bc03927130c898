"""The grammar: its tasks read like a person's, and its answers keep what the tasks promise."""

import json
import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from statistics import mean, median

import pytest

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.language.registry import language
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.method.parsing import parse_input_first
from selfinstruct.core.offline.grammar import Family, Slots
from selfinstruct.core.similarity.rouge_index import RougeIndex
from tests.core.offline.asking import GRAMMAR, WRITERS, ask

UNFILLED = re.compile(r"\{[a-z][a-z_0-9]*\}")


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

"""What the filters object to, and what they let pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.filters import clean_instruction, keyword_spans, objections
from selfinstruct.core.languages import language
from selfinstruct.core.settings import FilterSettings

DEFAULT = FilterSettings()
EN = language("en")


def codes(instruction: str, filters: FilterSettings = DEFAULT) -> list[str]:
    return [reason.code for reason in objections(instruction, filters, EN)]


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        pytest.param("Name four red fish.", [], id="four words"),
        pytest.param("Name a fish.", ["too_short"], id="three words"),
        pytest.param("word " * 150, [], id="150 words"),
        pytest.param("word " * 151, ["too_long"], id="151 words"),
        pytest.param("Draw a fish with fins.", ["keyword"], id="keyword first"),
        pytest.param("Describe what the PICTURE shows.", ["keyword"], id="keyword in capitals"),
        pytest.param("Tell me where to go\n  to tonight.", ["keyword"], id="keyword of two words"),
        pytest.param("Describe this image.", ["too_short", "keyword"], id="two reasons"),
        pytest.param("Explain the word 'map' briefly.", ["keyword"], id="keyword in quotation marks"),
        pytest.param("Write a paragraph on geography.", [], id="graph within words"),
        pytest.param("Withdraw the imagery from this musical.", [], id="keywords within words"),
        pytest.param("Profile the mapping of plots_x.", [], id="keywords with endings"),
        pytest.param("Write a program that sorts names.", ["opening"], id="a program"),
        pytest.param(
            "write A programme for the gala evening.", ["opening"], id="a programme, which begins so"
        ),
        pytest.param("Explain how to write a program.", [], id="a program, but not at the start"),
        pytest.param("(Name four red fish.)", ["punctuation"], id="bracket"),
        pytest.param("$5 buys how many apples?", ["punctuation"], id="symbol"),
        pytest.param("“Rosebud” is from which work?", ["punctuation"], id="quotation mark"),
        pytest.param("Übersetze den Satz ins Polnische.", [], id="Latin with a diaeresis"),
        pytest.param("5 apples cost how much?", [], id="digit, then Latin"),
        pytest.param("Ｎame four red fish.", [], id="full-width Latin"),
        pytest.param("Назови четыре красные рыбы.", ["no_words", "not_latin"], id="Cyrillic"),
        pytest.param("1 + 1 = 2", ["not_latin"], id="no letter"),
        pytest.param("What does 猫 mean here?", [], id="Chinese within"),
        pytest.param("", ["no_words", "too_short", "not_latin"], id="empty"),
    ],
)
def test_an_instruction_is_objected_to_for_what_it_is(instruction: str, expected: list[str]) -> None:
    assert codes(instruction) == expected


@pytest.mark.parametrize(
    ("instruction", "sentence"),
    [
        ("Sing", "It has 1 word; at least 4 are wanted."),
        ("word " * 151, "It has 151 words; at most 150 are wanted."),
        (
            "Plot a Graph or plot a map.",
            'It asks for what a text model cannot serve: "plot", "graph", "map".',
        ),
        ("WRITE A PROGRAM to sort names.", 'It begins with "Write a program".'),
        ("¿Name four red fish?", "It begins with the punctuation mark ¿"),
        ("Ж is what letter?", 'Its first letter, "Ж", is not Latin.'),
        ("1 2 3 4", 'It has no letter: "1 2 3 4".'),
    ],
)
def test_a_reason_says_its_evidence(instruction: str, sentence: str) -> None:
    assert [reason.sentence for reason in objections(instruction, DEFAULT, EN)] == [sentence]


def test_each_filter_can_be_turned_off() -> None:
    lenient = FilterSettings(min_words=0, keywords=(), openings=(), punctuation=False, script=False)
    for instruction in ("A", "Draw", "Write a program", "(猫 1)"):
        assert codes(instruction, lenient) == []


@pytest.mark.parametrize("keyword", ["c++", "a.b", "(x", "go  to"])
def test_a_keyword_is_taken_letter_by_letter(keyword: str) -> None:
    filters = FilterSettings(keywords=(keyword,))
    assert codes(f"Please use {keyword} for this.", filters) == ["keyword"]
    assert codes("Please use cc axb go for this.", filters) == []


def test_keywords_are_marked_where_they_stand() -> None:
    text = "Draw a map, or two maps."
    assert [text[start:end] for start, end in keyword_spans(text, DEFAULT)] == ["Draw", "map", "maps"]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  name \n a\tfish ", "Name a fish"),
        ("übersetze den Satz", "Übersetze den Satz"),
        ("explain what NASA and iOS are", "Explain what NASA and iOS are"),
        ("ßharp s has no capital of one letter", "ßharp s has no capital of one letter"),
        ("5 apples", "5 apples"),
        ("", ""),
    ],
)
def test_cleaning_raises_the_first_letter_and_changes_no_other(text: str, cleaned: str) -> None:
    assert clean_instruction(text) == cleaned


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean_instruction(text)
    assert clean_instruction(once) == once
    assert once.split() == [once.split()[0], *text.split()[1:]] if text.split() else once == ""


@given(st.text(max_size=60))
def test_no_text_is_too_odd_to_be_judged(text: str) -> None:
    for reason in objections(text, DEFAULT, EN):
        assert reason.sentence

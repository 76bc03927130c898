"""The rules of `rules.toml`: what their elements stand for, and that every language's rules can be used."""

import json
import re
from time import process_time

import pytest

from selfinstruct.core.language.phrase_rules import phrase_rules, read_rules
from selfinstruct.core.language.registry import OTHER, known, read_toml, with_seeds
from selfinstruct.core.language.unicode_tokens import fold, for_ascii
from selfinstruct.core.method.seeds import built_in

WORDS = {
    "polite": ["please", "can you"],
    "between": ["of"],
    "after": ["that"],
    "draw": ["draw", "dibújame", "그려"],
    "cat": ["cat", "고양이", "猫"],
    "do": ["줘", "주세요"],
}


def found(rule: str, text: str, **table: list[str]) -> list[str]:
    rules = read_rules({"reach": 2, "words": WORDS, "x": {"rules": [rule], **table}}, "x")
    folded = fold(text)
    return [folded[start:end] for start, end in rules.spans(folded)]


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        pytest.param("<draw> <cat>", "Draw cat, cat draw", ["draw cat"], id="words in order"),
        pytest.param("<draw> <cat>", "Draw cats, withdraw cat", [], id="whole words"),
        pytest.param("<draw> <cat>", "Draw “cat”", ["draw “cat"], id="quotation marks between"),
        pytest.param("a|b_c d", "b  c d; a d", ["b  c d", "a d"], id="alternatives, one with a space"),
        pytest.param("<draw> * <cat>", "draw a cat; draw cat; draw a big cat", ["draw a cat"], id="one word"),
        pytest.param("<draw> ~ <cat>", "draw a big cat", ["draw a big cat"], id="as many as reach"),
        pytest.param("<draw> ~ <cat>", "draw a very big cat", [], id="one too many"),
        pytest.param("<draw> ~ <cat>", "draw, cat", [], id="not across punctuation"),
        pytest.param("<draw> ~ <cat>", "draw pictures of cat", [], id="not across another phrase"),
        pytest.param("<draw> .. <cat>", "draw, I beg, a cat", ["draw, i beg, a cat"], id="far"),
        pytest.param("<draw> .. <cat>", "draw this. A cat", [], id="not across sentences"),
        pytest.param("^ <draw>", "draw; I draw; please, draw", ["draw", "draw"], id="begins a clause"),
        pytest.param("<cat> $", "cat food, cat that, cat", ["cat", "cat"], id="heads its phrase"),
        pytest.param("<cat> !", "cat that, cat", ["cat"], id="ends its phrase"),
        pytest.param("<draw>", "DIBUJAME un gato", ["dibujame"], id="capitals and no accent"),
        pytest.param("<cat> ~ <draw> +<do>", "고양이 좀 그려줘", ["고양이 좀 그려줘"], id="Hangul"),
        pytest.param("<cat> ~ <draw> +<do>", "고양이를 그려 주세요", ["고양이를 그려 주세요"], id="spaced"),
        pytest.param("<cat> <do>", "고양이줘", [], id="a word that another one continues"),
        pytest.param("<cat> ~ 画", "猫を二匹画", [], id="characters count as words"),
        pytest.param("<cat> ~ 画", "この猫を匹画", ["猫を匹画"], id="anywhere in scripts without spaces"),
    ],
)
def test_an_element_stands_for_what_the_documentation_says(rule: str, text: str, expected: list[str]) -> None:
    assert found(rule, text) == expected


def test_a_harmless_phrase_hides_its_words_and_no_others() -> None:
    text = "draw a cat burglar and draw a cat"
    assert found("<draw> a <cat>", text, harmless=["draw a cat burglar"]) == ["draw a cat"]


def test_a_text_with_a_word_that_excuses_it_is_left_alone() -> None:
    assert found("<draw> a <cat>", "Draw a cat in Python", unless=["python"]) == []
    assert found("<draw> a <cat>", "Draw a cat for pythons", unless=["python"]) == ["draw a cat"]


@pytest.mark.parametrize("code", with_seeds())
@pytest.mark.parametrize(
    "piece",
    [", ", "please draw a ", "create very pictures of ", "을 그려 그림 메일", "の絵を描", "根据图片画"],
)
def test_a_long_text_without_end_takes_no_time(code: str, piece: str) -> None:
    text = fold(piece * 2000)
    began = process_time()
    phrase_rules(code, "keywords").spans(text)
    assert process_time() - began < 5, "it takes far less, and minutes where time grows with the square"


def test_an_opening_is_a_rule_at_the_beginning() -> None:
    rules = read_rules({"words": WORDS, "x": {"rules": ["^ <draw>"]}}, "x")
    assert rules.opening("please draw it") == (7, 11)
    assert rules.opening("cat, draw it") is None


@pytest.mark.parametrize("code", with_seeds())
def test_every_language_has_rules_and_uses_all_its_words(code: str) -> None:
    text = str({name: table for name, table in read_toml(code, "rules.toml").items() if name != "words"})
    words = read_toml(code, "rules.toml")["words"]
    assert {name for name in words if f"<{name}>" not in text} <= {"polite", "between", "after"}
    for name in ("keywords", "openings"):
        assert phrase_rules(code, name).paper


def test_a_language_without_rules_objects_to_nothing() -> None:
    assert OTHER in known()
    assert phrase_rules(OTHER, "keywords").spans("draw a cat") == []


@pytest.mark.parametrize("code", with_seeds())
def test_a_sign_of_another_script_changes_nothing_about_the_words_before_it(code: str) -> None:
    rules = phrase_rules(code, "keywords")
    for line in built_in(code).read_text().splitlines():
        instruction = fold(json.loads(line)["instruction"]).rstrip(".")
        assert rules.spans(f"{instruction}.") == rules.spans(f"{instruction}。")
    drawn = "draw a picture of a cat, show it on a map, send it by email, then make a video"
    for text in (drawn, drawn.replace(" ", "\x1f")):
        assert rules.spans(f"{text}.") == rules.spans(f"{text}。")
    assert bool(rules.spans(drawn)) == (code == "en")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"[^\W々가-힣]+", r"[^\W]+"),
        (r"[。、]|\[a。]", r"(?!)|\[a。]"),
        (r"[\]。]", r"[\]]"),
        ("draw|그려", "draw|그려"),
    ],
)
def test_a_pattern_for_ascii_has_no_other_letters_in_its_classes(source: str, expected: str) -> None:
    assert for_ascii(source) == expected
    for text in ("a", "draw", "[a]", "]"):
        full, plain = re.compile(source), re.compile(expected)
        assert [one.span() for one in full.finditer(text)] == [one.span() for one in plain.finditer(text)]

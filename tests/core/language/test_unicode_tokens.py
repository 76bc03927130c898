"""Tokens in every script: what is one, and where it stands in the text as it was written."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.language.tokens import Vocabulary, token_spans, tokens
from selfinstruct.core.language.unicode_tokens import fold, locate, words
from selfinstruct.core.similarity.rouge_index import RougeIndex, shared_spans

UGLY = st.sampled_from(
    [
        *(
            "é",
            "e\u0301",
            "\u0301",
            "ｶ",
            "ﾞ",
            "か",
            "\u3099",
            "ガ",
            "ー",
            "Ａ",
            "１",
            "ß",
            "ẞ",
            "İ",
            "ı",
            "ﬁ",
            "ŉ",
            "ΐ",
        ),
        *(
            "Σ",
            "ς",
            "ͅ",
            "น",
            "้",
            "ำ",
            "เ",
            "ກ",
            "ៅ",
            "្",
            "ខ",
            "မ",
            "်",
            "္",
            "한",
            "글",
            "ㅎ",
            "ㅏ",
            "\u1112",
            "\u1161",
        ),
        *(
            "\u11ab",
            "\u119e",
            "漢",
            "\U0002000b",
            "\U000e0100",
            "\ufe0f",
            "\u200d",
            "\u200b",
            "\u00ad",
            "👩",
            "1️⃣",
            "½",
            "㍍",
        ),
        *(
            "हि",
            "न्दी",
            "ع",
            "ﷺ",
            "x",
            "Y",
            "9",
            " ",
            "_",
            "\x01",
            "\x00",
            "\u2028",
            "\ud800",
            "。",
            "、",
            "ᅠ",
            "ﾠ",
            "\uffa1",
        ),
    ]
)
TEXT = st.text(max_size=30) | st.lists(UGLY, max_size=25).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Escribe una canción.", ["escribe", "una", "canción"], id="Spanish"),
        pytest.param("cancio\u0301n CANCIÓN", ["canción", "canción"], id="accents in either form"),
        pytest.param("Straße STRASSE ẞ", ["strasse", "strasse", "ss"], id="full case folding"),
        pytest.param("ΟΔΟΣ οδός Οδος", ["οδοσ", "οδόσ", "οδοσ"], id="Greek with its final sigma"),
        pytest.param("İ ı I", ["i̇", "ı", "i"], id="Turkish"),
        pytest.param("Ｆｕｌｌ ＷＩＤＴＨ １２", ["full", "width", "12"], id="full-width Latin"),
        pytest.param("ｶﾞｷﾞ ガギ", ["ガ", "ギ", "ガ", "ギ"], id="half-width Kana"),
        pytest.param("か\u3099", ["が"], id="a Kana and its mark"),
        pytest.param("コーヒー・タイム", list("コーヒータイム"), id="Katakana with a middle dot"),
        pytest.param("次の文を3行で要約。", list("次の文を3行で要約"), id="Japanese"),
        pytest.param("時々〆切は〇時", list("時々〆切は〇時"), id="signs among Han"),
        pytest.param("把Python代码改短", ["把", "python", "代", "码", "改", "短"], id="Chinese with Latin"),
        pytest.param("漢\U000e0100字", ["漢", "字"], id="a variant of a character"),
        pytest.param("\U0002000b\U0002f800", ["\U0002000b", "丽"], id="Han beyond the first plane"),
        pytest.param("그림을 그려라", list("그림을그려라"), id="Korean by syllables"),
        pytest.param(unicodedata.normalize("NFD", "한글은"), ["한", "글", "은"], id="Hangul in letters"),
        pytest.param("ᄒᆞᆫ글", ["ᄒᆞᆫ", "글"], id="an old syllable"),
        pytest.param("AI는 3개", ["ai", "는", "3", "개"], id="Latin with a particle"),
        pytest.param("น้ำตาล", ["น้ํ", "า", "ต", "า", "ล"], id="Thai with tone marks"),
        pytest.param("ພາສາ", ["ພ", "າ", "ສ", "າ"], id="Lao"),
        pytest.param("ខ្មែរ", ["ខ្មែ", "រ"], id="Khmer, one consonant below the other"),
        pytest.param("မြန်မာ", ["မြ", "န်", "မာ"], id="Burmese"),
        pytest.param("हिन्दी में", ["हिन्दी", "में"], id="Devanagari"),
        pytest.param("שָׁלוֹם", [unicodedata.normalize("NFKC", "שָׁלוֹם")], id="Hebrew with points"),
        pytest.param("می\u200cخواهم", ["میخواهم"], id="Persian with a joiner"),
        pytest.param("Donau\u00adfluss a\u200bb", ["donaufluss", "ab"], id="what is invisible"),
        pytest.param("x_y don't 3.5", ["x", "y", "don", "t", "3", "5"], id="what separates"),
        pytest.param("👩‍👩‍👧 🎉 1️⃣", ["1"], id="emoji"),
        pytest.param("… 、。！ — \u0301", [], id="no word at all"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_a_text_has_these_tokens(text: str, expected: list[str]) -> None:
    assert words(text) == expected
    assert token_spans(text, "other")[0] == expected


@given(TEXT)
def test_folding_and_cutting_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    once = words(text)
    assert words(" ".join(once)) == once
    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))


@given(st.lists(TEXT, max_size=6), TEXT)
def test_many_texts_at_once_have_the_tokens_of_each(texts: list[str], asked: str) -> None:
    vocabulary = Vocabulary(language="other")
    codes, lengths = vocabulary.encode(texts)
    known = vocabulary.words()
    parts = np.split(codes, np.cumsum(lengths))[: len(texts)]
    assert [[known[code - 1] for code in part] for part in parts] == [words(text) for text in texts]
    found, length = vocabulary.find(asked)
    assert [known[code - 1] for code in found] == [word for word in words(asked) if word in known]
    assert length == len(words(asked))


@given(TEXT)
def test_a_token_is_found_where_it_stands(text: str) -> None:
    found, spans = token_spans(text, "other")
    assert found == words(text)
    assert spans == sorted(spans)
    for token, (start, end) in zip(found, spans, strict=True):
        assert start < end
        assert token in "".join(words(text[start:end])) or len(fold(text[start:end])) > len(token)


@given(TEXT)
def test_every_part_of_a_folded_text_comes_from_somewhere(text: str) -> None:
    folded = fold(text)
    spans = locate(text, fold, [(place, place + 1) for place in range(len(folded))])
    assert spans == sorted(spans)
    assert all(folded[place] in fold(text[start:end]) for place, (start, end) in enumerate(spans))


@pytest.mark.parametrize("block", range(0, 0x110000, 0x4000))
def test_no_character_is_too_odd_to_be_found_in_its_text(block: int) -> None:
    text = "".join(f"a{chr(code)}" for code in range(block, block + 0x4000))
    folded = fold(text)
    for place, (start, end) in enumerate(locate(text, fold, [(n, n + 1) for n in range(len(folded))])):
        assert folded[place] in fold(text[start:end])


@pytest.mark.parametrize(
    ("text", "other", "marked"),
    [
        pytest.param("ｶﾞｿﾘﾝの値段", "ガソリン代", ["ｶﾞｿﾘﾝ"], id="half-width Kana"),
        pytest.param("㍍を使う", "メートルを使う", ["㍍を使う"], id="one character for four"),
        pytest.param("ﬁnde die Straße", "finde eine STRASSE", ["ﬁnde", "Straße"], id="ligature, sharp s"),
        pytest.param("cancio\u0301n y más", "canción", ["cancio\u0301n"], id="a mark of its own"),
        pytest.param(
            unicodedata.normalize("NFD", "그림을"),
            "그림이",
            [unicodedata.normalize("NFD", "그림")],
            id="Hangul",
        ),
        pytest.param("İstanbul'da", "İSTANBUL", ["İstanbul"], id="a letter that folds to two"),
        pytest.param("👩‍👩‍👧 把句子改短 👍", "把这个句子改长", ["把", "句子改"], id="emoji around"),
    ],
)
def test_what_two_texts_share_is_marked_as_it_was_written(text: str, other: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in shared_spans(text, other, "other")] == marked


def test_in_english_too_a_letter_that_lower_cases_to_two_moves_no_mark() -> None:
    text = "İ İ: name a fish"
    assert [text[start:end] for start, end in shared_spans(text, "Name a Fish", "en")] == ["name a fish"]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("다음 문장을 영어로 번역하고 이유를 적어 주세요", "다음 문장은 영어로 번역하고 이유도 적어 주세요"),
        ("친구에게 보낼 생일 축하 편지를 써라", "친구에게 보낼 생일 축하 편지가 필요하다"),
    ],
)
def test_other_particles_do_not_hide_a_near_duplicate(text: str, other: str) -> None:
    index = RougeIndex("ko")
    index.add(1, text)
    assert index.above(other, 0.7)


@given(TEXT)
def test_every_other_language_has_the_same_tokens(text: str) -> None:
    assert tokens(text, "ko") == tokens(text, "es") == words(text)

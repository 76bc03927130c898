"""What the filters object to, and what they let pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filters.keyword import keyword_spans
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.filtering.settings import FilterSettings, filter_defaults
from selfinstruct.core.language import word_count
from selfinstruct.core.language.registry import language
from selfinstruct.core.language.unicode_tokens import words
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.settings.sources import check

DEFAULT = FilterSettings()
EN = language("en")


def codes(instruction: str, filters: FilterSettings = DEFAULT) -> list[str]:
    return [reason.code for reason in check_candidate(Candidate(instruction, EN), filters)]


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        pytest.param("Name four red fish.", [], id="four words"),
        pytest.param("Name a fish.", ["too_short"], id="three words"),
        pytest.param("word " * 150, [], id="150 words"),
        pytest.param("word " * 151, ["too_long"], id="151 words"),
        pytest.param("Draw a fish with fins.", ["keyword"], id="keyword first"),
        pytest.param("Describe the PICTURE below.", ["keyword"], id="a picture in capitals"),
        pytest.param("Please look\n  at the map and name the rivers.", ["keyword"], id="over two lines"),
        pytest.param("Tell me where to go\n  to tonight.", [], id="going out"),
        pytest.param("Describe this image.", ["too_short", "keyword"], id="two reasons"),
        pytest.param("Explain the word 'map' briefly.", [], id="a word to explain"),
        pytest.param("Write a paragraph on geography.", [], id="graph within words"),
        pytest.param("Withdraw the imagery from this musical.", [], id="keywords within words"),
        pytest.param("Profile the mapping of plots_x.", [], id="keywords with endings"),
        pytest.param("Write a program that sorts names.", ["opening"], id="a program"),
        pytest.param("write A programme for the gala evening.", [], id="a programme, which begins so"),
        pytest.param("Write a program schedule for the gala evening.", [], id="a program of events"),
        pytest.param("Explain how to write a program.", [], id="a program, but not at the start"),
        pytest.param("(Name four red fish.)", ["punctuation"], id="bracket"),
        pytest.param("$5 buys how many apples?", ["punctuation"], id="symbol"),
        pytest.param("“Rosebud” is from which work?", [], id="quotation mark"),
        pytest.param("” is which mark, please?", ["punctuation"], id="closing quotation mark"),
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
        ("Sing", "It has 1 word; the minimum is 4."),
        ("word " * 151, "It has 151 words; the maximum is 150."),
        (
            "Plot a Graph or plot a map.",
            'It asks for something that a text model cannot handle: "plot a graph".',
        ),
        ("WRITE A PROGRAM to sort names.", 'It begins with "WRITE A PROGRAM".'),
        ("¿Name four red fish?", 'It begins with the punctuation mark "¿".'),
        ("Ж is what letter?", 'Its first letter, "Ж", is not Latin.'),
        ("1 2 3 4", 'It has no letters: "1 2 3 4".'),
    ],
)
def test_a_reason_says_its_evidence(instruction: str, sentence: str) -> None:
    assert [reason.sentence for reason in check_candidate(Candidate(instruction, EN), DEFAULT)] == [sentence]


@pytest.mark.parametrize(
    ("code", "instruction", "expected"),
    [
        pytest.param("ja", "次の文を短く要約してください。", [], id="Japanese"),
        pytest.param("ja", "Pythonで並べ替える方法を説明して。", [], id="Japanese that begins in Latin"),
        pytest.param("ja", "短く要約して。", ["too_short"], id="six characters and a mark"),
        pytest.param("ja", "海辺の町の地図を描いてください。", ["keyword"], id="Japanese keyword"),
        pytest.param("ja", "海辺の町の地図を言葉で教えてください。", [], id="a map in words"),
        pytest.param("ja", "请把下面的句子翻译成英语。", ["script"], id="Chinese in Japanese"),
        pytest.param("ja", "「吾輩は猫である」の作者を教えて。", [], id="a quotation"),
        pytest.param("ja", "」の使い方を例を挙げて教えて。", ["punctuation"], id="a closing bracket"),
        pytest.param("zh", "请把下面的句子翻译成英语。", [], id="Chinese"),
        pytest.param(
            "zh", "Please translate the sentences.", ["too_short", "script"], id="English in Chinese"
        ),
        pytest.param("zh", "写一个程序计算两个数的和。", ["opening"], id="Chinese opening"),
        pytest.param("ko", "다음 문장을 영어로 번역해 주세요.", [], id="Korean"),
        pytest.param(
            "ko", "이 그래프를 보고 뜻을 설명해 주세요.", ["keyword"], id="Korean keyword with a particle"
        ),
        pytest.param("ko", "문장을 줄여라.", ["too_short"], id="six syllables"),
        pytest.param(
            "ko", "Explain how a mortgage is paid back over time.", ["script"], id="English in Korean"
        ),
        pytest.param("es", "¿Qué significa la palabra «alba»?", [], id="a Spanish question"),
        pytest.param("es", "«Alba» es una palabra de qué origen?", [], id="a quotation mark"),
        pytest.param("ko", "『소나기』의 줄거리를 알려 주세요.", [], id="a title in Korean"),
        pytest.param("zh", "《茶馆》的作者是谁？请简单介绍。", [], id="a title in Chinese"),
        pytest.param("es", "Dibuja un gato con tres colas.", ["keyword"], id="Spanish keyword"),
        pytest.param("es", "Cuenta un chiste.", ["too_short"], id="three words"),
        pytest.param("es", "Ж es una letra de qué alfabeto?", ["script"], id="Cyrillic first in Spanish"),
        pytest.param("es", "123 456 ... 789 000", ["script"], id="only numbers"),
        pytest.param("other", "Напиши четыре слова по-русски.", [], id="Russian"),
        pytest.param("other", "เขียนจดหมายสั้น ๆ เพื่อขอบคุณเพื่อนบ้าน", [], id="Thai"),
        pytest.param("other", "(Name four red fish.)", ["punctuation"], id="a bracket in any language"),
        pytest.param("other", "👍 👍 … 👍", ["no_words", "too_short", "punctuation"], id="no word"),
    ],
)
def test_each_language_has_filters_of_its_own(code: str, instruction: str, expected: list[str]) -> None:
    filters = check({"language": code}, source="the test").filters
    assert [
        reason.code for reason in check_candidate(Candidate(instruction, language(code)), filters)
    ] == expected


@pytest.mark.parametrize(
    ("code", "instruction", "sentence"),
    [
        ("ja", "短く要約して。", "It has 6 characters; the minimum is 8."),
        ("ko", "문장을 줄여라.", "It has 6 syllables; the minimum is 7."),
        ("es", "Canta", "It has 1 word; the minimum is 4."),
        (
            "ja",
            "请把下面的句子翻译成英语。",
            'It has no Hiragana or Katakana letters: "请把下面的句子翻译成英语。".',
        ),
        ("zh", "Translate it all.", 'It has no Chinese letters: "Translate it all.".'),
        ("es", "Ж es una letra", 'Its first letter, "Ж", is not Latin.'),
        ("other", "……", 'It has no letters and no numbers, so it cannot be compared: "……".'),
        ("en", "你好", 'It has no letters from a to z and no digits, so it cannot be compared: "你好".'),
    ],
)
def test_a_reason_counts_and_names_what_the_language_has(code: str, instruction: str, sentence: str) -> None:
    filters = check({"language": code}, source="the test").filters
    assert sentence in [
        reason.sentence for reason in check_candidate(Candidate(instruction, language(code)), filters)
    ]


@pytest.mark.parametrize(
    ("keyword", "text", "marked"),
    [
        pytest.param("image", "このimageとimagesを説明して", ["image"], id="Latin in Japanese"),
        pytest.param("image", "image를 설명해", ["image"], id="Latin with a particle"),
        pytest.param("image", "ＩＭＡＧＥ und Ｉmages", ["ＩＭＡＧＥ"], id="full width"),
        pytest.param("música", "La mu\u0301sica y lo músical", ["mu\u0301sica"], id="a mark of its own"),
        pytest.param(
            "그림", "그림을 보고 밑그림과 그림자를 AI그림으로", ["그림", "그림", "그림"], id="Hangul"
        ),
        pytest.param("画像", "この画像処理の画像を", ["画像", "画像"], id="Han"),
        pytest.param("グラフ", "棒ｸﾞﾗﾌを", ["ｸﾞﾗﾌ"], id="half width"),
        pytest.param("go to", "Please go  to\nto bed", ["go  to"], id="spaces"),
    ],
)
def test_a_keyword_is_found_as_words_are_written_in_its_script(
    keyword: str, text: str, marked: list[str]
) -> None:
    spans = keyword_spans(text, (keyword,), EN)
    assert [text[start:end] for start, end in spans] == marked


def test_each_filter_can_be_turned_off() -> None:
    lenient = FilterSettings(min_words=0, keywords=(), openings=(), punctuation=False, script=False)
    for instruction in ("A", "Draw", "Write a program", "(猫 1)"):
        assert codes(instruction, lenient) == []
    assert codes("(猫)", lenient) == ["no_words"], "what cannot be compared never passes"


@pytest.mark.parametrize("keyword", ["c++", "a.b", "(x", "go  to"])
def test_a_keyword_is_taken_letter_by_letter(keyword: str) -> None:
    filters = FilterSettings(keywords=(keyword,))
    assert codes(f"Please use {keyword} for this.", filters) == ["keyword"]
    assert codes("Please use cc axb go for this.", filters) == []


def test_the_list_of_the_paper_refuses_every_mention() -> None:
    paper = FilterSettings(keywords="paper")
    assert codes("Tell the tale of a treasure map.", paper) == ["keyword"]
    assert codes("Tell the tale of a treasure map.") == []
    assert codes("What goes into a museum catalogue?", paper) == []


def test_a_list_may_hold_the_rules_and_words_of_ones_own() -> None:
    both = FilterSettings(keywords=["@rules", "treasure"])
    assert codes("Draw a cat on a chair.", both) == ["keyword"]
    assert codes("Tell the tale of a treasure map.", both) == ["keyword"]
    assert codes("Tell the tale of a road map.", both) == []


def test_the_name_of_a_list_in_brackets_is_a_word() -> None:
    word = FilterSettings(keywords=["paper"])
    assert codes("How is paper made from wood?", word) == ["keyword"]
    assert codes("Draw a cat on a chair.", word) == []


@pytest.mark.parametrize(
    ("code", "text", "marked"),
    [
        ("en", "Draw a map, then open the file.", ["Draw a map", "open the file"]),
        ("en", "Say what the PHOTO below shows.", ["PHOTO below"]),
        ("es", "¿Qué se ve en esta fotografía?", ["esta fotografía"]),
        ("es", "Por favor, dibu\u0301jame un barco.", ["dibu\u0301jame un"]),
        ("ja", "このｸﾞﾗﾌを説明してください。", ["このｸﾞﾗﾌ"]),
        ("ko", "바다 그림을 그려 주세요.", ["그림을 그려 주세요"]),
        ("zh", "请说明下面的图片。", ["下面的图片"]),
    ],
)
def test_what_a_task_asks_for_is_marked_where_it_stands(code: str, text: str, marked: list[str]) -> None:
    asked = language(code)
    spans = keyword_spans(text, filter_defaults(code).keywords, asked)
    assert [text[start:end] for start, end in spans] == marked


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
    for reason in check_candidate(Candidate(text, EN), DEFAULT):
        assert reason.sentence


def test_a_text_is_taken_apart_once_for_a_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    taken_apart: list[str] = []

    def take_apart(text: str) -> list[str]:
        taken_apart.append(text)
        return words(text)

    monkeypatch.setattr(word_count, "words", take_apart)
    text = "川について短い詩を書いてください。"
    assert check_candidate(Candidate(text, language("ja")), FilterSettings(keywords=(), openings=())) == []
    assert taken_apart == [text]

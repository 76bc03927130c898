"""Scores are rouge_score's rougeL, and the index finds what a comparison with every task would find."""

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.language.tokens import tokens
from selfinstruct.core.similarity.rouge_index import Neighbour, RougeIndex, shared_spans
from tests.similarity import rouge_l

ROUGE = rouge_scorer.RougeScorer(["rougeL"])

WORDS = st.sampled_from(
    ["name", "Name", "a", "fish", "of", "the", "SEA", "42", "sea-fish", "Größe", "猫", "K", "İ"]
)
TEXT = (
    st.lists(WORDS, max_size=12).map(" ".join)
    | st.text(string.ascii_letters + string.digits + string.punctuation + " \n\t", max_size=40)
    | st.text(max_size=40)
)
TEXTS = st.dictionaries(st.integers(min_value=-(2**60), max_value=2**60), TEXT, max_size=25)


FEW = (0, 512)
"""Texts up to which all are scored: with bounds on the scores, and without."""


def index_of(texts: dict[int, str], language: str = "en", *, few: int = 0) -> RougeIndex:
    index = RougeIndex(language, few=few)
    for task_id, text in texts.items():
        index.add(task_id, text)
    return index


def brute_force(texts: dict[int, str], text: str, k: int, language: str = "en") -> list[Neighbour]:
    everything = [Neighbour(task_id, rouge_l(text, other, language)) for task_id, other in texts.items()]
    return sorted(everything, key=lambda neighbour: (-neighbour.score, neighbour.id))[:k]


@pytest.mark.long
@given(TEXT, TEXT)
def test_a_score_is_that_of_rouge_score(first: str, second: str) -> None:
    expected = ROUGE.score(first, second)["rougeL"].fmeasure
    assert rouge_l(first, second) == pytest.approx(expected, abs=1e-8)
    (neighbour,) = index_of({1: first}).nearest(second)
    assert neighbour.score == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("first", "second", "score"),
    [
        pytest.param("Name a fish.", "NAME, a fish?", 1.0, id="case and punctuation do not count"),
        pytest.param("Name a fish.", "Name a red fish.", 6 / 7, id="one word more"),
        pytest.param("a b c", "c b a", 1 / 3, id="order counts"),
        pytest.param("Name a fish.", "Sing!", 0.0, id="nothing shared"),
        pytest.param("", "", 0.0, id="two empty texts"),
        pytest.param("魚の名前", "魚の名前", 0.0, id="no token, though the same"),
    ],
)
def test_scores_worked_out_by_hand(first: str, second: str, score: float) -> None:
    assert rouge_l(first, second) == pytest.approx(score)


@given(TEXTS, st.lists(TEXT, max_size=4), st.integers(min_value=0, max_value=30))
def test_the_nearest_are_those_of_a_comparison_with_every_task(
    texts: dict[int, str], asked: list[str], k: int
) -> None:
    expected = [brute_force(texts, text, k) for text in asked]
    for few in FEW:
        index = index_of(texts, few=few)
        assert [index.nearest(text, k) for text in asked] == expected


CHARACTERS = st.sampled_from(
    [*list("次の文を要約して訳せ그림을请把句子改长短ガｶﾞ ไทยน้ำ กับ"), "é", "é", "Straße", "STRASSE", "👍"]
)
IN_ANY_SCRIPT = st.lists(CHARACTERS, max_size=40).map("".join) | st.text(max_size=30)


@given(
    st.dictionaries(st.integers(0, 1000), IN_ANY_SCRIPT, max_size=25),
    IN_ANY_SCRIPT,
    st.integers(min_value=0, max_value=30),
    st.sampled_from(["ja", "ko", "other"]),
)
def test_the_nearest_in_any_script_are_those_of_a_comparison_with_every_task(
    texts: dict[int, str], asked: str, k: int, language: str
) -> None:
    everything = brute_force(texts, asked, len(texts), language)
    for few in FEW:
        index = index_of(texts, language, few=few)
        assert index.nearest(asked, k) == everything[:k]
        assert index.above(asked, 0.5) == [near for near in everything if near.score >= 0.5]


@pytest.mark.parametrize(
    ("first", "second", "score"),
    [
        pytest.param("魚の名前", "魚の名前", 1.0, id="the same"),
        pytest.param("魚の名前", "鳥の名前", 3 / 4, id="one character of four"),
        pytest.param("그림을 그려라", "그림이 그려라", 5 / 6, id="another particle"),
        pytest.param("ﾃｽﾄ ＡＢＣ", "テスト abc", 1.0, id="width and case do not count"),
        pytest.param("Ｓtrasse", "straße", 1.0, id="full case folding"),
        pytest.param("🎉", "🎉", 0.0, id="no token, though the same"),
    ],
)
def test_scores_in_any_script_worked_out_by_hand(first: str, second: str, score: float) -> None:
    for few in FEW:
        (neighbour,) = index_of({1: first}, "other", few=few).nearest(second)
        assert neighbour.score == pytest.approx(score)


WORDS_OF_A_POOL = st.sampled_from([3, 12, 2000])
"""Few words make ties and texts of the same words; many make words share what is kept about them."""


def made_up_text(rng: random.Random, words: int) -> str:
    length = rng.choice([0, 1, 5, 5, 6, 7, 12, 12, 80, 300]) if rng.random() < 0.9 else rng.randrange(400)
    return " ".join(f"w{int(rng.paretovariate(0.5)) % words}" for _ in range(length))


@pytest.mark.long
@given(st.integers(min_value=0), WORDS_OF_A_POOL, st.integers(1, 40))
@settings(deadline=None, max_examples=40)
def test_the_nearest_of_a_large_pool_are_those_of_a_comparison_with_every_task(
    rng_seed: int, words: int, k: int
) -> None:
    rng = random.Random(rng_seed)
    ids = rng.sample(range(10_000), 300)
    texts = {task_id: made_up_text(rng, words) for task_id in ids}
    index = RougeIndex(few=rng.choice(FEW))
    index.add_many(ids, list(texts.values()))
    for task_id in rng.sample(ids, 100):
        action = rng.random()
        if action < 0.4:
            texts[task_id] = made_up_text(rng, words)
            index.replace(task_id, texts[task_id])
        else:
            del texts[task_id]
            index.remove(task_id)
    extra = {task_id: made_up_text(rng, words) for task_id in rng.sample(range(10_000, 20_000), 50)}
    index.add_many(list(extra), list(extra.values()))
    texts |= extra
    for asked in [made_up_text(rng, words), rng.choice(list(texts.values()))]:
        everything = brute_force(texts, asked, len(texts))
        assert index.nearest(asked, k) == everything[:k]
        for threshold in (0.3, 0.7, 1.0):
            assert index.above(asked, threshold) == [near for near in everything if near.score >= threshold]


def test_texts_that_are_all_the_same_come_in_the_order_of_their_ids() -> None:
    ids = list(range(3000))
    random.Random(1).shuffle(ids)
    index = RougeIndex()
    index.add_many(ids, ["Name a fish of the sea."] * len(ids))
    assert index.nearest("name a fish of the sea") == [Neighbour(task_id, 1.0) for task_id in range(10)]
    assert [near.id for near in index.above("name a fish of the sea", 1.0)] == list(range(3000))


def test_among_many_orders_of_the_same_words_the_nearest_are_those_of_a_comparison_with_every_task() -> None:
    rng = random.Random(2)
    texts = {task_id: " ".join(rng.sample("abcdefghijkl", 12)) for task_id in rng.sample(range(9000), 3000)}
    index = RougeIndex()
    index.add_many(list(texts), list(texts.values()))
    for asked in ["a b c d e f g h i j k l", "l a x k b y j c"]:
        everything = brute_force(texts, asked, len(texts))
        assert index.nearest(asked) == everything[:10]
        assert index.nearest(asked, 500) == everything[:500]


def test_the_nearest_of_a_long_text_whose_words_are_in_every_task_are_found() -> None:
    rng = random.Random(3)
    texts = {task_id: " ".join(rng.choices("abcdefgh", k=rng.randint(30, 90))) for task_id in range(2000)}
    index = RougeIndex()
    index.add_many(list(texts), list(texts.values()))
    asked = " ".join(rng.choices("abcdefghxyz", k=300))
    everything = brute_force(texts, asked, len(texts))
    assert [index.nearest(asked, k) for k in (1, 10, 100)] == [everything[:k] for k in (1, 10, 100)]


def test_equally_near_tasks_come_in_the_order_of_their_ids() -> None:
    index = index_of({7: "name a fish", 3: "name a bird", 5: "name a tree", 1: "sing"})
    assert [neighbour.id for neighbour in index.nearest("name a stone", 2)] == [3, 5]
    assert [neighbour.id for neighbour in index.nearest("name a stone")] == [3, 5, 7, 1]


@pytest.mark.long
@given(TEXTS, st.data())
def test_an_index_that_changed_answers_like_a_new_one(texts: dict[int, str], data: st.DataObject) -> None:
    index = index_of(texts)
    for task_id in data.draw(st.lists(st.sampled_from(sorted(texts)), unique=True) if texts else st.just([])):
        index.remove(task_id)
        del texts[task_id]
    for task_id, text in data.draw(TEXTS).items():
        index.replace(task_id, text)
        texts[task_id] = text
    asked = data.draw(TEXT)
    assert len(index) == len(texts)
    assert all(task_id in index for task_id in texts)
    assert index.nearest(asked) == index_of(texts).nearest(asked)


def test_many_ids_are_added_all_or_none() -> None:
    index = index_of({1: "name a fish"})
    with pytest.raises(ValueError, match="task 1 is in the index already"):
        index.add_many([2, 1], ["sing", "sing"])
    with pytest.raises(ValueError, match="the same task comes twice"):
        index.add_many([2, 2], ["sing", "sing"])
    assert len(index) == 1
    assert 2 not in index


def test_an_id_is_added_once_and_removed_once() -> None:
    index = index_of({1: "name a fish"})
    with pytest.raises(ValueError, match="task 1 is in the index already"):
        index.add(1, "sing")
    index.remove(1)
    assert 1 not in index
    assert index.nearest("name a fish") == []
    with pytest.raises(KeyError):
        index.remove(1)


def ten_words(shared: int, size: int = 10) -> tuple[str, str]:
    first = [f"w{number}" for number in range(size)]
    return " ".join(first), " ".join(first[:shared] + [f"v{number}" for number in range(size - shared)])


def test_a_score_of_exactly_the_threshold_is_too_similar() -> None:
    threshold = FilterSettings().rouge_l
    first, second = ten_words(shared=7)
    assert index_of({1: first}).above(second, threshold) == [Neighbour(1, threshold)]
    first, second = ten_words(shared=6)
    assert index_of({1: first}).above(second, threshold) == []


@pytest.mark.parametrize("percent", range(1, 101))
def test_any_threshold_is_met_exactly(percent: int) -> None:
    first, second = ten_words(shared=percent, size=100)
    assert rouge_l(first, second) == percent / 100
    assert index_of({1: first}).nearest(second) == [Neighbour(1, percent / 100)]


@given(TEXTS, TEXT, st.floats(min_value=-0.5, max_value=1))
def test_above_finds_all_that_score_the_threshold_or_more(
    texts: dict[int, str], asked: str, threshold: float
) -> None:
    found = index_of(texts).above(asked, threshold)
    assert found == [near for near in brute_force(texts, asked, len(texts)) if near.score >= threshold]


def test_a_text_of_many_different_words_is_asked_about_like_any_other() -> None:
    words = [f"w{number}" for number in range(60_000)]  # past the surrogates, which no text can hold
    asked = " ".join(words)
    other = " ".join(words[55_000:57_000])
    index = index_of({1: other, 2: "w1 w0", 3: "sing"})
    assert index.nearest(asked) == brute_force({1: other, 2: "w1 w0", 3: "sing"}, asked, 3)


def test_many_more_words_than_a_byte_can_number_are_told_apart() -> None:
    words = [f"w{number}" for number in range(70_000)]  # past the surrogates, which no text can hold
    index = index_of({1: " ".join(words), 2: " ".join(words[0xD700:0xD900])})
    assert index.nearest(" ".join(words[0xD700:0xD900]), 1) == [Neighbour(2, 1.0)]
    assert index.nearest(words[-1], 1)[0].id == 1


@given(TEXT, TEXT)
def test_the_words_that_are_marked_make_up_the_score(text: str, other: str) -> None:
    spans = shared_spans(text, other, "en")
    assert spans == sorted(spans)
    runs = [tokens(text[start:end]) for start, end in spans]
    assert all(runs)
    shared = [word for run in runs for word in run]
    rest = iter(tokens(other))
    assert all(word in rest for word in shared), "in their order"
    size = len(tokens(text)) + len(tokens(other))
    assert rouge_l(text, other) == pytest.approx(2 * len(shared) / size if size else 0)


def test_the_shared_words_are_marked_where_they_stand() -> None:
    text = "Name a (red) Fish."
    marked = [text[start:end] for start, end in shared_spans(text, "name one fish a day", "en")]
    assert marked in (["Name", "Fish"], ["Name", "a"])


def test_words_that_follow_each_other_in_both_texts_are_marked_in_one_go() -> None:
    text = "Please name (one) fish now."
    assert [text[start:end] for start, end in shared_spans(text, "name one fish", "en")] == [
        "name (one) fish"
    ]

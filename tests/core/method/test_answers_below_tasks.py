"""What is written below a task is told apart: wrapped text and material belong to it, an answer does not."""

import pytest

from selfinstruct.core.method.parsing import parse_proposals
from tests.core.method.test_list_marks import TASKS

LETTER = "Write a short letter to the mayor of your town in which you ask politely"


def read(text: str, language: str = "en") -> list[str]:
    return parse_proposals(text, cut=False, continues_item=False, language=language)


@pytest.mark.parametrize("others", ["", "closed", "open"])
@pytest.mark.parametrize(
    ("code", "task", "answer"),
    [
        ("en", "Sort these words: pear, apple", "apple, pear"),
        ("en", "Sort these words: pear, apple, fig", "apple, fig, pear"),
        ("en", "Decide whether the review is positive", "positive"),
        ("en", "Compose a poem", "foo"),
        ("en", "Write about the sea", "waves crash"),
        ("en", "Add 3 and 4", "7"),
        ("en", "Is this polite?", "No"),
        ("en", "Is it a question?", "Set"),
        ("es", "Decide si la reseña es positiva", "positiva"),
        ("es", "¿Es positiva la reseña?", "No"),
        ("es", "¿Es positiva la reseña?", "Es positiva."),
        ("es", "¿Es positiva la reseña?", "No, es negativa."),
        ("es", "Ordena estas palabras: pera, higo", "higo, pera"),
        ("ja", "レビューが肯定的か判断してください", "肯定的"),
        ("ja", "レビューの雰囲気を判断してください。", "静か"),
        ("ja", "この単語を並べてください：梨、桃", "桃、梨"),
        ("ja", "詩を書いてください", "春が来た"),
        ("ko", "이 후기가 풍자인지 진심인지 판단하시오.", "풍자"),
        ("ko", "이 후기가 긍정적인지 판단하시오", "긍정"),
        ("ko", "시를 쓰시오", "봄이 왔다"),
        ("zh", "判断评论是正面还是负面", "正面"),
        ("zh", "判断这句话对不对。", "对"),
        ("zh", "能不能用这个词造句？", "可以。"),
        ("zh", "给这些词排序：梨、桃", "桃、梨"),
    ],
)
def test_an_answer_below_a_task_is_left_out(code: str, task: str, answer: str, others: str) -> None:
    rest = [one.rstrip(".。") if others == "open" else one for one in TASKS[code] if others]
    below = "\n".join(f"{n}. {one}" for n, one in enumerate(rest, 10))
    assert read(f"9. {task}\n{answer}\n{below}", code) == [task, *rest]
    above = "".join(f"{n}. {one}\n" for n, one in enumerate(rest, 8))
    assert read(f"{above}{8 + len(rest)}. {task}\n{answer}", code) == [*rest, task]


@pytest.mark.parametrize(
    ("code", "task", "below"),
    [
        ("en", LETTER, "for a new bench in the park."),
        (
            "en",
            LETTER,
            "for a new bench in the park near the river, and explain why it is needed by\nthe people there.",
        ),
        ("en", "Write a two-line poem about", "autumn leaves."),
        ("en", "Explain what a noun is", "and give two examples."),
        ("en", "Is it wet?", "Explain."),
        ("en", "Within three short sentences", "explain what a noun is."),
        ("es", "Escribe un poema sobre la", "lluvia."),
        ("es", "¿Es esto correcto?", "Explica por qué."),
        ("ja", "雨についての短い詩を", "書いてください。"),
        ("ja", "次の文は正しいですか。", "理由も書いてください。"),
        ("ko", "비에 대한 짧은 시를", "쓰시오."),
        ("ko", "다음 문장을 읽고", "감정을 판단하시오."),
        ("ko", "이 문장이 맞습니까?", "이유를 설명하시오."),
        ("zh", "用一句话概括一篇关于城市交通发展历史的长篇文章的主要内容和作者", "观点。"),
        ("zh", "写一首诗。", "请使用押韵的句子。"),
    ],
)
def test_wrapped_text_is_part_of_its_task(code: str, task: str, below: str) -> None:
    last = TASKS[code][0]
    assert read(f"9. {task}\n{below}\n10. {last}", code) == [" ".join(f"{task} {below}".split()), last]


@pytest.mark.parametrize(
    ("code", "task", "below"),
    [
        ("en", "Describe the old", "harbour at night."),
        ("en", "Describe the old", "harbour at night"),
        ("en", "Complete: The cat sat on the", "mat"),
        ("en", "Complete the sentence: The cat sat on", "the mat."),
        ("en", "Name three fish", "- cod\n- eel"),
        ("en", LETTER, "positive"),
        ("zh", "判断对错：地球是平的", "错"),
        ("ko", "이것은 풍자인가, 진심인가?", "풍자자."),
    ],
)
def test_a_task_is_dropped_where_the_line_below_may_be_part_of_it(code: str, task: str, below: str) -> None:
    last = TASKS[code][0]
    assert read(f"9. {task}\n{below}\n10. {last}", code) == [last]


@pytest.mark.parametrize(
    ("code", "task", "below"),
    [
        ("en", "Given the ingredients, suggest a dish.", "Ingredients: egg, flour"),
        ("en", "Given the ingredients, suggest a dish.", "Ingredients:\n- egg\n- flour"),
        ("en", "Name the language of the word.", "Word: chien"),
        ("es", "Dados los ingredientes, propón un plato.", "Ingredientes: huevo, harina"),
        ("ja", "材料から料理を提案してください。", "材料：卵、小麦粉"),
        ("ko", "주어진 재료로 요리를 제안하세요.", "재료: 달걀, 밀가루"),
        ("zh", "根据食材推荐一道菜。", "食材：鸡蛋、面粉"),
    ],
)
def test_what_a_task_says_is_given_to_it_is_part_of_it(code: str, task: str, below: str) -> None:
    last = TASKS[code][0]
    joined = " ".join(f"{task} {below}".split())
    assert read(f"9. {task}\n{below}\n10. {last}", code) == [joined, last]


@pytest.mark.parametrize("below", ["Sentiment: positive", "Mood: glad"])
def test_a_name_that_is_asked_for_is_that_of_an_answer(below: str) -> None:
    task = "Classify the sentiment of the review."
    assert read(f"9. {task}\n{below}\n10. Sing.") == [task, "Sing."]


def test_what_stands_below_the_given_material_is_none_of_it() -> None:
    text = "9. Given the ingredients, suggest a dish.\nIngredients: egg, flour\nDish: pancake\n10. Sing."
    assert read(text) == ["Given the ingredients, suggest a dish. Ingredients: egg, flour", "Sing."]

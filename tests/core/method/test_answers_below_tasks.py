"""What is written below a task is told apart: wrapped text and material belong to it, an answer does not."""

from textwrap import wrap

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


WRAPPED = [
    "Write a persuasive essay arguing that public transportation should be free for everyone in large cities",
    "Suggest a weekly meal plan for a family of four with a limited weekly budget",
    "Explain how photosynthesis works to a child who likes drawing and asks many questions",
    "Find the bug in the following Python function and explain why it produces the wrong result",
    "Name three fruits that grow in cold climates and say in which month each of them is usually ripe",
]


@pytest.mark.parametrize("mark", ["", "."])
@pytest.mark.parametrize("indent", ["", "   "])
@pytest.mark.parametrize(
    "lead", ["", "Sure! Here are some new tasks, all of them quite unlike the ones that you gave:\n\n"]
)
def test_a_wrapped_list_gives_whole_tasks_at_every_width(lead: str, indent: str, mark: str) -> None:
    tasks = [f"{task}{mark}" for task in WRAPPED]
    for width in range(72, 92):
        items = [
            "\n".join(wrap(f"{number}. {task}", width, subsequent_indent=indent))
            for number, task in enumerate(tasks, start=1)
        ]
        found = read(lead + "\n".join(items), "en")
        # A single word at the margin may as well be an answer.
        ends = {task: item.split("\n")[-1].strip() for task, item in zip(tasks, items, strict=True)}
        alone = {task for task, end in ends.items() if " " not in end}
        assert set(found) <= set(tasks), width
        assert set(tasks) - set(found) <= (alone if not indent else set()), width


@pytest.mark.parametrize(
    ("code", "items"),
    [
        ("en", "1. Write a poem about love\n   - Use rhymes\n   - Keep it short\n2. Summarize the article"),
        (
            "en",
            "1. **Write a poem about love**\n   - Use rhymes\n2. **Summarize the article**\nThis is easy.",
        ),
        ("es", "1. Escribe un poema\n - Usa rimas\n - Breve\n2. Resume el texto"),
        ("ja", "1. 詩を書いてください\n - 短く\n - 韻\n2. 文章を要約してください"),
        ("ko", "1. 시를 쓰세요\n - 짧게\n - 운율\n2. 글을 요약하세요"),
        ("zh", "1. 写一首诗\n - 使用押韵\n - 短\n2. 总结这篇文章"),
    ],
)
def test_a_request_stays_whatever_is_said_below_it(code: str, items: str) -> None:
    lines = [line for line in items.split("\n") if line[0].isdigit()]
    assert read(items, code) == [line.partition(". ")[2].strip("*") for line in lines]


def test_a_wide_line_is_no_title_of_the_one_below_it() -> None:
    first = "公共交通機関を無料にすべきだという意見について、賛成と反対の両方の立場から"
    answer = f"1. {first}\n   エッセイを書いてください\n2. 詩を書いてください"
    assert read(answer, "ja")[-1] == "詩を書いてください"
    assert "エッセイを書いてください" not in read(answer, "ja")


def test_part_of_a_task_is_never_kept_for_all_of_it() -> None:
    assert read("1. Name three\n   fruits\n2. Find the bug.", "en") == ["Find the bug."]

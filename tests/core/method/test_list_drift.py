"""A base model that goes on with comments, code or a blog instead of its list proposes nothing there."""

import pytest

from selfinstruct.core.method.parsing import parse_proposals


def read(text: str, language: str = "en") -> list[str]:
    return parse_proposals(text, cut=False, continues_item=True, language=language)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "\n\n# Write a function to load tasks\ndef load(): pass"),
        ("en", "\n\nComments (3)\n\nJohn says: Great list!"),
        ("en", "\n\nI think this is a nice post. Thanks for sharing the list of tasks."),
        ("en", "\n\nLet me know which tasks you like!"),
        ("en", "\n\nShare this post\n\nComments"),
        ("en", "\n1 comment so far"),
        ("es", "\n\nComentarios (3)\n\nJuan dice: ¡Gran lista!"),
        ("ja", "\n\n思い出の投稿です。\n\nコメント"),
        ("ko", "\n\n댓글 3개\n\n좋은 글이네요"),
        ("zh", "\n\n评论（3）\n\n张三：很好"),
    ],
)
def test_a_model_that_drifts_at_once_proposes_nothing(code: str, text: str) -> None:
    assert read(text, code) == []


@pytest.mark.parametrize(
    ("code", "first", "second", "drift"),
    [
        ("en", "Name a fish.", "Is it wet?", "# 11. This script loads the tasks\nimport json\n"),
        ("en", "Name a fish.", "Is it wet?", "The above tasks were written by volunteers.\n11. Anonymous"),
        ("en", "Name a fish", "Is it wet", "This list is from 2014.\n\n11. Bob"),
        ("en", "Name a fish.", "Is it wet?", "## References\n\n11. Smith, J."),
        ("es", "Nombra un pez.", "Canta.", "Las tareas son de voluntarios.\n11. Anónimo"),
        ("ja", "魚の名前を挙げてください。", "歌ってください。", "この課題は有志が書きました。\n11. 匿名"),
        ("ko", "물고기 이름을 대시오.", "노래하시오.", "이 과제는 자원봉사자가 썼다.\n11. 익명"),
        ("zh", "写出一种鱼。", "请唱歌。", "以上任务由志愿者撰写。\n11. 匿名"),
    ],
)
def test_numbers_in_what_a_model_drifts_to_are_no_tasks(
    code: str, first: str, second: str, drift: str
) -> None:
    assert read(f" {first}\n10. {second}\n\n{drift}", code) == [first, second]


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("\n Name a fish.\n\n10. Sing.", ["Name a fish.", "Sing."]),
        ("\n\nName a fish.\n\n10. Sing.", ["Name a fish.", "Sing."]),
        ("\nName a fish.", ["Name a fish."]),
        ("\n**Sea**\nName a fish.\n10. Sing.", ["Name a fish.", "Sing."]),
        ("\n\nThis is my list.\n\n10. Sing.\n11. Name a bird.", ["Sing.", "Name a bird."]),
        (" Name a fish.\n\nCod.\n\n10. Sing.", ["Name a fish.", "Sing."]),
    ],
)
def test_a_list_that_begins_below_its_number_goes_on_being_read(text: str, tasks: list[str]) -> None:
    assert read(text) == tasks

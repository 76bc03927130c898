"""The filter line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.filtering.registry import VERDICTS
from selfinstruct.core.task_query import QueryError, parse_filter
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.db.records import TaskQuery
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.text.safe_text import verdict_word


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        pytest.param("", TaskQuery(), id="nothing"),
        pytest.param("haiku  river", TaskQuery(words=("haiku", "river")), id="words"),
        pytest.param('"old town"', TaskQuery(words=("old town",)), id="quoted"),
        pytest.param("label:clf", TaskQuery(label="classification"), id="short label"),
        pytest.param(
            "verdict:too_similar score>0.6 origin:model",
            TaskQuery(verdict="too_similar", more_than=0.6, origin="model"),
            id="fields",
        ),
        pytest.param("score<.3 state:rejected", TaskQuery(less_than=0.3, state="rejected"), id="less"),
        pytest.param(
            "state:undecided verdict:similar batch:3",
            TaskQuery(state="pending", verdict="too_similar", batch=3),
            id="words of the screen",
        ),
        pytest.param('verdict:"no words"', TaskQuery(verdict="no_words"), id="quoted value"),
        pytest.param("verdict:not-latin", TaskQuery(verdict="not_latin"), id="hyphen"),
        pytest.param("score > 0.6 rain", TaskQuery(more_than=0.6, words=("rain",)), id="blanks"),
        pytest.param('"score>abc"', TaskQuery(words=("score>abc",)), id="quoted comparison"),
        pytest.param("id:12 Note:", TaskQuery(id=12, words=("Note:",)), id="a colon at the end"),
        pytest.param("ab\x00c", TaskQuery(words=("ab\ufffdc",)), id="what no search understands"),
        pytest.param(
            "suggested:reject", TaskQuery(suggested="reject", state="pending"), id="open suggestions"
        ),
        pytest.param("suggested:no", TaskQuery(suggested="no"), id="nothing suggested"),
        pytest.param(
            "suggested:yes state:accepted",
            TaskQuery(suggested="yes", state="accepted"),
            id="suggestions that are history",
        ),
        pytest.param('by:"Anna B"', TaskQuery(by="Anna B"), id="a name of two words"),
        pytest.param("https://x", TaskQuery(words=("https://x",)), id="a colon in a word"),
    ],
)
def test_a_line_says_what_is_looked_for(line: str, wanted: TaskQuery) -> None:
    assert parse_filter(line) == wanted


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_can_be_looked_for_by_its_code_and_as_the_screens_write_it(verdict: str) -> None:
    assert parse_filter(f"verdict:{verdict}") == TaskQuery(verdict=verdict)
    assert parse_filter(f'verdict:"{verdict_word(verdict)}"') == TaskQuery(verdict=verdict)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("state:acepted", "did you mean state:accepted"),
        ("state:banana", r"rejected\.$"),
        (
            "colour:red",
            "colour is not a field. The fields are origin, state, label, verdict, suggested, by, batch, id,"
            " score.",
        ),
        ("lable:clf", "lable is not a field. Did you mean label"),
        ("batch:three", "needs a number"),
        ("score>abc", "as in score>0.6"),
        ("score>=", "as in score>0.6"),
        ("score =0.5", "as in score>0.6"),
        ("score>", "as in score>0.6"),
        ("scor>1", "scor is not a number field. Did you mean score"),
        ('haiku "old town', "A quote is not closed"),
        ("verdict:sim", "did you mean verdict:similar"),
        ("suggested:rejct", "did you mean suggested:reject"),
        ("suggested:", "is one of yes, no, accept, reject, edit"),
        ("sugested:yes", "Did you mean suggested"),
        ("by:", "needs a name, as in by:anna"),
        ("state:", "is one of undecided, accepted, rejected"),
        ("label:unsure", "classification, generation, unclear"),
        ("id:99999999999999999999", "needs a number"),
    ],
)
def test_what_cannot_be_is_said_with_the_nearest_that_can(line: str, sentence: str) -> None:
    with pytest.raises(QueryError, match=sentence):
        parse_filter(line)


@given(st.text(max_size=40).map(storable_text).filter(lambda line: not set(line) & set(':<>="')))
def test_whatever_is_typed_without_a_field_is_words(line: str) -> None:
    wanted = parse_filter(line)
    assert (wanted.origin, wanted.state, wanted.label, wanted.verdict) == (None, None, None, None)
    assert all(word and word in line for word in wanted.words)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        pytest.param("RAIN", ["Describe rain on stone."], id="any case"),
        pytest.param("雨の", ["雨の匂いを説明して。"], id="two letters of any script"),
        pytest.param("雨の匂い", ["雨の匂いを説明して。"], id="Japanese"),
        pytest.param('"rain on"', ["Describe rain on stone."], id="phrase"),
        pytest.param('umlaut "Ü"', ["Say Übung with an umlaut."], id="short word"),
        pytest.param('50%" OR', ['Is "50%" half?'], id="what FTS would take for syntax"),
        pytest.param("origin:human", 4, id="field"),
        pytest.param("zzz", [], id="nothing"),
    ],
)
def test_search_finds_in_any_language(workspace: Workspace, line: str, found: list[str] | int) -> None:
    texts = ["Describe rain on stone.", "雨の匂いを説明して。", "Say Übung with an umlaut.", 'Is "50%" half?']
    for text in texts:
        workspace.tasks.add(text, origin="human", at="now")
    wanted = parse_filter(line.replace(" OR", ""))
    tasks = workspace.tasks.get_many(workspace.tasks.search(wanted))
    if isinstance(found, int):
        assert len(tasks) == found
    else:
        assert [task.instruction for task in tasks] == found


def test_search_follows_an_edit(workspace: Workspace) -> None:
    task_id = workspace.tasks.add("Describe rain.", origin="human", at="now")
    before = workspace.tasks.get(task_id).standing
    after = replace(before, instruction="Describe snow.")
    workspace.decisions.add(task_id, "edit", step=1, who="human", at="now", before=before, after=after)
    assert workspace.tasks.search(parse_filter("snow")) == [task_id]
    assert workspace.tasks.search(parse_filter("rain")) == []

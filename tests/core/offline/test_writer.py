"""The built-in model makes the mistakes of a real one, each now and then."""

from itertools import pairwise

import pytest

from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.filtering.settings import FilterSettings
from selfinstruct.core.language.registry import language
from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import parse_input_first, parse_label
from selfinstruct.core.similarity.rouge_index import RougeIndex
from selfinstruct.db.records import ApiKind
from tests.core.method.test_prompts import SHOWN
from tests.core.offline.asking import GRAMMAR, PROPOSE, WRITERS, answers, both_kinds, proposals, wordings
from tests.similarity import rouge_l


@pytest.fixture(scope="module")
def proposed() -> list[str]:
    """What some hundred answers propose."""
    return [item for api in PROPOSE for rng_seed in range(60) for item in proposals(PROPOSE[api], rng_seed)]


@pytest.mark.parametrize("code", ["keyword", "too_short", "opening", "punctuation"])
def test_some_proposals_are_for_each_filter_to_catch(proposed: list[str], code: str) -> None:
    objected = [
        item
        for item in proposed
        if code in {r.code for r in check_candidate(Candidate(item, language("en")), FilterSettings())}
    ]
    assert 0 < len(objected) < 0.2 * len(proposed)


def test_some_proposals_are_near_duplicates_of_what_was_shown(proposed: list[str]) -> None:
    index = RougeIndex()
    for task_id, text in SHOWN:
        index.add(task_id, text)
    near = [item for item in proposed if index.above(item, FilterSettings().rouge_l)]
    assert 0 < len(near) < 0.2 * len(proposed)


def test_most_proposals_are_fit_for_the_pool(proposed: list[str]) -> None:
    passing = [
        item for item in proposed if not check_candidate(Candidate(item, language("en")), FilterSettings())
    ]
    assert len(passing) > 0.7 * len(proposed)
    alike = sum(rouge_l(one, other) >= 0.7 for one, other in pairwise(passing))
    assert alike < 0.05 * len(passing)


@pytest.mark.parametrize(
    "mark",
    [
        pytest.param("\n\n9.", id="preamble"),
        pytest.param("```", id="code fence"),
        pytest.param("**9.**", id="bold numbers"),
        pytest.param("**Task:**", id="field names"),
        pytest.param("\n- ", id="bullets"),
        pytest.param("**1.**", id="numbering that restarts"),
        pytest.param(".\n\n10. ", id="blank lines between"),
    ],
)
def test_some_chat_answers_are_decorated(mark: str) -> None:
    texts = [answer.text for answer in answers(PROPOSE["chat"], 200)]
    assert 0 < sum(mark in text for text in texts) < 100


def test_some_chat_answers_begin_with_chatter_and_some_end_with_it() -> None:
    texts = [answer.text for answer in answers(PROPOSE["chat"], 100)]
    flaws = GRAMMAR.flaws
    assert 0 < sum(text.startswith(flaws["preambles"]) for text in texts) < 50
    assert 0 < sum(text.endswith(flaws["closings"]) for text in texts) < 50


@both_kinds
def test_some_answers_are_cut(api: ApiKind) -> None:
    assert 0 < sum(answer.cut for answer in answers(PROPOSE[api], 100)) < 50


@both_kinds
def test_some_labels_are_unclear(api: ApiKind) -> None:
    rendered = WRITERS[api].classify(wordings(classification=True)[0])
    labels = [parse_label(answer.text) for answer in answers(rendered, 300)]
    assert 0 < labels.count("unknown") < 30
    assert labels.count("generation") == 0


@pytest.fixture(scope="module")
def dropped() -> set[str]:
    """The reasons for which instances of some hundred answers are dropped."""
    codes = set()
    for text in wordings(classification=False):
        rendered = WRITERS["chat"].instantiate(text, output_first=False)
        for answer in answers(rendered, 12):
            assessed = keep_or_drop(parse_input_first(answer.text), cut=answer.cut)
            codes |= {instance.reason.code for instance in assessed if instance.reason}
    return codes


@pytest.mark.parametrize("code", ["contradiction", "duplicate", "same_as_input", "ends_with_colon", "cut"])
def test_some_instances_are_for_each_rule_to_drop(dropped: set[str], code: str) -> None:
    assert code in dropped


def test_some_classification_instances_are_cut() -> None:
    rendered = WRITERS["chat"].instantiate(wordings(classification=True)[0], output_first=True)
    assert 0 < sum(answer.cut for answer in answers(rendered, 300)) < 60

"""Which instances are kept, and the reason of each that is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.paper import MAX_INSTANCES
from selfinstruct.core.method.parsing import ParsedInstance
from selfinstruct.db.records import Instance, InstanceState

GOOD = ("cod", "fish")


def reasons(*pairs: tuple[str, str], cut: bool = False) -> list[str | None]:
    assessed = keep_or_drop([ParsedInstance(*pair) for pair in pairs], cut=cut)
    assert [(instance.input, instance.output) for instance in assessed] == list(pairs)
    assert all((instance.state == "kept") == (instance.reason is None) for instance in assessed)
    return [instance.reason.code if instance.reason else None for instance in assessed]


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        pytest.param(GOOD, None, id="input and output"),
        pytest.param(("", "fish"), None, id="no input"),
        pytest.param(("cod", ""), "empty_output", id="empty output"),
        pytest.param(("cod", " \n"), "empty_output", id="blank output"),
        pytest.param(("", ""), "empty_output", id="nothing at all"),
        pytest.param(("cod", "cod"), "same_as_input", id="output repeats the input"),
        pytest.param(("cod ", "\ncod"), "same_as_input", id="but for blanks"),
        pytest.param(("cod:", "fish"), "ends_with_colon", id="input ends with a colon"),
        pytest.param(("cod", "Here it is:"), "ends_with_colon", id="output ends with a colon"),
        pytest.param(("cod", "Here it is: \n"), "ends_with_colon", id="colon, then blanks"),
        pytest.param(("a: b", "c: d"), None, id="colons elsewhere"),
    ],
)
def test_an_instance_is_dropped_for_its_own_fault_only(pair: tuple[str, str], reason: str | None) -> None:
    assert reasons(pair, ("wren", "bird")) == [reason, None]


def test_the_last_instance_is_dropped_when_the_token_limit_cut_it() -> None:
    assert reasons(GOOD, ("wren", "bi"), cut=True) == [None, "cut"]
    assert keep_or_drop([], cut=True) == []


def test_instances_that_contradict_each_other_are_dropped_and_no_others() -> None:
    found = reasons(GOOD, ("wren", "bird"), ("cod", "bird"), ("elk", ""), ("newt", "amphibian"))
    assert found == ["contradiction", None, "contradiction", "empty_output", None]


def test_each_sentence_is_true_of_the_instance_that_it_is_given_for() -> None:
    pairs = [GOOD, ("wren", "bird"), ("cod", "bird"), *((f"input {n}", f"output {n}") for n in range(3))]
    more = keep_or_drop(
        [ParsedInstance(*pair) for pair in pairs], cut=False, besides=there(("input 0", "elsewhere"))
    )
    contradicted = "The answer gives this input different outputs."
    assert [one.reason.sentence if one.reason else None for one in more] == [
        contradicted,
        None,
        contradicted,
        "The task already has this input with a different output.",
        None,
        "Only the first 5 instances of an answer are kept.",
    ]


def test_a_task_without_input_may_have_several_outputs() -> None:
    assert reasons(("", "cod"), ("", "eel")) == [None, None]


@pytest.mark.parametrize("bad", ["", "cod", "As follows:"])
def test_an_instance_that_is_dropped_anyway_contradicts_none(bad: str) -> None:
    assert reasons(GOOD, ("cod", bad))[0] is None


def test_a_model_that_repeats_itself_until_it_is_cut_keeps_its_first_instance() -> None:
    assert reasons(GOOD, GOOD, ("cod", "fi"), cut=True) == [None, "duplicate", "cut"]


def test_a_task_keeps_its_first_five_instances() -> None:
    pairs = [(f"input {number}", f"output {number}") for number in range(MAX_INSTANCES + 2)]
    assert reasons(*pairs) == [None] * 5 + ["too_many"] * 2


def there(*pairs: tuple[str, str], state: InstanceState = "kept") -> list[Instance]:
    return [Instance(n, 1, given, output, state, None, None) for n, (given, output) in enumerate(pairs)]


@pytest.mark.parametrize("state", ["kept", "dropped"])
def test_what_a_task_has_already_does_not_come_again(state: InstanceState) -> None:
    assessed = keep_or_drop(
        [ParsedInstance(*GOOD), ParsedInstance("wren", "bird")], cut=False, besides=there(GOOD, state=state)
    )
    assert [one.reason.code if one.reason else None for one in assessed] == ["duplicate", None]


def test_another_output_for_an_input_that_a_task_has_is_dropped() -> None:
    more = [ParsedInstance("cod", "food"), ParsedInstance("wren", "bird"), ParsedInstance("", "eel")]
    assessed = keep_or_drop(more, cut=False, besides=there(GOOD, ("", "elk")))
    assert [one.reason.code if one.reason else None for one in assessed] == ["contradiction", None, None]


def test_an_input_whose_instance_was_dropped_may_be_answered_otherwise() -> None:
    (assessed,) = keep_or_drop(
        [ParsedInstance("cod", "food")], cut=False, besides=there(GOOD, state="dropped")
    )
    assert assessed.state == "kept"


@given(
    st.lists(st.tuples(st.sampled_from(["", "a", "b", "a:"]), st.sampled_from(["", "a", "x", "y", "y:"]))),
    st.booleans(),
)
def test_what_is_kept_is_consistent_and_nothing_is_lost(pairs: list[tuple[str, str]], cut: bool) -> None:
    codes = reasons(*pairs, cut=cut)
    kept = [pair for pair, code in zip(pairs, codes, strict=True) if code is None]
    assert len(kept) == len(set(kept)) <= MAX_INSTANCES
    inputs = [given for given, _ in kept if given]
    assert len(inputs) == len(set(inputs))
    assert all(output and output != given for given, output in kept)

"""What a model thinks aloud is not part of its answer."""

import pytest

from selfinstruct.core.method.parsing import parse_input_first, parse_label, parse_proposals


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("<think>1. Draft\n2. Again</think>\n9. Name a sea.", "Name a sea.", id="a block"),
        pytest.param("1. Draft\n</think>\n\n9. Name a sea.", "Name a sea.", id="opened by the server"),
        pytest.param("9. Explain the tag </b> in HTML.", "Explain the tag </b> in HTML.", id="another tag"),
    ],
)
def test_what_a_model_thinks_aloud_is_no_task(text: str, said: str) -> None:
    assert parse_proposals(text, cut=False, continues_item=False) == [said]


def test_thoughts_that_the_token_limit_cut_say_nothing() -> None:
    text = "<think>Is it a classification task? Yes, or no"
    assert parse_label(text) == "unknown"
    assert parse_input_first(text) == []
    assert parse_proposals("<think>\n1. Draft", cut=True, continues_item=False) == []

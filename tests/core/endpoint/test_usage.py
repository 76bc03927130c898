"""How many tokens an answer cost, however an endpoint counts thoughts and caches."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.endpoint.usage import completion_tokens, prompt_tokens
from tests.conftest import OpenEngine
from tests.core.endpoint.test_client import carry_out, on
from tests.server import Fault, ModelServer, proposals_answer

READ, WRITTEN = "cache_read_input_tokens", "cache_creation_input_tokens"


def counted(prompt: object, completion: object, total: object = None, **more: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
    return {name: value for name, value in usage.items() if value is not None} | more


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        pytest.param(counted(20, 384, 1016), 996, id="thoughts in the total only"),
        pytest.param(counted(20, None, 1016), 996, id="nothing but thoughts"),
        pytest.param(counted(20, 384, 404), 384, id="no thoughts"),
        pytest.param(counted(20.0, 384.0, 1016.0), 996, id="floats"),
        pytest.param(
            {"input_tokens": 20, "output_tokens": 384, "total_tokens": 1016}, 996, id="input, output"
        ),
        pytest.param(
            counted(20, 384, 404, completion_tokens_details={"reasoning_tokens": 300}),
            384,
            id="thoughts included",
        ),
        pytest.param(
            counted(20, 84, completion_tokens_details={"reasoning_tokens": 300}),
            384,
            id="more thoughts than answer",
        ),
        pytest.param(
            counted(20, 300, completion_tokens_details={"reasoning_tokens": 300}), 300, id="only thoughts"
        ),
        pytest.param(counted(20, 384, 10), 384, id="total below the prompt"),
        pytest.param(counted(20, 384, 0), 384, id="no total"),
        pytest.param(counted(20, 384, -5), 384, id="negative total"),
        pytest.param(counted(20, 384, 2**52), 384, id="absurd total"),
        pytest.param(counted(None, 384, 1016), 384, id="unknown prompt"),
        pytest.param(counted(8, None, 8), None, id="embeddings"),
        pytest.param(
            counted(20, 384, 1404, prompt_tokens_details={"cached_tokens": 1000}),
            384,
            id="cache beside the prompt",
        ),
        pytest.param(
            counted(500, 96, 996, prompt_tokens_details={"cached_tokens": 400}),
            96,
            id="cache beside half of it",
        ),
        pytest.param(
            counted(500, 96, 596, prompt_tokens_details={"cached_tokens": 400}), 96, id="cache in the prompt"
        ),
        pytest.param(counted(20, 384, 1404, **{READ: 900, WRITTEN: 100}), 384, id="cache read and written"),
        pytest.param(
            {"input_tokens": 20, "output_tokens": 84, "total_tokens": 104, READ: 900},
            84,
            id="total without cache",
        ),
        pytest.param(
            {"input_tokens": 20, "output_tokens": 84, "total_tokens": 1004, READ: 900},
            84,
            id="total with cache",
        ),
        pytest.param(
            counted(20, 384, prompt_tokens_details=[], completion_tokens_details=7), 384, id="odd details"
        ),
    ],
)
def test_thoughts_are_counted_and_caches_are_not(usage: dict[str, Any], tokens: int | None) -> None:
    assert completion_tokens(usage) == tokens


NUMBERS = st.none() | st.booleans() | st.integers(-10, 10**20) | st.floats() | st.text(max_size=3)
DETAILS = st.none() | st.lists(NUMBERS, max_size=1) | st.fixed_dictionaries({"cached_tokens": NUMBERS})


@given(counts=st.tuples(NUMBERS, NUMBERS, NUMBERS), details=DETAILS, cached=NUMBERS)
def test_odd_usage_is_never_fewer_than_reported_nor_absurdly_more(
    counts: tuple[Any, Any, Any], details: Any, cached: Any
) -> None:
    usage = counted(
        *counts, prompt_tokens_details=details, completion_tokens_details=details, **{READ: cached}
    )
    tokens, reported = completion_tokens(usage), completion_tokens({"completion_tokens": counts[1]})
    assert prompt_tokens(usage) is None or prompt_tokens(usage) >= 0  # type: ignore[operator]
    assert reported is None or (tokens is not None and reported <= tokens <= reported + 1_000_000)
    assert tokens is None or tokens >= 0


async def test_what_a_model_thinks_counts_towards_the_cost(
    engine_on: OpenEngine, server: ModelServer
) -> None:
    answer = proposals_answer("Name a river.").body
    server.faults.append(
        Fault(
            body=answer[:-1]
            + b', "usage": '
            + b'{"prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 1040}}'
        )
    )
    async with engine_on(**on(server, prices={"m": {"input": 1, "output": 1}})) as engine:
        await carry_out(engine)
        assert engine.workspace.requests.charged_usd() == pytest.approx(1040 / 1e6)

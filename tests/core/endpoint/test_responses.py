"""Whatever bytes a server sends: a text, or one sentence on why there is none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfinstruct.core.endpoint.responses import (
    AnswerError,
    NoTextError,
    NothingSaidError,
    OnlyThoughtsError,
    Told,
    error_in_answer,
    read_answer,
    read_error,
    read_told,
)
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.db.records import ApiKind


def chat(content: object = "9. Sing.", **choice: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content}, **choice}]}


def body(document: object) -> bytes:
    return json.dumps(document).encode()


def test_a_chat_completion_is_read() -> None:
    usage = {"prompt_tokens": 12, "completion_tokens": 3}
    received = body(chat(finish_reason="stop") | {"model": "m-1", "usage": usage})
    answer = read_answer(received, "chat")
    assert (answer.text, answer.cut) == ("9. Sing.", False)
    assert read_told(received) == Told("m-1", 12, 3)


def test_a_legacy_completion_is_read() -> None:
    answer = read_answer(body({"choices": [{"text": " Sing.", "finish_reason": "length"}]}), "completions")
    assert (answer.text, answer.cut) == (" Sing.", True)


def test_an_empty_text_is_a_text() -> None:
    assert read_answer(body(chat("")), "chat").text == ""


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        pytest.param(b"", "The answer is empty.", id="empty"),
        pytest.param(b" \r\n", "The answer is empty.", id="blank"),
        pytest.param(body(chat())[:-5], "The answer is not JSON.", id="truncated"),
        pytest.param(
            b"<html>502 Bad Gateway</html>",
            "The answer is a web page, not JSON. Check ⟪base_url⟫: it leads to a website, not to an API.",
            id="HTML",
        ),
        pytest.param(
            b"data: {}\n\ndata: [DONE]",
            "The answer is a stream of events, and none of them is part of an answer.",
            id="event stream",
        ),
        pytest.param(b"[" * 100_000, "The answer is not JSON.", id="nested too deep"),
        pytest.param(b'{"usage": 1' + b"0" * 5000 + b"}", "The answer is not JSON.", id="huge number"),
        pytest.param(b'{"a": "\xff"}', "The answer is not UTF-8 text.", id="bad UTF-8"),
        pytest.param(b"null", "The answer is JSON, but not an object: null", id="null"),
        pytest.param(b"[]", "The answer is JSON, but not an object: []", id="list"),
        pytest.param(b"{}", "The answer has no choices.", id="no choices"),
        pytest.param(body({"choices": []}), "The answer has no choices.", id="empty choices"),
        pytest.param(
            body({"choices": {"0": {}}}), "The answer has no choices.", id="choices of another kind"
        ),
        pytest.param(body({"choices": ["Sing"]}), "The answer has no choices.", id="choice of another kind"),
        pytest.param(body({"choices": [{}]}), "The answer has no text.", id="no message"),
        pytest.param(
            body({"choices": [{"message": "Sing"}]}), "The answer has no text.", id="message a text"
        ),
        pytest.param(
            body({"choices": [{"text": "Sing"}]}), "The answer has no text.", id="other kind of API"
        ),
        pytest.param(body(chat(None)), "The answer has no text.", id="null content"),
        pytest.param(body(chat(["Sing"])), "The answer has no text.", id="content a list"),
        pytest.param(
            body(chat("Si", finish_reason="content_filter")),
            "The endpoint's content filter withheld the answer.",
            id="content filter",
        ),
        pytest.param(
            body({"choices": [{"message": {"content": None, "refusal": "I\ncan't \ud800."}}]}),
            "The model refused: I can't \ufffd.",
            id="refusal, with a lone surrogate",
        ),
        pytest.param(
            body({"error": {"message": "out of\n memory \0"}} | chat()),
            "The endpoint reported an error in its answer: out of memory \ufffd",
            id="error with status 200",
        ),
        pytest.param(
            body({"error": "busy", "choices": None}),
            "The endpoint reported an error in its answer: busy",
            id="error that is a text",
        ),
    ],
)
def test_an_answer_without_text_says_why(sent: bytes, sentence: str) -> None:
    with pytest.raises(AnswerError) as caught:
        read_answer(sent, "chat")
    assert str(caught.value) == sentence


def reasoned(content: object, finish: str | None = "stop", **beside: Any) -> bytes:
    return body({"choices": [{"message": {"content": content, **beside}, "finish_reason": finish}]})


THOUGHTS = [
    {"reasoning_content": "9. Weigh it."},
    {"reasoning": "9. Weigh it."},
    {"reasoning_details": [{"type": "reasoning.text", "text": "9. Weigh it."}]},
]


@pytest.mark.parametrize("beside", THOUGHTS)
def test_thoughts_beside_an_answer_are_no_part_of_it(beside: dict[str, Any]) -> None:
    assert read_answer(reasoned("9. Sing.", **beside), "chat").text == "9. Sing."


@pytest.mark.parametrize("beside", [*THOUGHTS, {"content": [{"type": "thinking", "thinking": []}]}])
@pytest.mark.parametrize("content", [None, "", " \n"])
def test_thoughts_alone_are_no_answer_even_where_they_read_like_one(
    content: object, beside: dict[str, Any]
) -> None:
    with pytest.raises(OnlyThoughtsError, match="reasoning parser does not fit the model: turn it off there"):
        read_answer(reasoned(**{"content": content, **beside}), "chat")


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_a_json_object_in_the_place_of_thoughts_is_the_answer(name: str) -> None:
    told = '{"instructions": ["Sing."]}'
    assert read_answer(reasoned(None, **{name: told}), "chat").text == told
    for finish, text in (("length", told), ("stop", told[:-1]), ("stop", f"Hm. {told}"), ("stop", "[1]")):
        with pytest.raises(AnswerError):
            read_answer(reasoned(None, finish, **{name: text}), "chat")


@pytest.mark.parametrize("beside", THOUGHTS)
@pytest.mark.parametrize("content", [None, ""])
def test_thoughts_that_used_up_the_tokens_name_the_setting_for_more(
    content: object, beside: dict[str, Any]
) -> None:
    with pytest.raises(NothingSaidError, match=r"used up by the model's thoughts.* raise thinking_tokens"):
        read_answer(reasoned(content, "length", **beside), "chat")


def test_thoughts_of_a_stream_alone_are_no_answer_either() -> None:
    events = [{"choices": [{"delta": {"reasoning_content": piece}}]} for piece in ("9. We", "igh it.")]
    ended = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    stream = "".join(f"data: {json.dumps(event)}\n\n" for event in [*events, ended])
    with pytest.raises(OnlyThoughtsError):
        read_answer(f"{stream}data: [DONE]\n\n".encode(), "chat")


@pytest.mark.parametrize(
    "text", ["<think>9. Weigh it.</think>", "<think>9. Weigh it.", "[THINK]hm[/THINK]\n"]
)
def test_a_model_that_stops_after_its_thoughts_has_not_answered(text: str) -> None:
    with pytest.raises(AnswerError, match="stopped after its thoughts"):
        read_answer(reasoned(text), "chat")


@pytest.mark.parametrize(
    "beside", [{"reasoning": ""}, {"reasoning_content": None}, {"reasoning_details": []}]
)
def test_empty_fields_for_thoughts_are_no_thoughts(beside: dict[str, Any]) -> None:
    with pytest.raises(NoTextError, match=r"The answer has no text\."):
        read_answer(reasoned(None, **beside), "chat")


@pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens": None}, {"prompt_tokens": -1}])
@pytest.mark.parametrize("odd", ["12", 1.5, True, 2**53, None])
def test_usage_that_is_missing_or_odd_is_unknown_and_not_zero(usage: object, odd: object) -> None:
    told = read_told(body(chat() | {"usage": usage, "model": odd}))
    assert (told.prompt_tokens, told.completion_tokens) == (None, None)
    told = read_told(body(chat() | {"usage": {"prompt_tokens": 0, "completion_tokens": odd}}))
    assert (told.prompt_tokens, told.completion_tokens) == (0, None)


def test_what_sqlite_cannot_store_is_replaced() -> None:
    document = chat("a\0b\ud83dc 😀") | {"model": "m\udc00"}
    answer = read_answer(body(document), "chat")
    assert (answer.text, read_told(body(document)).model) == ("a\ufffdb\ufffdc 😀", "m\ufffd")


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (body({"error": {"message": "No\nsuch model.", "code": "x"}}), "No such model."),
        (body({"error": {"code": "model_not_found"}}), "model_not_found"),
        (body({"error": {"status": 3}}), '{"status": 3}'),
        (body({"error": "busy"}), "busy"),
        (body({"detail": "Not Found"}), "Not Found"),
        (body({"message": "Unauthorized"}), "Unauthorized"),
        (body({"error": {"message": "a" * 600}}), "a" * 500),
        (body({}), ""),
        (b"[]", ""),
        (b"<html>", ""),
        (b"\xff", ""),
    ],
)
def test_an_errors_body_is_told_in_one_line(sent: bytes, message: str) -> None:
    assert read_error(sent).message == message


def test_the_codes_and_the_field_of_an_error_are_texts_or_nothing() -> None:
    error = read_error(body({"error": {"code": "unsupported_parameter", "param": None, "type": "a\ud800"}}))
    assert (error.codes, error.params) == (("unsupported_parameter", "a\ufffd"), ())
    assert read_error(b"<html>").codes == read_error(body({"error": "busy"})).codes == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "text", "error", "usage", "refusal", "model"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=60) | JSON.map(body), st.sampled_from(["chat", "completions"]))
def test_any_bytes_give_a_storable_text_or_a_storable_sentence(sent: bytes, api: ApiKind) -> None:
    try:
        said = read_answer(sent, api).text
    except AnswerError as error:
        said = str(error)
        assert said
    for told in (read_error(sent), error_in_answer(sent)):
        said += "".join([told.message, *told.codes, *told.params]) if told else ""
    assert said == storable_text(said)
    said.encode("utf-8")

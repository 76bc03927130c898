"""What compatible servers and gateways do otherwise than OpenAI, one row each (see `fault_rows`)."""

import json
from collections.abc import Iterator
from typing import Any

from tests.fault_rows import AGAIN, GOOD, TEXT, Row, choices, refusal, said
from tests.faulty import Play, answer

THROTTLED = "Rate limit reached, please retry"


def told(document: object, status: int = 200, *headers: str) -> Play:
    """A response with this JSON."""
    return answer(json.dumps(document).encode(), status, *headers)


def with_error(error: object, **more: Any) -> Play:
    """A good answer with an error field beside it."""
    return answer(json.dumps(json.loads(GOOD) | {"error": error} | more).encode())


def streamed(*chunks: object, done: bool = True) -> bytes:
    """A stream of these chunks."""
    events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*events, "data: [DONE]\n\n" if done else ""]).encode()


def delta(content: str | None, **choice: Any) -> dict[str, Any]:
    """A chunk of a streamed chat answer."""
    return {"model": "m", "choices": [{"index": 0, "delta": {"content": content}, **choice}]}


def _errors_in_a_200() -> Iterator[Row]:
    upstream = {"provider_name": "P", "raw": THROTTLED}
    for name, error in (
        ("a number", {"code": 429, "message": THROTTLED}),
        ("digits", {"code": "429", "message": THROTTLED}),
        ("a status", {"status": 429, "message": THROTTLED}),
        ("a name", {"code": "rate_limit_exceeded", "message": THROTTLED}),
        ("a type", {"type": "rate_limit_error", "message": THROTTLED}),
        ("Google's name", {"status": "RESOURCE_EXHAUSTED", "message": THROTTLED}),
        ("an upstream's", {"code": 429, "message": "Provider returned error", "metadata": upstream}),
        ("the word for overload", {"type": "overloaded_error", "message": "Overloaded"}),
        ("503", {"code": 503, "message": "no instances"}),
        ("502", {"code": 502, "message": "upstream"}),
        ("server_error", {"type": "server_error", "message": "The server had an error"}),
        ("an error inside its message", {"message": json.dumps({"error": {"code": 429, "message": "x"}})}),
    ):
        yield Row(f"200, an error that is {name}", (told({"error": error}),), "parsed", "", 2, AGAIN)
    wait = told({"error": {"code": 429, "message": "busy"}}, 200, "retry-after: 3")
    yield Row("200, an error with Retry-After 3", (wait,), "parsed", "", 2, (3.0,))
    yield Row("200, a list of one error", (told([{"error": {"code": 429}}]),), "parsed", "", 2, AGAIN)
    yield Row("200, a list named errors", (told({"errors": [{"code": 503}]}),), "parsed", "", 2, AGAIN)
    yield Row("200, no error but a code", (told({"code": 429, "message": "busy"}),), "parsed", "", 2, AGAIN)
    inside = choices({"content": "9. Na"}, choice={"error": {"code": 502, "message": "x"}})
    yield Row("200, an error inside its choice", (answer(inside),), "parsed", "", 2, AGAIN)
    breaks = streamed(delta("9. Na"), {"error": {"code": 502, "message": "lost"}}, done=False)
    yield Row("200, an error inside its stream", (answer(breaks),), "parsed", "", 2, AGAIN)
    for code, sentence in (
        (401, r"requires a key \(status 401\): no"),
        (402, r"requires payment \(status 402\): no"),
        (403, r"was refused \(status 403\): no"),
        (404, r"knows no model 'm'.*\(status 404\): no"),
        ("insufficient_quota", "quota of this key is used up: no"),
    ):
        refusal = {"error": {"code": code, "message": "no"}}
        yield Row(f"200, an error with {code}", (told(refusal),), "ends", sentence)
    yield Row(
        "200, a refused parameter",
        (told({"error": {"code": 400, "message": "Unsupported parameter: top_p"}}),),
        "parsed",
        requests=2,
        dropped="top_p",
    )
    yield Row(
        "200, a message and nothing else",
        (told({"message": "model is loading"}),),
        "failed",
        "reported an error in its answer: model is loading",
    )


def _no_errors() -> Iterator[Row]:
    error: object
    for error in (
        *(None, False, 0, "", " ", {}, [], [{}], {"message": ""}, {"message": "", "code": 0}),
        {"message": "", "type": "", "param": "", "code": None},
        {"message": None, "type": "upstream_error", "param": "", "code": ""},
        {"code": "200", "message": ""},
        *({"code": 0, "message": "success"}, {"code": 0, "message": "done"}, {"message": "OK"}, "success"),
        {"code": "Success", "message": "the request was answered", "type": ""},
    ):
        yield Row(f"200, a good answer beside error {json.dumps(error)}", (with_error(error),), "parsed")
    empty = {"error": {"message": "", "code": None}}
    beside = json.dumps({"choices": [{"message": {"content": TEXT}, **empty}]}).encode()
    yield Row("200, a good choice with an empty error", (answer(beside),), "parsed")


def _finish_reasons() -> Iterator[Row]:
    for reason in (
        "stop",
        "STOP",
        "eos",
        "eos_token",
        "end_turn",
        "stop_sequence",
        "FinishReason.STOP",
        None,
    ):
        yield Row(
            f"200, whole by {reason}", (answer(said(TEXT, choice={"finish_reason": reason})),), "parsed"
        )
    for reason in ("length", "max_tokens", "MAX_TOKENS", "model_length"):
        silent = said("", choice={"finish_reason": reason})
        yield Row(f"200, nothing but {reason}", (answer(silent),), "failed", "thinking_tokens")
    for reason in ("error", "abort", "tool_calls"):
        silent = said("", choice={"finish_reason": reason})
        yield Row(
            f"200, nothing but {reason}", (answer(silent),), "failed", rf"broke the answer off.*{reason}"
        )
    for reason in ("SAFETY", "recitation"):
        withheld = said(TEXT, choice={"finish_reason": reason})
        yield Row(f"200, {reason}", (answer(withheld),), "failed", "content filter withheld")


def _errors_of_other_forms() -> Iterator[Row]:
    yield Row(
        "400, a wrong key in a list",
        (
            told(
                [{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}], 400
            ),
        ),
        "ends",
        r"requires a key \(status 400\): API key not valid\.",
    )
    for name, document, sentence in (
        ("a list of texts", ["out of order"], "status 418: out of order"),
        ("an error that is a list", {"error": [{"message": "no tea"}]}, "status 418: no tea"),
        ("msg", {"code": 1, "msg": "no tea"}, "status 418: no tea"),
        ("an error in words", {"error": "no tea", "error_type": "validation"}, "status 418: no tea"),
        ("detail", {"detail": "no tea"}, "status 418: no tea"),
        ("detail with an error", {"detail": {"error": {"message": "no tea"}}}, "status 418: no tea"),
    ):
        yield Row(f"418 as {name}", (told(document, 418),), "failed", sentence)


def _refused_parameters() -> Iterator[Row]:
    validation = [
        {"type": "extra_forbidden", "loc": ["body", "top_p"], "msg": "Extra inputs are not permitted"}
    ]
    for name, document, status in (
        ("a list of details", {"detail": validation}, 422),
        ("details inside a message", {"object": "error", "message": {"detail": validation}}, 422),
        ("Python's own words", {"error": {"message": repr(validation), "type": "internal"}}, 500),
    ):
        yield Row(
            f"{status}, pydantic as {name}", (told(document, status),), "parsed", requests=2, dropped="top_p"
        )
    for message, dropped in (
        ("presence_penalty is not supported by this model", "presence_penalty"),
        ("Unsupported parameter: 'presence_penalty'", "presence_penalty"),
        ("Argument not supported on this model: presencePenalty", "presence_penalty"),
        ("m does not support parameters: {'presence_penalty': 2}, for model=m.", "presence_penalty"),
        (
            'Invalid JSON payload received. Unknown name "presence_penalty": Cannot find field.',
            "presence_penalty",
        ),
        ("temperature and top_p cannot both be specified for this model. Please use only one.", "top_p"),
        ("Only one of `top_p` and `temperature` may be specified.", "top_p"),
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", '"max_tokens"'),
        (
            "Unsupported value: 'temperature' does not support 0.7. Only the default (1) value is supported.",
            "temperature",
        ),
    ):
        yield Row(
            f"400: {message}", (refusal(400, message),), "parsed", requests=2, dropped=dropped.strip('"')
        )
    for message, dropped in (
        ("presence_penalty must be less than or equal to 1", '"presence_penalty": 2'),
        ("Range of max_tokens should be [1, 512]", '"max_tokens": 1024'),
        (
            "max_tokens is too large: 1024. This model supports at most 512 completion tokens.",
            '"max_tokens": 1024',
        ),
        ("`top_p` must be > 0.6 and < 1.0", '"top_p": 0.5'),
    ):
        yield Row(f"400: {message}", (refusal(400, message),), "parsed", requests=2, changed=dropped)
    yield Row(
        "400, a switch that it wants",
        (refusal(400, "parameter.enable_thinking must be set to false for non-streaming calls"),),
        "parsed",
        requests=2,
        added='"enable_thinking": false',
    )
    yield Row(
        "400, answers are only streamed",
        (
            refusal(400, "This model only support stream mode, please enable the stream parameter."),
            answer(streamed(delta(TEXT), delta(None, finish_reason="stop"))),
        ),
        "parsed",
        requests=2,
        added='"stream": true',
    )


def _contexts() -> Iterator[Row]:
    for name, status, message in (
        (
            "vLLM",
            400,
            "'max_tokens' or 'max_completion_tokens' is too large: 1024. This model's maximum context"
            " length is 1024 tokens and your request has 300 input tokens (1024 > 1024 - 300).",
        ),
        (
            "OpenAI",
            400,
            "This model's maximum context length is 1024 tokens. However, you requested 1324 tokens"
            " (300 in the messages, 1024 in the completion).",
        ),
        (
            "TGI",
            422,
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 1024. Given: 300"
            " `inputs` tokens and 1024 `max_new_tokens`",
        ),
        ("llama-cpp-python", 500, "Requested tokens (300) exceed context window of 1024"),
        ("a sum", 400, "Prompt tokens (300) plus max_tokens (1024) exceed 1024"),
        (
            "another name of the token limit",
            400,
            "The answer would be too long: prompt length and max_completion_tokens are over the limit",
        ),
        ("llama.cpp", 400, "the request exceeds the available context size. try increasing the context size"),
    ):
        yield Row(
            f"{status}, a context that is too short by {name}",
            (refusal(status, message),),
            "parsed",
            requests=2,
            changed='"max_tokens": 1024',
        )
    message = "This model's maximum context length is 1024 tokens and your request has 3000 input tokens."
    yield Row(
        "400, a prompt that is longer than the context",
        (refusal(400, message),),
        "failed",
        r"context of 1,024 tokens does not hold a prompt of 3,000 tokens and up to 2,024 tokens of answer,"
        r" 1,000 of them thinking_tokens \(status 400\)\. Lower thinking_tokens in selfinstruct\.toml",
        settings={"thinking_tokens": 1000},
    )


def _streams_and_counts() -> Iterator[Row]:
    usage = {"prompt_tokens": 7, "completion_tokens": 9}
    pieces = [delta(TEXT[:9]), delta(TEXT[9:]), delta(None, finish_reason="stop")]
    for name, body in (
        ("a stream", streamed(*pieces, {"choices": [], "usage": usage})),
        (
            "a stream with the usage inside",
            streamed(*pieces[:2], delta("", finish_reason="stop", usage=usage)),
        ),
        (
            "a stream without blank lines",
            streamed(*pieces, {"choices": [], "usage": usage}).replace(b"\n\n", b"\n"),
        ),
        ("a stream with comments", b": wait\n\n" + streamed(*pieces, {"choices": [], "usage": usage})),
        ("usage as floats", said(TEXT, usage={"prompt_tokens": 7.0, "completion_tokens": 9.0})),
        ("usage as input and output", said(TEXT, usage={"input_tokens": 7, "output_tokens": 9})),
    ):
        yield Row(f"200, {name}", (answer(body),), "parsed", usage=(7, 9))
    unfinished = streamed(delta("<think>hm"), done=False)
    yield Row("200, a stream that stops", (answer(unfinished),), "failed", "broke the answer off")


GATEWAY_ROWS = [
    row
    for rows in (
        _errors_in_a_200,
        _no_errors,
        _finish_reasons,
        _errors_of_other_forms,
        _refused_parameters,
        _contexts,
        _streams_and_counts,
    )
    for row in rows()
]

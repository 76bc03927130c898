"""Refusals of whole requests, and what looks like one, one row each (see `fault_rows`)."""

import json
from collections.abc import Iterator

from tests.fault_rows import AGAIN, GOOD, Row, refusal
from tests.faulty import answer
from tests.gateway_rows import told

NO_PROVIDER = "No endpoints found that can handle the requested parameters."
GEMINI = "Penalty is not enabled for models/gemini-2.5-flash"
GROQ = (
    "Request too large for model `m` in organization `o` service tier `on_demand` on tokens per minute"
    " (TPM): Limit 6000, Requested 7245, please reduce your message size and try again."
)
VLLM = (
    "This model's maximum context length is 4096 tokens. However, you requested 1024 output tokens and your"
    " prompt contains at least 3073 input tokens, for a total of at least 4097 tokens."
)


def _names() -> Iterator[Row]:
    """What a refusal names, and where."""
    quoted = {"provider_name": "Google", "raw": json.dumps({"error": {"code": 400, "message": GEMINI}})}
    upstream = {"error": {"message": "Provider returned error", "code": 400, "metadata": quoted}}
    unsupported = "body.presence_penalty: property 'body.presence_penalty' is unsupported"
    for name, play in (
        ("a family, in words", refusal(400, "Penalty is not enabled for this model")),
        ("a family, for a model with numbers in its name", refusal(400, GEMINI)),
        ("a family, by an upstream", told(upstream, 400)),
        ("penalties that are not supported", refusal(400, "Penalties are not supported by this model.")),
        ("a param that is a kind of error", refusal(400, unsupported, param="validation_error")),
        ("a param that is the body", refusal(400, unsupported, param="body")),
    ):
        yield Row(
            f"400, {name}", (play,), "parsed", requests=2, dropped="presence_penalty", form="json_schema"
        )


def _forms() -> Iterator[Row]:
    """JSON that is refused in other words than by its field."""
    extra = "body.response_format.json_schema.strict: Extra inputs are not permitted"
    for name, play in (
        ("Google", refusal(400, "JSON mode is not enabled for models/gemma-3-27b-it")),
        (
            "DashScope",
            refusal(400, "Json mode response is not supported when enable_thinking is true"),
        ),
        ("TGI", told({"error": "Grammar error: invalid schema", "error_type": "grammar"}, 422)),
        ("Cerebras", refusal(400, extra, param="validation_error")),
        (
            "OpenAI, for its messages",
            refusal(
                400,
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type"
                " 'json_object'.",
                param="messages",
            ),
        ),
        ("no field but the word", refusal(400, "The messages must contain the word “JSON”.")),
    ):
        yield Row(f"JSON refused by {name}", (play,), "parsed", requests=2, form="json_object with schema")
    own = {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}
    for answers in ("auto", "text", "json"):
        yield Row(
            f"the user's own response_format refused, answers {answers}",
            (refusal(400, "This model does not support response_format.", param="response_format"),),
            "failed",
            r"status 400: This model does not support response_format\.\Z",
            always=True,
            settings={"answers": answers, "request": {"body": {"response_format": own}}},
        )


LLAMA_CPP_PYTHON = (
    "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text'"
    " or 'json_object'\", 'input': 'json_schema', 'ctx': {'expected': \"'text' or 'json_object'\"}}]"
)


def _fields_of_forms() -> Iterator[Row]:
    """JSON that an endpoint does not take: each form of it is refused once, without any wait."""
    for name, play in (
        ("500, pydantic's words", refusal(500, LLAMA_CPP_PYTHON, type="internal_server_error")),
        (
            "400, the parameter",
            refusal(400, "This model does not support it.", param="response_format", code="unsupported"),
        ),
        ("400, a sentence", refusal(400, "This model does not support response format `json_schema`.")),
        ("400, in camel case", refusal(400, "Unknown value for responseFormat.")),
        ("400, a part of the parameter", refusal(400, "no", param="response_format.json_schema")),
        ("400, its schema", refusal(400, "Invalid schema for response_format 'instructions'")),
        ("400, a plain text", answer(b"response_format: unknown variant `json_schema`", 400)),
        (
            "422, a list of details",
            answer(
                json.dumps(
                    {"detail": [{"type": "literal_error", "loc": ["body", "response_format", "type"]}]}
                ).encode(),
                422,
            ),
        ),
    ):
        yield Row(
            f"json_schema refused: {name}", (play,), "parsed", requests=2, form="json_object with schema"
        )
    for status in (400, 422, 500):
        refused = refusal(status, "response_format is not what I know")
        yield Row(
            f"any schema refused with {status}", (refused,) * 2, "parsed", requests=3, form="json_object"
        )
        yield Row(
            f"all JSON refused with {status}",
            (refused,) * 3,
            "parsed",
            requests=4,
            dropped="response_format",
            form="text",
        )
        yield Row(
            f"all JSON refused with {status}, and nothing else will do",
            (refused,) * 3,
            "ends",
            rf"status {status}: response_format is not what I know\. It accepts no request for JSON: set"
            r" (--|⟪)?answers",
            3,
            form="json_object",
            settings={"answers": "json"},
        )
    yield Row(
        "another parameter refused beside JSON",
        (refusal(400, "top_p and response_format do not go together", param="top_p"),),
        "parsed",
        requests=2,
        dropped="top_p",
        form="json_schema",
    )
    yield Row(
        "500 that speaks of something else",
        (refusal(500, "CUDA out of memory"),),
        "parsed",
        "",
        2,
        AGAIN,
        form="json_schema",
    )
    yield Row(
        "JSON that is not asked for", (answer(GOOD),), "parsed", form="text", settings={"answers": "text"}
    )


def _failed_generations() -> Iterator[Row]:
    """JSON that the model did not get right: nothing is refused."""
    mismatch = (
        "Generated JSON does not match the expected schema. Please adjust your prompt. See"
        " 'failed_generation' for more details. Error: jsonschema: '' does not validate"
    )
    failed = {
        "message": "Failed to generate JSON. Please adjust your prompt.",
        "code": "json_validate_failed",
    }
    for name, play in (
        ("by its code", refusal(400, "no", code="json_validate_failed")),
        ("in words", refusal(400, "Failed to generate JSON. Please adjust your prompt.")),
        ("against its schema", refusal(400, mismatch, code="json_validate_failed")),
        ("against its schema, without a code", refusal(400, mismatch)),
        ("in a 200", told({"error": failed})),
    ):
        yield Row(f"400, a failed generation {name}", (play,), "parsed", "", 2, AGAIN, form="json_schema")


def _gateways() -> Iterator[Row]:
    """Requests that no provider of a gateway takes, and content that it does not pass on."""
    missing = told({"error": {"message": NO_PROVIDER, "code": 404}}, 404)
    yield Row(
        "404, no provider for JSON with a schema", (missing,) * 2, "parsed", requests=3, form="json_object"
    )
    yield Row("404, no provider for JSON", (missing,) * 3, "parsed", requests=4, form="text")
    yield Row(
        "404, no provider for a penalty",
        (missing,) * 4,
        "parsed",
        requests=5,
        form="text",
        dropped="presence_penalty",
    )
    yield Row(
        "404, no provider whatever is left out",
        (missing,),
        "ends",
        r"No provider of 'm' at .* takes such a request.*\(status 404\): No endpoints found",
        7,
        always=True,
    )
    yield Row(
        "404, no provider whatever is left out but JSON",
        (missing,),
        "ends",
        r"No provider of 'm'",
        6,
        always=True,
        form="json_object",
        settings={"answers": "json"},
    )
    message = 'm requires moderation on P. Your input was flagged for "violence".'
    for name, error in (
        ("its input", {"message": "no", "metadata": {"reasons": ["violence"], "flagged_input": "kill"}}),
        ("its reasons", {"message": "no", "metadata": {"reasons": ["violence"]}}),
        ("words", {"message": message}),
        ("a violation", {"message": "Content violates usage guidelines."}),
    ):
        yield Row(
            f"403, flagged by {name}",
            (told({"error": {"code": 403, **error}}, 403),),
            "failed",
            r"refused by a moderation \(status 403\)",
        )


def _lengths() -> Iterator[Row]:
    """Requests that are too long for a model or for a rate limit, and what only sounds like it."""
    shorter = '"max_tokens": 1024'
    yield Row("400, a context by vLLM", (refusal(400, VLLM),), "parsed", requests=2, changed=shorter)
    yield Row(
        "400, a context by vLLM, twice",
        (refusal(400, VLLM),) * 2,
        "failed",
        r"context of 4,096 tokens does not hold the prompt and up to 512 tokens",
        2,
        changed=shorter,
    )
    yield Row(
        "400, a context by Anthropic",
        (refusal(400, "input length and `max_tokens` exceed context limit: 199000 + 1024 > 200000"),),
        "parsed",
        requests=2,
        changed=shorter,
    )
    yield Row(
        "400, a context with hardly any room",
        (refusal(400, "maximum context length is 4097 tokens and your request has 4060 input tokens"),),
        "failed",
        r"context of 4,097 tokens does not hold a prompt of 4,060 tokens and up to 1,024 tokens of answer",
    )
    for sentence in ("The request took too long to process.", "Your request is taking too long"):
        yield Row(f"500: {sentence}", (refusal(500, sentence),), "parsed", "", 2, AGAIN)
    for status in (413, 429):
        refused = refusal(status, GROQ, type="tokens", code="rate_limit_exceeded")
        yield Row(f"{status}, larger than a rate limit", (refused,), "parsed", requests=2, changed=shorter)
        yield Row(
            f"{status}, much larger than a rate limit",
            (refused,) * 2,
            "failed",
            rf"larger than a rate limit of the endpoint allows \(status {status}\).*or raise that limit",
            2,
        )
        used = GROQ.replace("Requested 7245", "Used 5000, Requested 2000")
        yield Row(f"{status}, a rate limit that is used up", (refusal(status, used),), "parsed", "", 2, AGAIN)


REFUSAL_ROWS = [
    row
    for rows in (_names, _forms, _fields_of_forms, _failed_generations, _gateways, _lengths)
    for row in rows()
]

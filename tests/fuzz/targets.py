"""What reads text of others, each as one function of bytes that fails when a promise is broken.

The promise is the same everywhere: nothing is raised but the reader's own error, with a sentence that a
person can be shown; what comes out can be stored and shown, and is no longer than what went in.
"""

import asyncio
import json
import random
import tempfile
import unicodedata
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from selfinstruct.core.dedupe.row_text import BadRowError, row_text
from selfinstruct.core.endpoint.client import MAX_BODY_BYTES, MAX_KEPT_BYTES, Endpoint
from selfinstruct.core.endpoint.responses import (
    AnswerError,
    error_in_answer,
    read_answer,
    read_error,
    read_models,
    read_told,
)
from selfinstruct.core.endpoint.route import Route
from selfinstruct.core.endpoint.send_error import SendError
from selfinstruct.core.errors import SelfInstructError, SettingsError
from selfinstruct.core.export.format_kinds import JsonFormat
from selfinstruct.core.export.registry import FORMATS
from selfinstruct.core.export.style import Style
from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.filters.keyword import KEYWORDS, keyword_spans
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.language.registry import known, language
from selfinstruct.core.language.tokens import tokens
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import (
    ParsedInstance,
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.core.method.prompts import load_templates
from selfinstruct.core.method.seed_file import load
from selfinstruct.core.method.thoughts import spoken
from selfinstruct.core.offline.transport import complete
from selfinstruct.core.requests.embedding_messages import read_vectors
from selfinstruct.core.settings.prices import Prices
from selfinstruct.core.settings.sources import check, read_file, resolve, storable
from selfinstruct.core.settings_check import faults
from selfinstruct.core.task_query import parse_filter
from selfinstruct.core.util.storable_text import storable_text
from selfinstruct.db.records import TrainingRow
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui.keys.own_keys import check_keys
from selfinstruct.tui.text.safe_text import safe, safe_line

LONGEST_SENTENCE = 4000


def readable(text: str, longest: int | None = None) -> None:
    """Fail unless a text can be stored, and be shown through the display's own door."""
    text.encode()
    assert "\0" not in text
    assert not _obeyed(safe_line(text))
    if longest is not None:
        assert len(text) <= longest


def _obeyed(text: str) -> list[str]:
    """What a terminal would not just draw."""
    return [one for one in text if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}]


@contextmanager
def _only(*kinds: type[Exception]) -> Iterator[None]:
    """Let an error of these kinds pass, if a person can read it."""
    said = None
    try:
        yield
    except kinds as error:
        # A person's own text may be in it; it is made visible when it is shown.
        said = safe_line(str(error))
    assert said is None or 0 < len(said) <= LONGEST_SENTENCE


def _text(data: bytes) -> str:
    return storable_text(data.decode(errors="replace"))


def _any_text(data: bytes) -> str:
    """Text as a command line or a JSON file may bring it, lone surrogates and all."""
    return data.decode("utf-8", "surrogateescape")


def answer(data: bytes) -> None:
    """The body of an answer or of an error."""
    for api in ("chat", "completions"):
        with _only(AnswerError):
            found = read_answer(data, api)
            readable(found.text, 1_000_000)
            readable(spoken(found.text), len(found.text))
    told = read_told(data)
    readable(told.model or "", 200)
    for counted in (told.prompt_tokens, told.completion_tokens):
        assert counted is None or 0 <= counted < 2**53
    for error in (read_error(data), error_in_answer(data)):
        if error is not None:
            readable(error.message, 500)
            for word in (*error.codes, *error.params):
                readable(word, 200)
    for name in read_models(data):
        readable(name, 200)


def proposals(data: bytes) -> None:
    """A list of tasks."""
    text = _text(data)
    for cut in (True, False):
        for continues in (True, False):
            for code in known():
                found = parse_proposals(text, cut=cut, continues_item=continues, language=code)
                assert sum(map(len, found)) <= len(text)
                for item in found:
                    assert item.strip() == item != ""
                    assert "\n" not in item
                    readable(clean_instruction(item))


def label(data: bytes) -> None:
    """The answer to whether it is a classification task."""
    for code in known():
        assert parse_label(_text(data), code) in {"classification", "generation", "unknown"}


def instances(data: bytes) -> None:
    """Inputs and outputs."""
    text = _text(data)
    for parse, code in product((parse_input_first, parse_output_first), known()):
        parsed = parse(text, code)
        assert all(len(one.input) <= len(text) and len(one.output) <= 6 * len(text) for one in parsed)
        kept = keep_or_drop(parsed, cut=False)
        assert [ParsedInstance(one.input, one.output) for one in kept] == parsed
        for one in kept:
            readable(one.input)
            readable(one.output)
            assert one.state == "dropped" or one.output.strip()


def refusal(data: bytes) -> None:
    """What an error's status, headers and body mean: the first line, the second, and the rest."""
    first, _, rest = data.partition(b"\n")
    header, _, body = rest.partition(b"\n")
    status = 300 + sum(first) % 300
    told = header.decode("latin-1")
    headers, route = {"retry-after": told, "location": told}, Route("", is_encrypted=False)
    error = _endpoint()._errors.error(status, headers, body, read_error(body), route)
    assert error.http_status == status
    assert error.retry_after_s is None or error.retry_after_s >= 0
    assert error.unusable or (error.retry_after_s or 0) <= 120
    safe_line(error.sentence)
    assert error.sentence.endswith((".", "!", "?"))
    assert len(error.sentence) <= 1200
    form = {"type": "json_schema", "json_schema": {"schema": {}}}
    sent: dict[str, Any] = {"temperature": 0, "stop": ["a"], "max_tokens": 9, "response_format": form}
    _endpoint().learned.clear()
    for _ in range(99):
        if not _endpoint().learn(error, sent, _endpoint().adapt(sent)):
            break
    else:
        raise AssertionError("A refusal teaches without end.")


@cache
def _endpoint() -> Endpoint:
    return Endpoint(resolve({"model": "m", "base_url": "http://127.0.0.1:9/v1"}))


def filters(data: bytes) -> None:
    """What the filters have to say."""
    text = _text(data)
    for code in known():
        usual = resolve({"language": code}).filters
        for reason in check_candidate(Candidate(text, language(code)), usual):
            readable(reason.sentence)
        for start, end in keyword_spans(text, KEYWORDS.of(usual), language(code)):
            assert 0 <= start < end <= len(text)
        assert all(tokens(text, code))


def vectors(data: bytes) -> None:
    """The answer to a request for vectors."""
    for count in (1, 2):
        with _only(AnswerError):
            found = read_vectors(data, count, dimension=None)
            assert len(found) == count
            assert all(abs(float(np.linalg.norm(vector)) - 1) < 1e-3 for vector in found)


def rows(data: bytes) -> None:
    """A line of a training file."""
    with _only(BadRowError):
        assert isinstance(row_text(data), str)
    with _only(BadRowError):
        assert isinstance(row_text(data, ["output"]), str)


@cache
def _workspace() -> Workspace:
    workspace = Workspace.open(_folder() / "w.db", create=True)
    with workspace.transaction():
        for text in ("Name a river of Europe.", 'Say "100 %" or _nothing_.', "Écris un haïku."):
            workspace.tasks.add(text, origin="model", at="now")
    return workspace


def search(data: bytes) -> None:
    """A filter line, and the search that it asks for."""
    with _only(SelfInstructError):
        wanted = parse_filter(_any_text(data))
        for word in wanted.words:
            readable(word)
        found = _workspace().tasks.search(wanted)
        assert set(found) <= {1, 2, 3}


_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")
"""Goes when the program ends."""


def _folder() -> Path:
    return Path(_FOLDER.name)


def _file(name: str, data: bytes) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


def settings_file(data: bytes) -> None:
    """selfinstruct.toml."""
    path = _file("selfinstruct.toml", data)
    with _only(SettingsError):
        read_file(path)
    with _only(SettingsError):
        settings = resolve({}, folder=path.parent)
        again = storable(settings)
        assert storable(resolve({}, stored=json.loads(json.dumps(again)))) == again
        check_keys(settings.keys)


def setting_values(data: bytes) -> None:
    """Texts that are typed into the form, or given as flags: a name a line, and its value."""
    values: dict[str, Any] = {}
    for line in _any_text(data).split("\n"):
        name, _, value = line.partition("=")
        values[name.strip()] = value.strip()
    for sentence in faults(values).values():
        safe_line(sentence)
    with _only(SettingsError):
        check(values, source="the settings")
        storable(resolve(values))


def address(data: bytes) -> None:
    """An address for --base-url: refused with a sentence at once, or when it is first used."""
    with _only(SettingsError):
        settings = resolve({"model": "m", "base_url": _any_text(data)})
        readable(settings.address)
        Prices(settings).cost(1, 1)
        _run(_open_and_close(Endpoint(settings)))


async def _open_and_close(endpoint: Endpoint) -> None:
    with _only(SendError):
        await endpoint._open()
    await endpoint.close()


def wire(data: bytes) -> None:
    """What comes over the wire in the place of an answer: these bytes, and then the end."""
    _run(_send_once(data))


async def _send_once(data: bytes) -> None:
    _told[0] = data
    endpoint = await _endpoint_of_ours()
    error = None
    try:
        body = await endpoint.send("x", {"max_tokens": 1})
        assert len(body) <= MAX_BODY_BYTES
    except SendError as caught:
        error = caught
    if error is not None:
        safe_line(error.sentence)
        assert 0 < len(error.sentence) <= LONGEST_SENTENCE
        assert len(error.body) <= MAX_KEPT_BYTES


_told = [b""]
_ours: list[Endpoint] = []


async def _endpoint_of_ours() -> Endpoint:
    """An endpoint whose server tells what is to be told: to make one takes longer than to ask it."""
    if not _ours:
        server = await asyncio.start_server(_talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        _ours.append(Endpoint(resolve({"model": "m", "base_url": f"http://127.0.0.1:{port}/v1"})))
    return _ours[0]


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_told[0])
        await writer.drain()
    writer.close()


@cache
def _loop() -> asyncio.Runner:
    return asyncio.Runner()


def _run(work: Coroutine[Any, Any, None]) -> None:
    _loop().run(work)


def prices(data: bytes) -> None:
    """The name of a model with a list price, or without one."""
    with _only(SettingsError):
        settings = resolve({"model": _any_text(data)})
        cost = Prices(settings).at_most(len(data), 1024)
        assert cost is None or 0 <= cost < float("inf")


def seeds(data: bytes) -> None:
    """A file of seed tasks."""
    with _only(SettingsError):
        for task in load(_file("seeds.jsonl", data)):
            readable(task.instruction)
            readable(task.name)
            readable(task.id)
            for one in task.instances:
                readable(one.input)
                readable(one.output)


def prompts(data: bytes) -> None:
    """A file of prompt templates."""
    with _only(SettingsError):
        for code in known():
            load_templates(_file("prompts.toml", data), code)


def export(data: bytes) -> None:
    """A row of a training file, in every format."""
    instruction, input_, output = (_text(data) + "\n\n\n").split("\n", 2)
    row = TrainingRow(1, "model", instruction, input_, output)
    for one in FORMATS:
        if not isinstance(one, JsonFormat):
            continue
        for number in range(4):
            record = one.encode(row, Style(rng=random.Random(number)))
            line = one.line(row, Style(rng=random.Random(number)))
            assert b"\n" not in line
            assert json.loads(line) == record
            as_array = b"".join(one.frame(Path("a.json")).around(iter([line])))
            assert json.loads(as_array) == [record]


def grammar(data: bytes) -> None:
    """A prompt to the built-in model."""
    text = _text(data)
    for body in ({"messages": [{"role": "user", "content": text}]}, {"prompt": text}):
        for code in known():
            document = complete(body, 0, code)
            read_answer(json.dumps(document).encode(), "chat" if "messages" in body else "completions")


def display(data: bytes) -> None:
    """Anything on its way to the terminal."""
    text = _any_text(data)
    shown = safe(text)
    assert safe(shown) == shown
    assert not _obeyed(shown.replace("\n", ""))
    assert len(safe_line(text, 40)) <= 40


TARGETS: dict[str, Callable[[bytes], None]] = {
    function.__name__: function
    for function in (
        answer, proposals, label, instances, refusal, filters, search, settings_file, setting_values, address,
        wire, prices, seeds, prompts, export, grammar, display,
    )
}  # fmt: skip

"""Texts that would do something to a terminal or to a program, and a look at what a terminal was given.

Each text begins and ends with plain words, so that a test can tell whether it came to the screen at all.
"""

import base64
import codecs
import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.records import NewInstance, NewRequest, Reason, Standing, Usage
from selfinstruct.db.workspace import Workspace
from tests.tui.grown import at_noon

ESC, ST = "\x1b", "\x1b\\"


def _listed(*codes: int) -> str:
    """The characters with a letter between each two, so that none can hide behind another."""
    return "x".join(map(chr, codes))


TEXTS = {
    "c0": _listed(*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F),
    "line ends": "one\rtwo\r\nthree\nfour\x0bfive\x85six\u2028seven\u2029eight",
    "c1": _listed(*range(0x80, 0xA0)),
    "link escape": f"{ESC}]8;;https://evil.example{ST}here{ESC}]8;;{ST}",
    "clipboard escape": f"{ESC}]52;c;ZXZpbA==\x07",
    "clipboard query": f"{ESC}]52;c;?{ST}",
    "c1 clipboard": "\x9d52;c;ZXZpbA==\x9c",
    "window title": f"{ESC}]0;owned\x07{ESC}]2;owned\x07{ESC}[21t",
    "cursor and screen": f"{ESC}[2J{ESC}[3;3H{ESC}[?1049l{ESC}c{ESC}#8{ESC}(0{ESC}[?1003l{ESC}[6n{ESC}[c",
    "colours": f"{ESC}[31;5;7;8m{ESC}[38;5;200m",
    "device strings": f"{ESC}P$qm{ST}{ESC}P+q544e{ST}{ESC}_Gi=31;AAAA{ST}{ESC}^x{ST}{ESC}Xx{ST}",
    "open csi": f"{ESC}[12;",
    "open osc": f"{ESC}]0;",
    "open dcs": f"{ESC}P",
    "open apc": f"{ESC}_",
    "open c1": "\x90\x9b\x9d\x9e\x9f",
    "shift": "\x0e\x0f\x08\x08\x08over",
    "closing markup": "[/] [/bold] [] [[/]]",
    "markup": "[bold red on white]x[/] [$text-error]y[/] [b]z",
    "action": "[@click=app.quit]press[/] [@click='app.quit()']press[/]",
    "markup link": "[link=https://evil.example]here[/link] [link='file:///etc/passwd']x[/]",
    "bare link": "https://evil.example/x file:///etc/passwd",
    "markdown": "[here](https://evil.example) ![x](file:///etc/passwd) `x` # x",
    "template": "{{ 7 * 7 }} {% for x in [1] %}x{% endfor %} {{ ''.__class__ }} {# x #} ${7*7} #{7*7}",
    "format": "{0} {} {x!r} {0.__class__} %s %d %(x)s %n {{}} \\x1b \\N{BULLET} :smile:",
    "shell": "$(touch owned) `touch owned` ; touch owned | touch owned && touch owned",
    "path": "../../../../tmp/owned /etc/passwd ~/.ssh/id_rsa C:\\owned \\\\host\\share",
    "sql": "'; DROP TABLE tasks; -- \" %_ * ^ NEAR(",
    "bidi": _listed(0x61C, *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    "zero width": _listed(0xAD, 0x34F, *range(0x200B, 0x200E), *range(0x2060, 0x2066), 0xFEFF, 0x1D159),
    "fillers": _listed(0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, 0xFFA0),
    "selectors": _listed(*range(0xFE00, 0xFE10), 0xE0100, 0xE01EF, *range(0x206A, 0x2070)),
    "tags": _listed(0xE0001, 0xE0002, *range(0xE0020, 0xE0080), 0xE0FFF),
    "specials": _listed(*range(0xFFF0, 0xFFFE), 0xFFFE, 0xFFFF, 0xFDD0, 0x1BCA0, 0x1D173, 0xE000, 0x10FFFF),
    "flood": "e" + "\u0301\u0489\u20dd" * 400 + "\u0e47" * 100,
    "emoji": "👩\u200d👩\u200d👧 ❤\ufe0f 🏴\U000e0067\U000e0062\U000e007f 1\ufe0f\u20e3",
}  # fmt: skip
"""By what each is. NUL is not among them: the workspace has none, a lone surrogate neither."""

LONG = "Begin long " + "y" * 500_000 + " " + "long word " * 50_000
"""One line of a megabyte."""

MODEL = f"m{TEXTS['clipboard escape']}[@click=app.quit]{TEXTS['bidi']}[/]"
"""The name of a model that nobody would choose."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ufdd0-\ufdef\U0001bca0-\U0001bca3"
    "\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SEQUENCE = re.compile(
    r"\x1b\[(?P<csi>[0-?]*[ -/]*[@-~])|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)|\x1b(?P<other>.)", re.DOTALL
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?\Z")
_COLOUR = r"(?:[34]8;2;\d{1,3};\d{1,3};\d{1,3}|[34]8;5;\d{1,3}|[0-9]|[1-4]\d|9[0-7]|10[0-7])"
_OURS = re.compile(
    rf"""(?:{_COLOUR}(?:;{_COLOUR})*)?m   # colours
    | \d{{1,3}};\d{{1,3}}H | H            # the cursor to a place on the screen
    | \d?[ABCDGJK] | \d*t                 # and one line up, erasing; what size the window has
    | \?(?:7|25|1000|1002|1003|1004|1006|1015|1016|1049|2004|2026|2048)(?:[hl]|\$p)
    | >\d*u | <u | \?u | >\d*q | c        # keys as this terminal sends them
    """,
    re.VERBOSE,
)


def strange(data: bytes) -> list[str]:
    """What is in the bytes of a terminal that no program of ours means to write, each with its surroundings.

    What we write ourselves are colours, the cursor, modes, and what a person copies.
    """
    # It may have been looked at in the middle of a character, or of a sequence.
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(data)
    text = _UNFINISHED.sub("", text)
    found = []
    for match in _SEQUENCE.finditer(text):
        csi, osc = match["csi"], match["osc"]
        if csi is not None and _OURS.fullmatch(csi):
            continue
        if osc is not None and osc.startswith("52;c;"):
            # What a person copies is copied exactly; what the texts would put there by themselves is not.
            found += ["in the clipboard: evil"] if clipboard(osc) == "evil" else []
        elif osc is None or not osc.startswith("22;"):  # the shape of the pointer
            found.append(f"{match.group()!r} in {text[max(0, match.start() - 60) : match.end() + 60]!r}")
    return found + strange_text(_SEQUENCE.sub("", text))


def clipboard(osc: str) -> str:
    """The text that a terminal puts into its clipboard."""
    return base64.b64decode(osc.removeprefix("52;c;")).decode("utf-8")


def clipboards(data: bytes) -> list[str]:
    """The texts that a terminal was given for its clipboard, in their order."""
    oscs = (match["osc"] or "" for match in _SEQUENCE.finditer(data.decode("utf-8", errors="replace")))
    return [clipboard(osc) for osc in oscs if osc.startswith("52;")]


def strange_text(text: str) -> list[str]:
    """The characters of a text that control, hide, reorder, or pile up."""
    found = [
        f"{character!r} in {text[max(0, place - 60) : place + 60]!r}"
        for place, character in enumerate(text)
        if character not in "\r\n"
        and not _shapes(text, place)
        and (
            unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
            or _INVISIBLE.match(character)
        )
    ]
    marks = 0
    for place, character in enumerate(text):
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks == 20:
            found.append(f"a flood of marks in {text[max(0, place - 60) : place + 60]!r}")
    return found


def _shapes(text: str, place: int) -> bool:
    """Whether a character is a joiner between two letters that it shapes, as in Persian and Hindi."""
    around = text[place - 1 : place], text[place + 1 : place + 2]
    scripts = ("ARABIC ", "DEVANAGARI ")
    return text[place] in "\u200c\u200d" and all(
        unicodedata.name(c, "").startswith(scripts) for c in around if c
    )


FILE_NAME = f"w{ESC}]0;owned\x07{TEXTS['bidi'][:12]}[bold]%s{{0}}\u200b\x9b.db"
"""A name of a file that a system allows."""


def hostile(name: str) -> str:
    """One of the texts between two plain words."""
    return f"Begin {name} {TEXTS[name]} end"


def groups() -> list[str]:
    """All of the texts in a few, each short enough to be shown in full."""
    texts, group = [], ""
    for name in TEXTS:
        if len(group) + len(hostile(name)) > 1500:
            texts.append(group)
            group = ""
        group = f"{group} {hostile(name)}".strip()
    return [*texts, group]


def grow(path: Path, texts: Iterable[str]) -> None:
    """A workspace in which all that others have written is hostile.

    What the program itself would refuse to store is written past it, as in a file that somebody sent.
    """
    with Workspace.open(path, create=True) as workspace:
        engine = Engine(
            workspace, resolve({"model": "m", "base_url": "http://127.0.0.1:9/v1"}), clock=at_noon
        )
        engine.enter()
        workspace._db.execute("PRAGMA ignore_check_constraints = ON")
        with workspace.transaction():
            for text in texts:
                _add(workspace, text)
        workspace.end_run(at=at_noon())


def _add(workspace: Workspace, text: str) -> None:
    """A candidate, an accepted task with instances, and requests of every kind, all with this text."""
    requests, tasks = workspace.requests, workspace.tasks

    def ask(stage: str, task_id: int | None, *, status: int | None = 200, body: bytes = b"") -> int:
        request = NewRequest(
            stage=stage,  # type: ignore[arg-type]
            batch=1,
            task_id=task_id,
            model=text[:5000],
            base_url=text[:5000],
            prompt=[{"role": "user", "content": text}],
            parameters={"max_tokens": 1, text[:5000]: text[:5000]},
            in_context=(1, 2),
            instruction=None if task_id is None else text,
            label=None,
            reserved_usd=None,
            held=True,
        )
        request_id = requests.plan(request, run_id=workspace.run_id, at=at_noon())
        attempt = requests.begin_attempt(
            request_id, {text[:5000]: text[:5000]}, run_id=workspace.run_id, at=text[:5000]
        )
        assert attempt is not None
        if status == 200:
            requests.store_answer(attempt, http_status=200, body=body, at=at_noon())
            requests.settle(attempt, answered_by=text[:5000], usage=Usage(1, 1, 0.5))
            requests.parsed(request_id)
        else:
            requests.store_failure(
                attempt, http_status=status, body=body, error=text, free=True, at=at_noon()
            )
            requests.fail(request_id, text)
        return request_id

    answer = json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}).encode()
    proposed = ask("propose", None, body=answer)
    ask("propose", None, status=500, body=text.encode())
    ask("propose", None, status=None)
    seen = Standing("pending", text, "classification")
    ids = []
    for accepted in (False, True):
        task_id = tasks.add(
            text,
            origin="model",
            name=text,
            at=text[:5000],
            label="classification",
            batch=1,
            request_id=proposed,
            held=True,
        )
        ids.append(task_id)
        verdict = "pass" if accepted else f"too_{text[:2000]}"
        tasks.assess(task_id, verdict, [] if accepted else [Reason(verdict, f"It has {text}.")], (1, 0.5))
        tasks.assign(task_id, stage="classify", request_id=ask("classify", task_id, body=answer))
        tasks.assign(task_id, stage="instantiate", request_id=ask("instantiate", task_id, body=answer))
    candidate, accepted_id = ids
    workspace.decisions.add(
        accepted_id, "accept", step=workspace.decisions.next_step(), who="human", at=text[:5000],
        before=seen, after=Standing("accepted", text, "classification"), tag=text[:5000],
    )  # fmt: skip
    for kind, who, tag in (("relabel", text[:5000], text[:5000]), (text[:5000], "human", None)):
        workspace.decisions.add(
            candidate, kind, step=workspace.decisions.next_step(), who=who, at=text[:5000],  # type: ignore[arg-type]
            before=Standing("pending", f"before {text}", "classification"), after=seen, tag=tag,
        )  # fmt: skip
    made = [
        NewInstance(text, text),
        NewInstance(text, text, "dropped", Reason("by_hand", text)),
        NewInstance("", text),
    ]
    for task_id in ids:
        workspace.instances.add(task_id, text, "classification", made, request_id=proposed)

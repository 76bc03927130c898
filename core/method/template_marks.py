"""Marks of chat templates that a server failed to remove: they end an answer, and are not part of it."""

import re
from collections.abc import Collection

from selfinstruct.core.language.unicode_tokens import fold

_MARK = re.compile(
    r"<\|/?[A-Za-z][\w .-]{0,40}\|?>|<[/\w]{1,20}\|>"
    r"|<｜[^<>｜\n]{1,40}｜>|\[\|/?[A-Za-z][\w .-]{0,40}\|\]"
    r"|<(?:reserved|unused)_?\d{1,4}>|<_(?:user|human|bot|assistant|system|end)>"
    r"|<(?:bos|eos|pad|unk|/?start_of_(?:turn|image)|/?end_of_(?:turn|image|text|utterance)|extra_id_\d+|sep|mask)>"
    r"|\[/?INST\]|<<?/?SYS>>?|\[(?:EOS|BOS|end of text|/?AVAILABLE_TOOLS)\]|\[PAD\d*\]"
    r"|</s>|<s>"
)
# They end an answer only where nothing follows them: elsewhere they may be part of a text, or cut off.
_LAST = re.compile(
    r"(?:<(?:/?s|/?eot|/?eos|/?end|/?stop|/?done|end[ _-]of[ _-]\w{1,12})>|\[(?:end|eot|eos|stop|done)\]"
    r"|<\|[\w/]{0,20}\|?|(?<=[\w.?!。？！\"”])[ ]{0,20}###|(?:(?<=\n\n)|(?<=[\w.?!。？！]\n))###)\s{0,20}\Z",
    re.IGNORECASE,
)
_LAST_CLOSING = re.compile(
    r"(?:</(?P<name>output|answer|response|result|final|reply|tasks?|instructions?|labels?|assistant|model)>"
    r"|\\end\{(?P<part>document|enumerate|itemize)\})\s{0,20}\Z",
    re.IGNORECASE,
)
# Bytes and spaces that a server failed to decode.
_UNDECODED = re.compile(r"(?:<0x[0-9A-F]{2}>|[▁ĊĠ])\s{0,20}\Z")
_GLUED = re.compile(
    r"(?P<before>[^\s#])(?P<space>[ \t]{0,4})(?P<mark>#{2,4}[ \t]{0,2}(?P<name>[^\W\d_][^\n:：#]{0,20})[:：])"
    r"(?P<after>[ \t]{0,2}[a-z{\[<])?"
)
_LONGEST_LAST, _MOST_LAST = 60, 5
_LEADING = re.compile(
    rf"\A(?:\s*(?:{_MARK.pattern})(?:\s*(?:assistant|model|ai|bot|gpt)[ \t]*:?[ \t]*(?=[\n<\[]|\Z))?)+",
    re.IGNORECASE,
)
_STRUCK = re.compile(r"</s>[^\S\n]*[^\s<]")
_QUOTED = {"`": "`", '"': '"', "'": "'", "“": "”", "「": "」", "‘": "’"}


def before_marks(text: str, names: Collection[str] = ()) -> tuple[str, bool]:
    """Cut an answer at the first mark, apart from those that it begins with.

    Marks that a sentence quotes, and the strikethrough `<s>...</s>` of HTML, stay. A heading on a line of its
    own is no mark, but one in the middle of a line is: "Win!### Human: ...".

    Args:
        text: The answer.
        names: The folded names that such a heading may have.

    Returns:
        The text, and whether a mark ended it.
    """
    glued = next((mark for mark in _GLUED.finditer(text) if fold(mark["name"].strip()) in names), None)
    if glued is not None and not _is_spoken_of(glued):
        return before_marks(text[: glued.start("mark")].rstrip())[0], True
    leading = _LEADING.match(text)
    struck = leading is not None and leading[0].endswith("<s>") and _STRUCK.search(text) is not None
    text = text[leading.end() :] if leading and not struck else text
    struck = False
    for mark in _MARK.finditer(text):
        if mark[0] == "<s>":
            struck = True
            continue
        if mark[0] == "</s>" and struck:
            struck = False
            continue
        if not _is_quoted(text, mark):
            return _before_last_marks(text[: mark.start()].rstrip())[0], True
    return _before_last_marks(text)


def _is_spoken_of(heading: "re.Match[str]") -> bool:
    """Whether a sentence quotes the heading of a template, or goes on before and after it."""
    if heading["before"] in "`\"'“‘「(":
        return True
    return bool(heading["space"] and heading["after"]) and heading["before"].isalnum()


def _before_last_marks(text: str) -> tuple[str, bool]:
    """Cut off the marks that count only at the end of an answer."""
    ended, at = False, len(text.rstrip())
    for _ in range(_MOST_LAST):
        window = max(0, at - _LONGEST_LAST)
        if found := _UNDECODED.search(text, window, at):
            at = found.start()
            continue
        found = _LAST.search(text, window, at)
        if found is None and (closing := _LAST_CLOSING.search(text, window, at)) is not None:
            opens = f"<{closing['name']}" if closing["name"] else f"\\begin{{{closing['part']}}}"
            found = None if opens.lower() in text[:at].lower() else closing
        if found is None:
            break
        # A line of "###" may be the beginning of a heading that was cut off.
        ended, at = ended or "#" not in found[0], found.start()
    return (text, False) if at == len(text.rstrip()) else (text[:at].rstrip(), ended)


def _is_quoted(text: str, mark: "re.Match[str]") -> bool:
    before, after = text[max(0, mark.start() - 2) : mark.start()], text[mark.end() : mark.end() + 2]
    if before[-1:] in _QUOTED and after[:1] == _QUOTED[before[-1:]]:
        return True
    running = len(before) == 2 and before[0].isalnum() and before[1] == " "
    return running and re.match(r" [a-z]", after) is not None

"""A reasoning model's thoughts in an answer: tags in every usual spelling, and harmony channels."""

import re

_THOUGHT = (
    r"think(?:ing)?|thoughts?|reason(?:ing)?|reflections?|analysis|scratchpad|monologue|deliberations?"
    r"|思考|推理|推論|생각|사고|razonamiento|pensamientos?"
)
_NAMES = (
    rf"(?:(?:chain[ _-]?of|inner|internal|my|step[ _-]by[ _-]step|hidden|private)[ _-]?)?(?:{_THOUGHT})"
    r"(?:[ _-]?(?:process|content|steps?|block|trace|chain|text|过程|過程|プロセス|과정))?"
    r"|antthinking|seed:think|ponder|cot"
)
# Names that are thoughts only where an answer begins with them.
_OPENING_NAMES = (
    r"plan(?:ning)?|steps?|internal|draft|brainstorm(?:ing)?|notes?|outline|self[ _-]?(?:check|critique)"
)
_SUMMARY = rf"\s*<summary>[^<>\n]{{0,40}}?(?:{_THOUGHT})[^<>\n]{{0,40}}</summary>"
# Tags as in XML, BBCode, Kimi, Command A, Gemma and QwQ-like models; front ends fold thoughts by `details`.
_TAG = re.compile(
    rf"<(?P<close>/)?\s*(?:{_NAMES})(?:\s[^<>\n]*)?>"
    rf"|\[(?P<close2>/)?(?:{_THOUGHT})\]"
    r"|◁(?P<close3>/)?think▷"
    r"|<\|(?:start|(?P<close4>end))_(?:of_)?(?:thinking|thought)\|>"
    rf"|<\|(?P<close7>/)?(?:{_NAMES})\|>"
    r"|<\|begin_of_thought\|>"
    r"|<unused\d{1,3}>thought\b|(?P<close8><unused\d{1,3}>)"
    rf"|(?P<open_details><details[^<>\n]*(?:\btype\s*=\s*[\"']reasoning[\"'][^<>\n]*>|>{_SUMMARY}))"
    r"|(?P<close5></details>)"
    r"|<\|channel>thought\b|(?P<close6><channel\|>)",
    re.IGNORECASE,
)
_TAGS_BEGIN_WITH = "<[◁"
_CLOSES = ("close", "close2", "close3", "close4", "close5", "close6", "close7", "close8")
_OPENING_BLOCKS = re.compile(
    rf"\A\s*(?:<(?P<name>{_OPENING_NAMES})>(?:(?!<(?P=name)>).)*?</(?P=name)>\s*)+(?=[^<\s])",
    re.DOTALL | re.IGNORECASE,
)
_OPENING_TAG = re.compile(rf"</?(?:{_OPENING_NAMES})>", re.IGNORECASE)
_CUT_OPENING = re.compile(rf"\A\s*<(?:{_OPENING_NAMES})>", re.IGNORECASE)
_OPENING_FENCE = re.compile(
    rf"\A\s*(```|~~~)(?:{_NAMES})[ \t]*\n(?P<thought>.*?)\n\1[ \t]*(?=\n)", re.DOTALL | re.IGNORECASE
)
_CHANNEL = re.compile(r"<\|channel\|>\s*(?P<name>\w+)[^<\n]*(?:<\|[a-z]+\|>[^<\n]*)??<\|message\|>")
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
# Where the prompt has begun the header, an answer begins with the rest of it.
_HEADER_TAIL = re.compile(
    r"\A\s*(?:(?:<\|start\|>|assistant|analysis|commentary|final|code|json|to=[\w.]++|<\|constrain\|>)\s*)+"
    r"<\|message\|>"
)
# Some servers decode harmony without its special tokens.
_BARE_HARMONY = re.compile(
    r"\A\s*(?:assistant)?analysis(?=\S)(?P<thought>.*?)assistant\s*final(?=\S|\s)", re.DOTALL
)
_ENVELOPE = re.compile(
    r"\A\s*(?:<(answer|response|final_answer|final|output|result|reply)>"
    r"|<\|(?:START|begin)_(?:OF_)?(?:RESPONSE|solution|ACTION)\|>)"
    r"(?P<said>(?:(?!</?\1>).)*?)(?:</\1>|<\|END_(?:OF_)?(?:RESPONSE|solution|ACTION)\|>|\Z)\s*\Z",
    re.DOTALL | re.IGNORECASE,
)
_MENTIONED_WORDS = 3
"""A pair of tags inside a sentence with at most this many words between them is mentioned, not used."""


def spoken(text: str) -> str:
    """Return the answer without the model's thoughts; empty if the token limit truncated them.

    Tags that a sentence speaks of ("what does </think> do?") stay.
    """
    said = _final_channel(_with_header(text))
    if said is None:
        said = _BARE_HARMONY.sub("", text, count=1)
    if any(mark in said for mark in _TAGS_BEGIN_WITH):
        said = _OPENING_BLOCKS.sub("", _apart(said)[0])
    said = _OPENING_FENCE.sub("", said)
    if (cut := _CUT_OPENING.match(said)) and f"</{cut[0].strip()[1:]}" not in said:
        return ""
    envelope = _ENVELOPE.match(said)
    return envelope["said"] if envelope else said


def thoughts_in(text: str) -> str:
    """Return the model's thoughts, which `spoken` leaves out, without their tags; empty if there are none.

    Blocks are separated by a blank line.
    """
    headed = _with_header(text)
    thought = [said for name, said in _channels(headed) if name == "analysis"]
    said = _final_channel(headed)
    if said is None:
        bare = _BARE_HARMONY.match(text)
        thought += [bare["thought"]] if bare else []
        said = text[bare.end() :] if bare else text
    if any(mark in said for mark in _TAGS_BEGIN_WITH):
        said, blocks = _apart(said)
        opening = _OPENING_BLOCKS.match(said)
        thought += [*blocks, *([_OPENING_TAG.sub("", opening[0])] if opening else [])]
        said = said[opening.end() :] if opening else said
    if fence := _OPENING_FENCE.match(said):
        thought.append(fence["thought"])
    return "\n\n".join(filter(None, map(str.strip, thought)))


def _with_header(text: str) -> str:
    tail = _HEADER_TAIL.match(text)
    if tail is None:
        return text
    name = next((name for name in ("analysis", "commentary") if name in tail[0]), "final")
    return f"<|channel|>{name}<|message|>{text[tail.end() :]}"


def _final_channel(text: str) -> str | None:
    """The text of harmony's final channel; None if the text has no channels.

    Without one, that of the commentary, where models write what they take for the call of a function.
    """
    channels = _channels(text)
    if not channels:
        return None
    names = {name for name, _ in channels}
    spoken_in = "final" if "final" in names else "commentary"
    return "\n".join(said for name, said in channels if name == spoken_in)


def _channels(text: str) -> list[tuple[str, str]]:
    """The name and text of each of harmony's channels."""
    channels = []
    for channel in _CHANNEL.finditer(text):
        end = _CHANNEL_END.search(text, channel.end())
        channels.append((channel["name"], text[channel.end() : end.start() if end else len(text)]))
    return channels


def _apart(text: str) -> tuple[str, list[str]]:
    """What is outside of blocks of thoughts, and each block without its tags.

    A block that is never opened begins with the text, and one that is never closed ends it.
    """
    kept: list[str] = []
    cut: list[str] = []
    depth = at = details = 0
    for tag in _TAG.finditer(text):
        closes = any(tag[name] for name in _CLOSES)
        if tag["open_details"]:
            details += 1
        elif tag["close5"]:
            if not details:
                continue
            details -= 1
        elif tag["close8"] and depth == 0:
            continue
        if depth == 0 and _is_mentioned(text, tag):
            continue
        if closes:
            if depth <= 1:
                cut.append(text[at : tag.start()])
                if depth == 0:
                    cut[-1] = "".join(kept) + cut[-1]
                    kept.clear()
                at = tag.end()
            depth = max(0, depth - 1)
        else:
            if depth == 0:
                kept.append(text[at : tag.start()])
                at = tag.end()
            depth += 1
    (kept if depth == 0 else cut).append(text[at:])
    return "".join(kept), cut


def _is_mentioned(text: str, tag: "re.Match[str]") -> bool:
    """Whether a sentence mentions this tag: it is quoted, or in the middle of running words."""
    before, after = text[max(0, tag.start() - 2) : tag.start()], text[tag.end() : tag.end() + 2]
    if before[-1:] in tuple("`'\"“‘「『《") and after[:1] in tuple("`'\"”’」』》"):
        return True
    running = len(before) == 2 and (before[0].isalnum() or before[0] in ",;") and before[1] == " "
    if not running:
        return False
    if any(tag[name] for name in _CLOSES):
        return bool(re.match(r"(?: [^\W\d_]|[,.;?!])", text[tag.end() : tag.end() + 2])) and (
            not after[1:].isupper()
        )
    closing = next((one for one in _TAG.finditer(text, tag.end(), tag.end() + 200)), None)
    if closing is None:
        return bool(re.match(r"(?: [a-z]|[,.;?!])", after))
    between = text[tag.end() : closing.start()]
    return "\n" not in between and len(between.split()) <= _MENTIONED_WORDS

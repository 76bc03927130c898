"""`gpt3`: prompt and completion, in a mix of layouts (section 2.3)."""

from selfinstruct.core.export.format_kinds import JsonFormat, Record
from selfinstruct.core.export.style import Style
from selfinstruct.db.records import TrainingRow

_END = "<|endoftext|>"
_WITH_INPUT = (
    ("{instruction}\nInput: {input}\nOutput:", " {output}"),
    ("{instruction}\n\nInput: {input}\n\nOutput:", " {output}"),
    ("Task: {instruction}\nInput: {input}\nOutput:", " {output}"),
    ("{instruction}\n\n{input}\n\nOutput:", " {output}"),
    ("{instruction}\n\n{input}\n\n", "{output}"),
    ("{instruction}\n{input}\n\n", "{output}"),
    ("Task: {instruction}\n\n{input}\n\n", "{output}"),
)
_WITHOUT_INPUT = (
    ("{instruction} Output:", " {output}"),
    ("{instruction}\nOutput:", " {output}"),
    ("{instruction}\n\nOutput:", " {output}"),
    ("{instruction}\n", "{output}"),
    ("{instruction}\n\n", "{output}"),
    ("Task: {instruction}\n\n", "{output}"),
)


def _encode_as_published(row: TrainingRow, style: Style) -> Record:
    """Encode a row in one of the published layouts, with their end-of-text marker, each equally likely."""
    texts = {
        "instruction": row.instruction.strip(),
        "input": row.input.strip(),
        "output": row.output.strip(),
    }
    prompt, completion = style.rng.choice(_WITH_INPUT if texts["input"] else _WITHOUT_INPUT)
    return {"prompt": prompt.format(**texts), "completion": completion.format(**texts) + _END}


def _encode_varied(row: TrainingRow, style: Style) -> Record:
    """Encode a row in a random layout, whose parts vary independently.

    Layouts differ in "Task:", "Input:" and "Output:" prefixes, and in one or two line breaks between parts.
    """
    gap = style.rng.choice(["\n", "\n\n"])
    parts = [style.rng.choice(["Task: ", ""]) + row.instruction]
    if row.input:
        parts.append(style.rng.choice(["Input: ", ""]) + row.input)
    if style.rng.random() < 0.5:
        return {"prompt": gap.join([*parts, "Output:"]), "completion": f" {row.output}"}
    return {"prompt": gap.join(parts) + gap, "completion": row.output}


GPT3 = JsonFormat(
    "gpt3",
    "prompt and completion in a mix of layouts, the paper's by default",
    _encode_as_published,
    layouts=(("paper", _encode_as_published), ("varied", _encode_varied)),
)

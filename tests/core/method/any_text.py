"""Random text for the readers of answers, and the pairs of input and output read from it."""

import string

from hypothesis import strategies as st

from selfinstruct.core.method.parsing import ParsedInstance

PIECES = [
    "9.", "10)", "1984.", "3.5", "**", "__", "*", "-", "•", "#", "###", ">", ":", '"', "“", "”", "'", "(",
    "Task", "Task 3:", "Instruction:", "Input:", "Output:", "Class label:", "Example 2", "EXAMPLE", "None",
    "<noinput>", "yes", "No", "```", "```py", "~~~", "---", "word", "Größe", "猫", "\u2028", "\x85", "\0",
    "\ufeff", "\r", "\r\n", "\n", "\n\n", "\n  ", "\t", " ",
]  # fmt: skip
ANY_TEXT = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=80)

SENTENCE = st.lists(
    st.text(string.ascii_lowercase + "äßéñ", min_size=2, max_size=8), min_size=2, max_size=6
).map(lambda words: " ".join(words).capitalize() + ".")

PAIRS = [("cod", "fish"), ("wren", "bird")]


def pairs(instances: list[ParsedInstance]) -> list[tuple[str, str]]:
    return [(instance.input, instance.output) for instance in instances]

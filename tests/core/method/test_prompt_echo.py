"""An answer that repeats its prompt is read without what it repeats."""

from selfinstruct.core.method.prompt_echo import without_prompt

SYSTEM = "You write worked examples of tasks, in exactly the format that you are shown.\nBe brief."


def test_lines_of_the_instructions_are_no_part_of_an_answer() -> None:
    echo = f"{SYSTEM}\n\nInput: a\nOutput: b"
    assert without_prompt(echo, SYSTEM) == "Be brief.\n\nInput: a\nOutput: b"
    assert without_prompt(f"<s>\n  {SYSTEM.splitlines()[0]}  \nx", SYSTEM) == "<s>\nx"


def test_an_answer_that_repeats_nothing_stays_as_it_is() -> None:
    for text in (
        "",
        "Input: a\r\nOutput: b",
        "Be brief.",
        "You write worked examples of tasks.",
        "a\n\n\nb\n",
    ):
        assert without_prompt(text, SYSTEM) == text


def test_lines_without_spaces_are_known_as_well() -> None:
    said = "你负责为任务编写示例，格式必须与给出的示例完全一致。"
    assert without_prompt(f"{said}\n\n春风吹绿江南岸。", said) == "\n春风吹绿江南岸。"

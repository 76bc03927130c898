"""Thoughts come apart from the output in every usual spelling, and are never lost."""

from pathlib import Path
from typing import Any

import pytest

from tests.core.dataset_files.files import BOT, USER, one, refused

ASKED = {"instruction": "1 + 1?"}


@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        *(
            (f"<{tag}>", f"</{tag}>")
            for tag in ("think", "thinking", "thought", "thoughts", "reason", "reasoning")
        ),
        ("<seed:think>", "</seed:think>"),
        ("<antThinking>", "</antThinking>"),
        ("<THINK>", "</THINK>"),
        ("[THINK]", "[/THINK]"),
        ("◁think▷", "◁/think▷"),
        ("<|think|>", "<|/think|>"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
    ],
)
def test_a_block_is_known_in_every_spelling(tmp_path: Path, opens: str, closes: str) -> None:
    for content in (f"{opens}Hm.{closes}Two.", f"\n{opens}\nHm.\n{closes}\n\nTwo."):
        row = one(tmp_path, **ASKED, output=content)
        assert (row.thoughts, row.output) == ("Hm.", "Two.")
    row = one(tmp_path, **ASKED, output=f"Two. {opens}Hm.{closes}")
    assert row.thoughts == ""
    assert (
        refused(tmp_path, **ASKED, output=f"{opens}Hm.") == "begins its output with thoughts that do not end"
    )


@pytest.mark.parametrize(
    ("fields", "thoughts"),
    [
        ({**ASKED, "output": "Two.", "reasoning_content": "Hm."}, "Hm."),
        ({**ASKED, "output": "Two.", "reasoning_content": "", "reasoning": "Hm."}, "Hm."),
        ({**ASKED, "output": "Two.", "reasoning_content": None, "thinking": "Hm."}, "Hm."),
        ({**ASKED, "output": "Two.", "reasoning": "on"}, ""),
        ({**ASKED, "output": "<think>Hm.</think>Two.", "reasoning": "on"}, "Hm."),
        ({**ASKED, "output": "Two.", "reasoning": True}, ""),
        ({**ASKED, "output": "Two.", "reasoning": []}, ""),
        ({"prompt": "1 + 1?", "completion": "Two.", "reasoning": "Hm."}, "Hm."),
        ({"messages": [USER, {**BOT, "content": "Two."}], "reasoning": "Hm."}, "Hm."),
        ({"messages": [USER, {"role": "assistant", "content": "Two.", "reasoning_content": "Hm."}]}, "Hm."),
        (
            {"prompt": [USER], "completion": [{"role": "assistant", "content": "Two.", "thinking": "Hm."}]},
            "Hm.",
        ),
        (
            {
                "messages": [
                    {**USER, "reasoning_content": ""},
                    {"role": "assistant", "content": "Two.", "reasoning_content": "Hm."},
                ]
            },
            "Hm.",
        ),
        ({"instruction": "1 + 1?", "instances": [{"input": "", "output": "<think>Hm.</think>Two."}]}, "Hm."),
    ],
)
def test_thoughts_beside_an_output_belong_to_it(
    tmp_path: Path, fields: dict[str, Any], thoughts: str
) -> None:
    row = one(tmp_path, **fields)
    assert (row.thoughts, row.output) == (thoughts, "Two.")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"messages": [USER, {**BOT, "reasoning_content": "Hm."}, USER, BOT]},
            "has thoughts in message 2, and only those of the last one can be kept",
        ),
        ({**ASKED, "output": "Two.", "reasoning": [{"text": "Hm."}]}, "has no text in reasoning"),
        ({**ASKED, "output": "[THINK]Hm.[/THINK]", "input": ""}, "has no output"),
        ({**ASKED, "output": "<think></think>Two.", "thoughts": {"a": 1}}, "has no text in thoughts"),
    ],
)
def test_thoughts_that_cannot_be_kept_are_told(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    assert refused(tmp_path, **fields) == reason

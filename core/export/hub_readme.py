"""README.md of a folder that the Hugging Face Hub and `datasets.load_dataset` take: its files by split."""

from collections.abc import Mapping


def hub_readme(rows: Mapping[str, int]) -> str:
    """Return the text of README.md, which leaves the licence to the person.

    Args:
        rows: The number of rows of each split.
    """
    splits = "".join(f"      - split: {part}\n        path: data/{part}-*\n" for part in rows)
    counts = "\n".join(f"| {part} | {number:,} |" for part, number in rows.items())
    return f"""\
---
configs:
  - config_name: default
    data_files:
{splits}---

# Instruction-tuning data

Conversations in the column `messages`, each message with `role` and `content`. Made with selfinstruct-tui.

| split | rows |
| --- | --- |
{counts}
"""

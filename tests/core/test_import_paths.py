"""What scripts import stays where it is."""

from importlib import import_module

import pytest


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("selfinstruct.core.similarity", ["RougeIndex"]),
        ("selfinstruct.core.engine", ["Engine"]),
        ("selfinstruct.core.settings", ["Settings"]),
        (
            "selfinstruct.core.method",
            ["parse_proposals", "parse_label", "parse_input_first", "parse_output_first", "keep_or_drop"],
        ),
    ],
)
def test_the_documented_imports_work(module: str, names: list[str]) -> None:
    assert all(callable(getattr(import_module(module), name)) for name in names)

"""Instructions in each language: those that text can serve pass, the others fall."""

import pytest

from benchmarks.instructions import misses, own_cases
from selfinstruct.core.language.registry import with_seeds

CASES = own_cases()


@pytest.mark.parametrize("code", with_seeds())
def test_a_task_for_text_passes_and_one_for_a_picture_falls(code: str) -> None:
    cases = [case for case in CASES if case.language == code]
    assert sum(case.passes for case in cases) >= 20
    assert sum(not case.passes for case in cases) >= 20
    assert misses(cases) == []

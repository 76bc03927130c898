"""A person's own prompts may call the fields what they like: answers in these names are read."""

from pathlib import Path

import pytest

from selfinstruct.core.method.own_names import own_names
from selfinstruct.core.method.parsing import (
    OwnNames,
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.db.records import ApiKind

GERMAN = """
[classify.{api}]
{field} = '''
{{% for example in examples %}}
Aufgabe: {{{{ example.instruction }}}}
Klassifikation? {{{{ "Ja" if example.is_classification else "Nein" }}}}

{{% endfor %}}
Aufgabe: {{{{ instruction }}}}
Klassifikation?'''

[input_first.{api}]
{field} = '''
{{% for example in examples %}}
Aufgabe: {{{{ example.instruction }}}}
{{% for instance in example.instances %}}
**Eingabe:** {{{{ instance.input }}}}
**Ausgabe:** {{{{ instance.output }}}}
{{% endfor %}}
{{% endfor %}}
Aufgabe: {{{{ instruction }}}}'''

[output_first.{api}]
{field} = '''
{{% for example in examples %}}
Aufgabe: {{{{ example.instruction }}}}
{{% for instance in example.instances %}}
### Klasse
{{{{ instance.output }}}}
### Text
{{{{ instance.input }}}}
{{% endfor %}}
{{% endfor %}}
Aufgabe: {{{{ instruction }}}}'''
"""


@pytest.fixture(params=["chat", "completions"])
def names(request: pytest.FixtureRequest, tmp_path: Path) -> OwnNames:
    api: ApiKind = request.param
    path = tmp_path / "prompts.toml"
    path.write_text(GERMAN.format(api=api, field="user" if api == "chat" else "prompt"), encoding="utf-8")
    return own_names(api, path, "other")


def test_the_names_are_found_in_the_prompts(names: OwnNames) -> None:
    assert names == OwnNames(
        task=("Aufgabe",),
        input=("Eingabe", "Text"),
        output=("Ausgabe",),
        label=("Klasse",),
        question=("Klassifikation?",),
        yes=("Ja",),
        no=("Nein",),
    )


def test_answers_in_these_names_are_read(names: OwnNames) -> None:
    (one,) = parse_input_first("Eingabe: Kabeljau\nAusgabe: Fisch", "other", own=names)
    assert (one.input, one.output) == ("Kabeljau", "Fisch")
    (one,) = parse_output_first("Klasse: Fisch\nText: Kabeljau", "other", own=names)
    assert (one.input, one.output) == ("Kabeljau", "Fisch")
    assert parse_label("Ja, denn es gibt nur zwei Klassen.", "other", own=names) == "classification"
    assert parse_label("Klassifikation? Nein", "other", own=names) == "generation"
    items = parse_proposals("Aufgabe 9: Nenne ein Meer.", cut=False, continues_item=False, own=names)
    assert items == ["Nenne ein Meer."]


def test_prompts_that_are_built_in_add_no_names() -> None:
    assert own_names("chat", None, "ja") == OwnNames()


def test_a_yes_and_a_no_with_a_colon_are_no_part_of_the_question(tmp_path: Path) -> None:
    path = tmp_path / "prompts.toml"
    written = GERMAN.replace('"Ja"', '"Ja: eine Klasse"').replace('"Nein"', '"Nein: keine Klasse"')
    path.write_text(written.format(api="completions", field="prompt"), encoding="utf-8")
    found = own_names("completions", path, "other")
    assert found.question == ("Klassifikation?",)
    assert (found.yes, found.no) == (("Ja: eine Klasse",), ("Nein: keine Klasse",))

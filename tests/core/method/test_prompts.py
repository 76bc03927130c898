"""Prompts as the paper has them, for both kinds of API, and templates of one's own."""

import random
import re
from importlib.resources import files
from pathlib import Path

import pytest

from selfinstruct.core.errors import SettingsError
from selfinstruct.core.method.prompts import (
    Example,
    PromptWriter,
    RenderedPrompt,
    built_in_templates,
    load_templates,
)
from selfinstruct.core.method.seed_file import load
from selfinstruct.core.method.seeds import built_in
from selfinstruct.db.records import AnswerKind, ApiKind

SEEDS = [
    Example(
        number,
        seed.instruction,
        seed.is_classification,
        tuple((instance.input, instance.output) for instance in seed.instances),
    )
    for number, seed in enumerate(load(built_in("en")), start=1)
]
BY_ID = {seed.id: seed for seed in SEEDS}
SHOWN = [(seed.id, seed.instruction) for seed in SEEDS[:8]]

both_kinds = pytest.mark.parametrize("api", ["chat", "completions"])


def writer(api: ApiKind, rng_seed: int = 0, path: Path | None = None) -> PromptWriter:
    return PromptWriter(api, SEEDS, random.Random(rng_seed), path)


def text_of(rendered: RenderedPrompt) -> str:
    """The text that the model continues or answers."""
    prompt = rendered.prompt
    return prompt if isinstance(prompt, str) else prompt[-1]["content"]


@both_kinds
def test_eight_instructions_are_shown_with_their_numbers(api: ApiKind) -> None:
    rendered = writer(api).propose(SHOWN, classification_only=False)
    listed = re.findall(r"^(\d+)\. (.+)$", text_of(rendered), re.MULTILINE)
    assert listed == [(str(number), text) for number, (_, text) in enumerate(SHOWN, start=1)]
    assert rendered.in_context == tuple(task_id for task_id, _ in SHOWN)


def test_a_chat_model_is_asked_for_eight_more() -> None:
    rendered = writer("chat").propose(SHOWN, classification_only=False)
    assert isinstance(rendered.prompt, list)
    assert [message["role"] for message in rendered.prompt] == ["system", "user"]
    assert "numbered from 9 to 16" in text_of(rendered)
    assert "stop" not in rendered.parameters


def test_a_base_model_continues_at_nine_and_stops_before_seventeen() -> None:
    rendered = writer("completions").propose(SHOWN, classification_only=False)
    assert text_of(rendered).endswith(f"\n8. {SHOWN[7][1]}\n9.")
    assert rendered.parameters["stop"] == ["\n17."]


@both_kinds
def test_the_parameters_are_the_papers(api: ApiKind) -> None:
    prompts = writer(api)
    proposing = prompts.propose(SHOWN, classification_only=False).parameters
    assert [proposing[name] for name in ("temperature", "top_p", "presence_penalty", "max_tokens")] == [
        0.7, 0.5, 2, 1024
    ]  # fmt: skip
    assert prompts.classify("Sing.").parameters["temperature"] == 0
    for output_first, max_tokens in ((True, 300), (False, 350)):
        parameters = prompts.instantiate("Sing.", output_first=output_first).parameters
        assert (parameters["temperature"], parameters["presence_penalty"]) == (0, 1.5)
        assert parameters["max_tokens"] == max_tokens


@both_kinds
def test_classification_tasks_can_be_asked_for_alone(api: ApiKind) -> None:
    prompts = writer(api)
    mixed = text_of(prompts.propose(SHOWN, classification_only=False))
    alone = text_of(prompts.propose(SHOWN, classification_only=True))
    assert "classification tasks" in alone.splitlines()[0]
    assert "classification tasks" not in mixed.splitlines()[0]


@both_kinds
def test_classifying_shows_12_classification_and_19_other_seeds(api: ApiKind) -> None:
    rendered = writer(api).classify("Sing about\n rain.")
    shown = re.findall(r"^Task: (.+)\nClassification task: (Yes|No)$", text_of(rendered), re.MULTILINE)
    assert [label for _, label in shown].count("Yes") == 12
    assert [label for _, label in shown].count("No") == 19
    assert [(text, label == "Yes") for text, label in shown] == [
        (BY_ID[task_id].instruction, BY_ID[task_id].is_classification) for task_id in rendered.in_context
    ]
    assert text_of(rendered).endswith("\n\nTask: Sing about rain.\nClassification task:")


@both_kinds
@pytest.mark.parametrize("output_first", [True, False])
def test_instances_are_shown_in_the_order_that_is_asked_for(api: ApiKind, output_first: bool) -> None:
    rendered = writer(api).instantiate("Sing about rain.", output_first=output_first)
    text = text_of(rendered)
    assert text.endswith("\n\nTask: Sing about rain.\n")
    for task_id in rendered.in_context:
        seed = BY_ID[task_id]
        assert seed.is_classification == output_first
        for given, output in seed.instances:
            if output_first:
                assert f"Class label: {output}\nInput: {given}\n" in text
            elif given:
                assert f"Input: {given}\nOutput: {output}\n" in text
            else:
                assert f"\nOutput: {output}\n" in text
    assert ("Class label:" in text) == output_first


@both_kinds
def test_the_examples_stay_the_same_so_that_their_prefix_is_cached(api: ApiKind) -> None:
    prompts = writer(api)
    first, second = (text_of(prompts.classify(text)) for text in ("Sing.", "Dance."))
    assert first.replace("Sing.", "Dance.") == second
    assert text_of(writer(api).classify("Sing.")) == first
    assert text_of(writer(api, rng_seed=1).classify("Sing.")) != first


@both_kinds
def test_the_text_of_a_task_is_never_interpreted(api: ApiKind) -> None:
    ugly = "Work out {{ 7*7 }} {% for x in y %} {# gone? #} {{ ''.__class__ }} ${HOME} %s {0}"
    prompts = writer(api)
    for rendered in (
        prompts.propose([(1, ugly)] * 8, classification_only=False),
        prompts.classify(ugly),
        prompts.instantiate(ugly, output_first=True),
        prompts.instantiate(ugly, output_first=False),
    ):
        assert ugly in text_of(rendered)


def test_the_text_of_a_seed_is_never_interpreted() -> None:
    seeds = [
        Example(number, f"Task {number} {{{{ 7*7 }}}}", number % 2 == 0, (("{{ 6*6 }}", "{% if %}"),))
        for number in range(8)
    ]
    prompts = PromptWriter("chat", seeds, random.Random(0))
    text = text_of(prompts.instantiate("Sing.", output_first=False))
    assert "{{ 7*7 }}" in text
    assert "Input: {{ 6*6 }}\nOutput: {% if %}\n" in text


def test_eight_seeds_are_enough_for_every_prompt() -> None:
    few = [seed for seed in SEEDS if seed.is_classification][:1]
    few += [seed for seed in SEEDS if not seed.is_classification][:7]
    prompts = PromptWriter("completions", few, random.Random(0))
    assert sorted(prompts.classify("Sing.").in_context) == sorted(seed.id for seed in few)
    assert prompts.instantiate("Sing.", output_first=True).in_context == (few[0].id,)


def own(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_template_of_ones_own_takes_the_place_of_one_of_ours(tmp_path: Path) -> None:
    path = own(tmp_path, "[classify.chat]\nuser = 'Is «{{ instruction }}» one?'")
    changed, ours = writer("chat", path=path), writer("chat")
    assert text_of(changed.classify("Sing.")) == "Is «Sing.» one?"
    asked, asked_before = changed.classify("Sing.").prompt, ours.classify("Sing.").prompt
    assert asked[0] == asked_before[0], "the system message, which was left out, stays"
    assert changed.propose(SHOWN, classification_only=False) == ours.propose(SHOWN, classification_only=False)


def test_an_empty_system_message_is_not_sent(tmp_path: Path) -> None:
    prompt = writer("chat", path=own(tmp_path, "[classify.chat]\nsystem = ''")).classify("Sing.").prompt
    assert isinstance(prompt, list)
    assert [message["role"] for message in prompt] == ["user"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "[propse.chat]\nuser = 'x'", "'propse' is not a known name. Did you mean 'propose'?", id="stage"
        ),
        pytest.param(
            "[propose.caht]\nuser = 'x'",
            "'propose.caht' is not a known name. Did you mean 'chat'?",
            id="kind of API",
        ),
        pytest.param(
            "[propose.chat]\nusr = 'x'", "'propose.chat.usr' is not a known name. Did you mean", id="role"
        ),
        pytest.param(
            "[propose]\nchat = 'x'", "propose.chat is wrong: it must be a table.", id="text for a table"
        ),
        pytest.param("[propose.chat]\nuser = 3", "propose.chat.user is wrong: it must be text.", id="number"),
        pytest.param(
            "[propose.chat]\nuser = 'a\\u0000'".replace("'", '"'), "user is wrong: it has a", id="NUL"
        ),
        pytest.param(
            "[xyz]", "'xyz' is not a known name. The names are propose, classify", id="far from all"
        ),
        pytest.param("[propose.chat", "The prompts cannot be read from", id="not TOML"),
    ],
)
def test_a_wrong_name_in_ones_own_templates_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_templates(own(tmp_path, text), "en")
    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_file_of_templates_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"The prompts cannot be read from /.*/none\.toml: no such file"):
        load_templates(tmp_path / "none.toml", "en")


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{{ instructoin }}", id="unknown name"),
        pytest.param("{{ examples[0].instrction }}", id="unknown attribute"),
        pytest.param("{% for x in %}", id="syntax"),
        pytest.param("{{ instruction | shout }}", id="unknown filter"),
        pytest.param("{{ ''.__class__.__mro__[1].__subclasses__() }}", id="the way to every class"),
        pytest.param("{{ cycler.__init__.__globals__.os.environ }}", id="the way to the environment"),
        pytest.param("{{ '{0.__class__}'.format(instruction).__len__() }}", id="format"),
        pytest.param("{{ examples.append(1) }}{{ examples.clear.__self__ }}", id="method of a list"),
        pytest.param("{% include '/etc/hostname' %}", id="another file"),
        pytest.param("{% for n in range(10000000) %}x{% endfor %}", id="endless"),
        pytest.param("{{ 1 / 0 }}", id="division by zero"),
        pytest.param("{{ instruction + 1 }}", id="kinds that do not go together"),
        pytest.param("{% for x in 3 %}{% endfor %}", id="loop over a number"),
    ],
)
def test_a_template_that_goes_wrong_or_astray_is_told_in_a_sentence(tmp_path: Path, template: str) -> None:
    path = own(tmp_path, f"[classify.completions]\nprompt = {template!r}".replace('"', '"""'))
    with pytest.raises(
        SettingsError, match=r"^The prompt template classify\.completions\.prompt is wrong: .+\.$"
    ):
        writer("completions", path=path).classify("Sing.")


def test_our_templates_are_complete() -> None:
    assert load_templates(None, "en").model_dump() == built_in_templates("en")


@pytest.mark.parametrize(("at_most", "yes"), [(None, 12), (31, 12), (15, 6), (7, 3), (3, 1), (2, 1)])
def test_a_shorter_classify_prompt_keeps_examples_of_both_labels(at_most: int | None, yes: int) -> None:
    labels = {seed.id: seed.is_classification for seed in SEEDS}
    shown = writer("chat").classify("Name a river.", at_most=at_most).in_context
    assert len(shown) == (at_most or 31)
    assert sum(labels[one] for one in shown) == yes
    whole = writer("chat").classify("Name a river.").in_context
    assert [one for one in whole if one in shown] == list(shown)


ODD = (
    "{{ 1 }} {% raw %}",
    'Say "this" \\ and\tthat.',
    "用 {x} 造句。",
    "ـ\u200c\u200d",
    "&lt;b&gt; <i> & 'c'",
    "a",
)


@both_kinds
@pytest.mark.parametrize("code", ["en", "es", "ja", "ko", "zh"])
@pytest.mark.parametrize("answers", ["json", "text"])
def test_a_prompt_that_is_rendered_once_is_the_same_as_one_rendered_anew(
    tmp_path: Path, api: ApiKind, code: str, answers: AnswerKind
) -> None:
    """The same templates as a person's own are rendered for each task."""
    ours = files("selfinstruct.seeds") / code / "prompts.toml"
    path = tmp_path / "prompts.toml"
    path.write_text(ours.read_text(encoding="utf-8"), encoding="utf-8")
    kept = PromptWriter(api, SEEDS, random.Random(0), None, code, answers=answers)
    anew = PromptWriter(api, SEEDS, random.Random(0), path, code, answers=answers)
    for instruction in ODD:
        for at_most in (None, 3):
            assert kept.classify(instruction, at_most=at_most) == anew.classify(instruction, at_most=at_most)
            for output_first in (False, True):
                one, other = (
                    prompts.instantiate(instruction, output_first=output_first, at_most=at_most)
                    for prompts in (kept, anew)
                )
                assert one == other

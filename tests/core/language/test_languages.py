"""Every language that has a folder: its data is what the method needs, and its answers are read as meant."""

import json
import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations

import pytest

from selfinstruct.core.endpoint.responses import Answer, read_answer
from selfinstruct.core.engine import Engine
from selfinstruct.core.export.options import ExportOptions
from selfinstruct.core.filtering.candidate import Candidate
from selfinstruct.core.filtering.registry import check_candidate
from selfinstruct.core.filtering.settings import FilterSettings, filter_defaults
from selfinstruct.core.language.detect import other_language, pick_language
from selfinstruct.core.language.registry import OTHER, known, language, with_seeds
from selfinstruct.core.language.tokens import tokens
from selfinstruct.core.method.clean_instruction import clean_instruction
from selfinstruct.core.method.instance_rules import keep_or_drop
from selfinstruct.core.method.parsing import (
    parse_input_first,
    parse_label,
    parse_output_first,
    parse_proposals,
)
from selfinstruct.core.method.prompts import Example, PromptWriter, RenderedPrompt, built_in_templates
from selfinstruct.core.method.seed_file import SeedTask, load
from selfinstruct.core.method.seeds import built_in as seed_file
from selfinstruct.core.offline.grammar import Grammar, built_in
from selfinstruct.core.offline.transport import complete
from selfinstruct.core.runs.outcome import Ended
from selfinstruct.core.runs.unattended import UnattendedRun
from selfinstruct.core.settings.sources import check, resolve, storable
from selfinstruct.core.similarity.rouge_index import RougeIndex
from selfinstruct.db.records import ApiKind
from selfinstruct.db.workspace import Workspace
from tests.conftest import OpenEngine
from tests.similarity import rouge_l

in_every_language = pytest.mark.parametrize("code", with_seeds())
with_both_kinds = pytest.mark.parametrize("api", ["chat", "completions"])
but_english = pytest.mark.parametrize("code", [code for code in with_seeds() if code != "en"])


@cache
def seeds(code: str) -> list[SeedTask]:
    return load(seed_file(code))


@cache
def filters(code: str) -> FilterSettings:
    return check({"language": code}, source="the test").filters


def codes(text: str, code: str) -> list[str]:
    return [
        reason.code
        for reason in check_candidate(Candidate(clean_instruction(text), language(code)), filters(code))
    ]


@cache
def writer(api: ApiKind, code: str) -> PromptWriter:
    examples = [
        Example(
            number,
            seed.instruction,
            seed.is_classification,
            tuple((instance.input, instance.output) for instance in seed.instances),
        )
        for number, seed in enumerate(seeds(code), start=1)
    ]
    return PromptWriter(api, examples, random.Random(0), code=code)


def ask(rendered: RenderedPrompt, code: str, rng_seed: int = 0) -> Answer:
    field = "prompt" if isinstance(rendered.prompt, str) else "messages"
    body = {"model": "offline", field: rendered.prompt, **rendered.parameters}
    api: ApiKind = "completions" if field == "prompt" else "chat"
    return read_answer(json.dumps(complete(body, rng_seed, code)).encode(), api)


def wordings(grammar: Grammar) -> Iterator[tuple[str, str]]:
    """Each wording of the grammar, expanded, with the name of its family."""
    rng = random.Random(0)
    for family in grammar.families:
        for template in family.instructions:
            yield clean_instruction(grammar.expand(template, rng, {})), family.name


# The data


def test_english_spanish_japanese_korean_and_chinese_come_with_seed_tasks() -> None:
    assert {"en", "es", "ja", "ko", "zh"} <= set(with_seeds())
    assert known() == (*with_seeds(), OTHER)


@in_every_language
def test_the_seeds_are_mixed(code: str) -> None:
    tasks = seeds(code)
    without_input = sum(not any(instance.input for instance in task.instances) for task in tasks)
    assert len(tasks) >= 25
    assert sum(task.is_classification for task in tasks) >= 10
    assert sum(not task.is_classification for task in tasks) >= 15
    assert without_input >= 8


@in_every_language
def test_no_seed_would_be_refused_as_a_candidate(code: str) -> None:
    refused = {task.id: found for task in seeds(code) if (found := codes(task.instruction, code))}
    assert refused == {}


@but_english
def test_no_two_seeds_are_alike(code: str) -> None:
    texts = [task.instruction for task in seeds(code)]
    nearest = max(combinations(texts, 2), key=lambda pair: rouge_l(pair[0], pair[1], code))
    assert rouge_l(nearest[0], nearest[1], code) < 0.6, nearest


@but_english
def test_the_instances_of_a_seed_are_of_use(code: str) -> None:
    for task in seeds(code):
        inputs = [instance.input for instance in task.instances]
        assert len(set(inputs)) == len(inputs), task.id
        for instance in task.instances:
            assert instance.output.strip() not in {"", instance.input.strip()}, task.id
        if task.is_classification:
            assert all(inputs), task.id
            assert all(len(instance.output) <= 40 for instance in task.instances), task.id


@in_every_language
@with_both_kinds
def test_the_prompts_render_and_name_the_fields_of_the_language(api: ApiKind, code: str) -> None:
    prompts, names, colon = writer(api, code), language(code).answers, language(code).colon
    prompts.try_all()
    asked = json.dumps(prompts.instantiate("?", output_first=True).prompt, ensure_ascii=False)
    assert f"{names.task[0]}{colon}?" in asked
    assert f"{names.label[0]}{colon}" in asked
    assert f"{names.input[0]}{colon}" in asked
    question = prompts.classify("?").prompt
    text = question if isinstance(question, str) else question[-1]["content"]
    assert text.endswith(f"{names.question[0]}{colon.rstrip()}")
    assert f"{names.question[0]}{colon}{names.yes[0]}\n" in text
    assert f"{names.question[0]}{colon}{names.no[0]}\n" in text


@in_every_language
def test_a_base_model_stops_at_the_next_task_however_it_writes_the_colon(code: str) -> None:
    task, colon = language(code).answers.task[0], language(code).colon.rstrip()
    for rendered in (
        writer("completions", code).classify("?"),
        writer("completions", code).instantiate("?", output_first=True),
    ):
        stop = rendered.parameters["stop"]
        assert isinstance(stop, list)
        assert {f"\n{task}{colon}", f"\n{task}:"} <= set(stop)
        assert len(stop) <= 4, "the most that endpoints take"


@pytest.mark.parametrize("code", ["ja", "zh"])
def test_prompts_and_seeds_have_the_punctuation_of_their_script(code: str) -> None:
    half_width = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff][,:;?!(]")
    templates = json.dumps(built_in_templates(code), ensure_ascii=False)
    assert not half_width.findall(templates)
    assert not [task.id for task in seeds(code) if half_width.search(task.instruction)]


# The built-in model


@in_every_language
def test_every_wording_of_the_grammar_is_recognised_as_its_own(code: str) -> None:
    grammar = built_in(code)
    for text, name in wordings(grammar):
        found = grammar.find(text)
        assert found is not None, text
        assert found[0].name == name, text


@in_every_language
def test_every_slot_of_the_grammar_can_be_filled(code: str) -> None:
    grammar, rng = built_in(code), random.Random(0)
    templates = [text for texts in [*grammar.phrases.values(), *grammar.flaws.values()] for text in texts]
    for family in grammar.families:
        templates += [*family.instructions, *family.inputs, *family.outputs]
        templates += [text for inputs in family.labels.values() for text in inputs]
        assert family.labels if family.classification else family.outputs, family.name
    for template in templates:
        filled = grammar.expand(template, rng, {})
        assert not re.search(r"\{[a-z][a-z_0-9]*\}", filled), template
    assert set(grammar.flaws) == set(built_in("en").flaws)
    assert set(grammar.fallback) == set(built_in("en").fallback)


@pytest.mark.long
@in_every_language
def test_what_the_model_makes_up_is_mostly_fit_for_the_pool(code: str) -> None:
    grammar, rng = built_in(code), random.Random(0)
    templates = [template for family in grammar.families for template in family.instructions]
    index, passing = RougeIndex(code), 0
    for number in range(2000):
        text = clean_instruction(grammar.expand(rng.choice(templates), rng, {}))
        reasons = codes(text, code)
        assert "no_words" not in reasons
        passing += not reasons
        if not index.above(text, 0.7):
            index.add(number, text)
    assert passing > 1950
    assert len(index) >= 400


@in_every_language
@pytest.mark.parametrize(
    ("flaw", "reason"), [("keyword", "keyword"), ("too_short", "too_short"), ("program", "opening")]
)
def test_the_flaws_of_the_model_are_for_the_filters_to_catch(code: str, flaw: str, reason: str) -> None:
    grammar, rng = built_in(code), random.Random(0)
    for template in grammar.flaws[flaw]:
        text = grammar.expand(template, rng, {})
        assert reason in codes(text, code), text


@in_every_language
@with_both_kinds
@pytest.mark.parametrize("classification_only", [False, True])
def test_what_the_model_proposes_is_read_as_it_was_meant(
    code: str, api: ApiKind, classification_only: bool
) -> None:
    grammar = built_in(code)
    shown = [(number, task.instruction) for number, task in enumerate(seeds(code)[:8], start=1)]
    rendered = writer(api, code).propose(shown, classification_only=classification_only)
    found, expected = [], 0
    for rng_seed in range(30):
        answer = ask(rendered, code, rng_seed)
        items = parse_proposals(
            answer.text, cut=answer.cut, continues_item=api == "completions", language=code
        )
        expected += 7 if answer.cut else 8
        found += items
    assert len(found) == expected
    families = [family[0] for item in found if (family := grammar.find(clean_instruction(item)))]
    assert len(families) > 0.7 * len(found), "the others are the flaws"
    if classification_only:
        assert all(family.classification for family in families)


@in_every_language
@with_both_kinds
def test_what_the_model_labels_is_read_as_it_was_meant(code: str, api: ApiKind) -> None:
    grammar, rng = built_in(code), random.Random(1)
    labels = []
    for family in grammar.families:
        text = clean_instruction(grammar.expand(family.instructions[0], rng, {}))
        label = parse_label(ask(writer(api, code).classify(text), code).text, code)
        assert label in {"unknown", "classification" if family.classification else "generation"}, text
        labels.append(label)
    assert labels.count("unknown") <= 0.1 * len(labels)


@in_every_language
def test_an_unclear_answer_is_no_label(code: str) -> None:
    unclear = built_in(code).flaws["unclear_labels"]
    assert [parse_label(text, code) for text in unclear] == ["unknown"] * len(unclear)


@in_every_language
@with_both_kinds
def test_the_instances_that_the_model_writes_are_read_and_mostly_kept(code: str, api: ApiKind) -> None:
    grammar, rng = built_in(code), random.Random(2)
    made = []
    for family in grammar.families:
        text = clean_instruction(grammar.expand(family.instructions[0], rng, {}))
        rendered = writer(api, code).instantiate(text, output_first=family.classification)
        answer = ask(rendered, code)
        parse = parse_output_first if family.classification else parse_input_first
        parsed = parse(answer.text, code)
        made += keep_or_drop(parsed, cut=answer.cut)
        assert parsed, answer.text
        if not answer.cut:
            assert any(instance.input for instance in parsed) == any(family.inputs) or family.classification
            if family.classification:
                assert {instance.output for instance in parsed} == set(family.labels), answer.text
    assert sum(instance.state == "kept" for instance in made) > 0.8 * len(made)


@in_every_language
async def test_a_bootstrap_needs_nothing_but_the_name_of_the_language(
    code: str, workspace: Workspace
) -> None:
    async with Engine(workspace, resolve({"language": code, "target": 30})) as engine:
        outcome = await UnattendedRun(engine).run()
        assert outcome.ended == Ended.DONE
        accepted = [
            task
            for task in workspace.tasks.get_many(range(1, 1000))
            if task.state == "accepted" and task.origin == "model"
        ]
        assert len(accepted) == 30
        texts = [task.instruction for task in accepted]
        assert max(rouge_l(pair[0], pair[1], code) for pair in combinations(texts, 2)) < 0.7
        with_instances = [task for task in accepted if workspace.instances.of_task(task.id)]
        assert len(with_instances) >= 27, "the others have an unclear label"
        exported = engine.export(workspace.path.with_name("train.jsonl"), ExportOptions("alpaca"))
        assert exported.rows >= 30
    assert resolve({}, stored=workspace.settings.read()).language == code


# Which language it is


@in_every_language
def test_auto_finds_the_language_of_the_seed_tasks(code: str) -> None:
    texts = [task.instruction for task in seeds(code)]
    assert pick_language(texts) == code
    assert pick_language(texts[:8]) == code


@pytest.mark.parametrize("asked", [code for code in known() if code != OTHER])
@in_every_language
def test_seed_tasks_in_another_language_than_the_one_asked_for_are_found(code: str, asked: str) -> None:
    other = other_language([task.instruction for task in seeds(code)], language(asked))
    assert (other.code if other else asked) == code


@pytest.mark.parametrize(
    ("text", "asked", "found"),
    [
        ("Übersetze den folgenden Satz ins Englische und erkläre das Verb.", "en", OTHER),
        ("Напиши короткое письмо соседке.", "en", OTHER),
        ("Name one river near Paris, France, please, and give its length.", "en", None),
        ("Name one river near Paris, France, please, and give its length.", OTHER, None),
    ],
)
def test_seed_tasks_that_may_well_be_in_the_language_asked_for_are_let_pass(
    text: str, asked: str, found: str | None
) -> None:
    other = other_language([text] * 30, language(asked))
    assert (other and other.code) == found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "Übersetze den folgenden Satz ins Englische und erkläre, warum das Verb so gebeugt ist.", id="de"
        ),
        pytest.param(
            "Écris une courte lettre de remerciement à la voisine qui a gardé le chat pendant l'été.", id="fr"
        ),
        pytest.param(
            "Escreva uma carta curta para agradecer à vizinha que cuidou do gato durante o verão.", id="pt"
        ),
        pytest.param(
            "Scrivi una breve lettera per ringraziare la vicina che ha tenuto il gatto durante l'estate.",
            id="it",
        ),
        pytest.param(
            "Schrijf een korte brief om de buurvrouw te bedanken die in de zomer op de kat heeft gepast.",
            id="nl",
        ),
        pytest.param(
            "Напиши короткое письмо с благодарностью соседке, которая присматривала за кошкой.", id="ru"
        ),
        pytest.param("เขียนจดหมายสั้น ๆ เพื่อขอบคุณเพื่อนบ้านที่ดูแลแมวให้ตลอดฤดูร้อน", id="th"),
        pytest.param("اكتب رسالة قصيرة تشكر فيها الجارة التي اعتنت بالقطة طوال الصيف.", id="ar"),
        pytest.param("गर्मियों में बिल्ली की देखभाल करने वाली पड़ोसन को धन्यवाद देते हुए एक छोटा पत्र लिखो।", id="hi"),
        pytest.param("1 + 1 = 2", id="no letters"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_language_without_a_folder_is_other(text: str) -> None:
    assert pick_language([text] * 8) == OTHER


@pytest.mark.parametrize("code", known())
def test_a_workspace_of_the_language_is_asked_for_with_its_code(code: str) -> None:
    settings = check({"language": code}, source="the test")
    usual = filter_defaults(code)
    assert settings.filters.min_words == usual.min_words
    assert settings.filters.keywords == usual.keywords
    assert storable(settings) == ({} if code == "en" else {"language": code})


def test_a_filter_that_a_person_has_set_stays_so_in_every_language() -> None:
    asked = check({"language": "auto", "filters": {"min_words": 4, "rouge_l": 0.5}}, source="the test")
    japanese = asked.in_language("ja")
    assert japanese.filters.min_words == 4
    assert japanese.filters.rouge_l == 0.5
    assert japanese.filters.keywords == filter_defaults("ja").keywords
    assert storable(japanese) == {"language": "ja", "filters": {"min_words": 4, "rouge_l": 0.5}}


@but_english
def test_every_task_has_tokens_in_its_own_language_and_a_reason_in_english(code: str) -> None:
    for task in seeds(code):
        assert tokens(task.instruction, code)
        if language(code).scripts != ("LATIN",):
            assert codes(task.instruction, "en")


def test_english_and_its_tokens_say_nothing_of_a_chinese_text(engine_on: OpenEngine) -> None:
    engine = engine_on()
    assessment = engine.assessor.assess("请把下面的句子翻译成英语。")
    assert assessment.verdict == "no_words"
    assert assessment.reasons[0].sentence.endswith('so it cannot be compared: "请把下面的句子翻译成英语。".')

"""Settings from flags, file and workspace: who wins, and one sentence on what is wrong."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from selfinstruct.core.engine import Engine
from selfinstruct.core.errors import SettingsError
from selfinstruct.core.filtering.registry import SETTINGS
from selfinstruct.core.filtering.setting_kinds import PAPER, RULES, Phrases
from selfinstruct.core.settings.model import OFFLINE_URL, OPENAI_URL, Settings
from selfinstruct.core.settings.prices import Prices
from selfinstruct.core.settings.sources import check, from_store, read_file, resolve, storable
from selfinstruct.db.errors import QueryRefusedError
from selfinstruct.db.sqlite.driver import sqlite3
from selfinstruct.db.workspace import Workspace


def sentence(values: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as caught:
        check(values, source="the settings")
    return str(caught.value)


def write(folder: Path, text: str) -> Path:
    path = folder / "selfinstruct.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_are_the_papers_but_for_its_lists() -> None:
    filters = Settings().filters
    assert (filters.min_words, filters.max_words, filters.rouge_l) == (4, 150, 0.7)
    assert (filters.keywords, filters.openings) == ((RULES,), (RULES,))
    assert Settings().is_offline
    assert Settings().is_free


def test_flags_win_over_the_file_and_the_file_over_the_workspace(tmp_path: Path) -> None:
    write(tmp_path, 'model = "from-file"\nconcurrency = 2')
    stored = {"model": "stored", "concurrency": 1, "rng_seed": 7}
    settings = resolve({"model": "flag", "concurrency": None}, stored=stored, folder=tmp_path)
    assert (settings.model, settings.concurrency, settings.rng_seed) == ("flag", 2, 7)


def test_a_flag_for_one_filter_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, '[filters]\nmin_words = 2\nkeywords = ["smell"]')
    filters = resolve({"filters": {"keywords": "paper"}}, folder=tmp_path).filters
    assert (filters.min_words, filters.keywords) == (2, (PAPER,))


@pytest.mark.parametrize("name", ["paper", "@paper", " paper "])
def test_a_list_of_phrases_can_be_named(tmp_path: Path, name: str) -> None:
    write(tmp_path, f'[filters]\nkeywords = "{name}"')
    named = resolve({}, folder=tmp_path)
    assert named.filters.keywords == (PAPER,)
    assert storable(named)["filters"] == {"keywords": [PAPER]}
    assert resolve({}, stored=storable(named)) == named


@pytest.mark.parametrize("name", [one.name for one in SETTINGS if isinstance(one, Phrases)])
@pytest.mark.parametrize(
    ("phrases", "said"),
    [
        ('["@rule"]', "'@rule' is not a list of phrases; give @rules."),
        ('["sudoku", "@paperr"]', "'@paperr' is not a list of phrases; give @paper."),
        ('["@Rules"]', "'@Rules' is not a list of phrases; give @rules."),
        ('"@rule"', "'@rule' is not a list of phrases; give @rules."),
        ('["@mine"]', "'@mine' is not a list of phrases; the lists are @rules and @paper."),
    ],
)
def test_a_misspelt_name_in_a_list_of_phrases_does_not_switch_the_rules_off(
    tmp_path: Path, name: str, phrases: str, said: str
) -> None:
    write(tmp_path, f"[filters]\n{name} = {phrases}")
    with pytest.raises(SettingsError) as caught:
        resolve({}, folder=tmp_path)
    assert str(caught.value) == f"In selfinstruct.toml, filters.{name} is wrong: {said}"


def test_a_folder_without_a_file_changes_nothing(tmp_path: Path) -> None:
    assert resolve({}, folder=tmp_path) == Settings()
    assert read_file(tmp_path / "selfinstruct.toml") == {}


def test_asking_for_the_built_in_model_forgets_the_stored_address() -> None:
    stored = {"model": "m", "base_url": "http://localhost:8000/v1"}
    assert resolve({"model": "offline"}, stored=stored).is_offline
    assert resolve({}, stored=stored).base_url == "http://localhost:8000/v1"


def test_an_address_needs_the_name_of_a_model() -> None:
    with pytest.raises(SettingsError, match=r"http://localhost/v1 needs the name of a model"):
        resolve({"base_url": "http://localhost/v1"})


@pytest.mark.parametrize(("name", "address"), [("model", "base_url"), ("embeddings", "embeddings_url")])
def test_the_built_in_model_that_is_named_with_an_address_is_told_to_have_none(
    name: str, address: str
) -> None:
    with pytest.raises(SettingsError) as told:
        resolve({name: "offline", address: "http://localhost/v1"})
    assert str(told.value) == (
        f"offline, the built-in model, has no address. Name another model with {name}, or leave {address}"
        " out."
    )


def test_a_key_is_not_carried_over_to_another_address() -> None:
    stored = {"model": "m", "base_url": "https://a.example/v1", "api_key_env": "A_KEY"}
    assert resolve({}, stored=stored).api_key_env == "A_KEY"
    assert resolve({"model": "n"}, stored=stored).api_key_env == "A_KEY"
    assert resolve({"base_url": "https://b.example/v1"}, stored=stored).api_key_env is None
    moved = {"base_url": "https://b.example/v1", "api_key_env": "B_KEY"}
    assert resolve(moved, stored=stored).api_key_env == "B_KEY"


def test_paths_in_the_file_count_from_its_folder(tmp_path: Path) -> None:
    absolute = (tmp_path / "elsewhere" / "p.toml").as_posix()
    write(tmp_path, f'seeds = "mine/seeds.jsonl"\nprompts = "{absolute}"')
    settings = resolve({}, folder=tmp_path)
    assert settings.seeds == tmp_path / "mine" / "seeds.jsonl"
    assert settings.prompts == Path(absolute)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"modle": "x"}, "'modle' is not a setting. Did you mean 'model'?", id="misspelt"),
        pytest.param({"max-cost": 1}, "'max-cost' is not a setting. Did you mean 'max_cost'?", id="hyphen"),
        pytest.param({"filter": {}}, "'filter' is not a setting. Did you mean 'filters'?", id="table"),
        pytest.param(
            {"filters": {"min_word": 1}},
            "'filters.min_word' is not a setting. Did you mean 'min_words'?",
            id="in a table",
        ),
        pytest.param(
            {"hotness": 1},
            "'hotness' is not a setting. selfinstruct-tui --help lists them.",
            id="far",
        ),
        pytest.param(
            {"prices": {"m": {"input": 1, "output": 2, "per_token": 3}}},
            "'prices.m.per_token' is not a setting. A price has input, output.",
            id="far in a table",
        ),
        pytest.param(
            {"prices": {"m": {"input": 1, "output": 2, "outptu": 3}}},
            "'prices.m.outptu' is not a setting. Did you mean 'output'?",
            id="in a price",
        ),
        pytest.param(
            {"prices": {"m": {"inputs": 0.15, "output": 2}}},
            "'prices.m.inputs' is not a setting. Did you mean 'input'?",
            id="because of which another one is missing",
        ),
    ],
)
def test_an_unknown_name_is_told_with_a_near_one_or_with_where_all_are_listed(
    values: dict[str, Any], said: str
) -> None:
    assert sentence(values) == f"In the settings, {said}"


STAGES = "[request.propose], [request.classify] or [request.instantiate]"


@pytest.mark.parametrize(
    ("values", "where", "said"),
    [
        ({"temperature": 0.2}, "temperature", f"Each stage has its own temperature: set it in {STAGES}."),
        ({"max-tokens": 9}, "max-tokens", f"Each stage has its own max_tokens: set it in {STAGES}."),
        (
            {"max_completion_tokens": 9},
            "max_completion_tokens",
            f"Each stage has its own max_tokens: set it in {STAGES}.",
        ),
        (
            {"request": {"temperature": 1}},
            "request.temperature",
            f"Each stage has its own temperature: set it in {STAGES}.",
        ),
        (
            {"top_p": 0.9},
            "top_p",
            "Such a field goes into the body of requests: body = { top_p = 0.9 } in [request].",
        ),
        (
            {"reasoning_effort": "low"},
            "reasoning_effort",
            'Such a field goes into the body of requests: body = { reasoning_effort = "low" } in [request].',
        ),
        (
            {"stop": ["a"]},
            "stop",
            "Such a field goes into the body of requests: body = { stop = … } in [request].",
        ),
        (
            {"request": {"propose": {"presence_penalty": 1}}},
            "request.propose.presence_penalty",
            "Such a field goes into the body of requests: body = { presence_penalty = 1 } in [request].",
        ),
        (
            {"headers": {"a": "b"}},
            "headers",
            "It belongs in the table [request]: write headers below that line.",
        ),
        ({"body": {}}, "body", "It belongs in the table [request]: write body below that line."),
        (
            {"leave_out": []},
            "leave_out",
            "It belongs in the table [request]: write leave_out below that line.",
        ),
        ({"classify": {}}, "classify", "It is a table of its own: [request.classify]."),
        ({"rouge_l": 0.6}, "rouge_l", "It belongs in the table [filters]: write rouge_l below that line."),
        ({"yes": ["da"]}, "yes", "It belongs in the table [words]: write yes below that line."),
        (
            {"request": {"base_url": "http://h/v1"}},
            "request.base_url",
            "It belongs above all tables: write base_url before the first line with brackets.",
        ),
    ],
)
def test_a_name_in_the_wrong_table_is_told_with_the_right_one(
    values: dict[str, Any], where: str, said: str
) -> None:
    assert sentence(values) == f"In the settings, '{where}' is not a setting at this place. {said}"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"model": ""}, "model is wrong", id="no model"),
        pytest.param({"concurrency": 0}, "concurrency is wrong", id="too few"),
        pytest.param({"concurrency": "four"}, "concurrency is wrong", id="a word for a number"),
        pytest.param({"requests_per_batch": 1.5}, "requests_per_batch is wrong", id="fraction"),
        pytest.param({"batches_ahead": -1}, "batches_ahead is wrong", id="batches behind"),
        pytest.param({"batches_ahead": 21}, "batches_ahead is wrong", id="too far ahead"),
        pytest.param({"max_cost": 0}, "max_cost is wrong", id="no money"),
        pytest.param({"max_cost": float("nan")}, "max_cost is wrong", id="NaN"),
        pytest.param({"max_cost": float("inf")}, "max_cost is wrong", id="endless money"),
        pytest.param({"timeout_s": float("inf")}, "timeout_s is wrong", id="endless time"),
        pytest.param({"language": "xx"}, "'xx' is not a known language; choose en, ", id="language"),
        pytest.param({"api": "responses"}, "'chat' or 'completions'", id="kind of API"),
        pytest.param({"hold": "maybe"}, "hold is wrong", id="neither true nor false"),
        pytest.param({"seeds": 3}, "seeds is wrong", id="a number for a path"),
        pytest.param({"filters": {"rouge_l": 70}}, "filters.rouge_l is wrong", id="percent for a share"),
        pytest.param(
            {"filters": {"keywords": ["map", " "]}}, "filters.keywords.1 is wrong", id="blank keyword"
        ),
        pytest.param({"filters": {"openings": [""]}}, "filters.openings.0 is wrong", id="blank opening"),
        pytest.param({"filters": {"keywords": "map"}}, "filters.keywords is wrong", id="text for a list"),
        pytest.param({"prices": {"m": {"output": 1}}}, "prices.m.input is wrong", id="half a price"),
        pytest.param({"prices": {"m": {"input": -1, "output": 1}}}, "prices.m.input is wrong", id="gift"),
        pytest.param({"base_url": ""}, "is not a web address", id="empty address"),
        pytest.param({"base_url": "localhost:8000"}, "is not a web address", id="no scheme"),
        pytest.param({"base_url": "ftp://host/v1"}, "is not a web address", id="other scheme"),
        pytest.param({"base_url": "http:///v1"}, "is not a web address", id="no host"),
        pytest.param({"base_url": "http://host:99999"}, "is not a web address", id="port too high"),
        pytest.param({"base_url": "http://[::1"}, "is not a web address", id="half an IPv6 address"),
        pytest.param({"base_url": "http://me:secret@host/v1"}, "use api_key_env instead", id="password"),
    ],
)
def test_a_value_that_does_not_fit_is_told_in_one_sentence(values: dict[str, Any], named: str) -> None:
    said = sentence(values)
    assert said.startswith("In the settings, ")
    assert named in said
    assert "\n" not in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("max_cost = true", "max_cost is wrong: it must be a number."),
        ("timeout_s = true", "timeout_s is wrong: it must be a number."),
        ("target = true", "target is wrong: it must be a whole number."),
        ("concurrency = true", "concurrency is wrong: it must be a whole number."),
        ("rng_seed = false", "rng_seed is wrong: it must be a whole number."),
        ("thinking_tokens = false", "thinking_tokens is wrong: it must be a whole number."),
        ("filters.min_words = true", "filters.min_words is wrong: it must be a whole number."),
        ("filters.rouge_l = true", "filters.rouge_l is wrong: it must be a number."),
        ("prices.m = { input = true }", "prices.m.input is wrong: it must be a number."),
        ("prices.m = { input = 1, output = false }", "prices.m.output is wrong: it must be a number."),
    ],
)
def test_true_and_false_are_no_numbers(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(SettingsError) as told:
        read_file(write(tmp_path, line))
    assert str(told.value) == f"In selfinstruct.toml, {said}"


def test_what_is_true_or_false_stays_so(tmp_path: Path) -> None:
    write(tmp_path, "hold = true\nfilters.script = false")
    settings = resolve({"clf_only": True}, folder=tmp_path)
    assert (settings.hold, settings.clf_only, settings.filters.script) == (True, True, False)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"batches_ahead": 21}, "batches_ahead is wrong: it must be at most 20."),
        ({"model": ""}, "model is wrong: it must have at least 1 character."),
        ({"concurrency": 2, "api": "chats"}, "api is wrong: it must be 'chat' or 'completions'."),
        ({"model": "m\0"}, "In the flags, 'm\0' has a character that cannot be stored; remove it."),
        (
            {"language": "en"},
            "In selfinstruct.toml, filters is wrong: min_words (200) exceeds max_words (150).",
        ),
    ],
)
def test_what_is_wrong_is_told_as_a_flag_or_as_a_line_of_the_file(
    tmp_path: Path, flags: dict[str, Any], said: str
) -> None:
    write(tmp_path, 'model = "m"\n[filters]\nmin_words = 200')
    with pytest.raises(SettingsError) as told:
        resolve(flags, folder=tmp_path)
    assert str(told.value).startswith(said)


def test_what_the_workspace_remembers_is_no_flag() -> None:
    with pytest.raises(SettingsError, match="In the settings of the workspace, batches_ahead is wrong"):
        resolve({"concurrency": 2}, stored={"batches_ahead": 99})


@pytest.mark.parametrize("text", ["model = ", "model = 3", "[filters]\nrouge = 1", "filters = 1"])
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"selfinstruct\.toml"):
        read_file(write(tmp_path, text))


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_bytes(b'model = "\xff"')
    with pytest.raises(SettingsError, match=r"selfinstruct\.toml cannot be read"):
        resolve({}, folder=tmp_path)


def test_a_value_in_the_file_is_wrong_even_where_a_flag_wins(tmp_path: Path) -> None:
    write(tmp_path, "concurrency = 0")
    with pytest.raises(SettingsError, match=r"In selfinstruct\.toml, concurrency is wrong"):
        resolve({"concurrency": 2}, folder=tmp_path)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (None, OPENAI_URL),
        ("https://host/v1", "https://host/v1"),
        ("http://host/v1/", "http://host/v1"),
        (" http://host/v1 ", "http://host/v1"),
    ],
)
def test_the_address_is_the_one_given_or_openais(url: str | None, address: str) -> None:
    assert Settings(model="m", base_url=url).address == address


@pytest.mark.parametrize(
    ("settings", "free"),
    [
        ({}, True),
        ({"model": "m"}, False),
        ({"model": "m", "base_url": "http://localhost:8000/v1"}, True),
        ({"model": "m", "base_url": "http://127.0.0.2/v1"}, True),
        ({"model": "m", "base_url": "http://[::1]:8000/v1"}, True),
        ({"model": "m", "base_url": "http://localhost.example.com/v1"}, False),
        ({"model": "m", "base_url": "http://127.0.0.1.example.com/v1"}, False),
        ({"model": "m", "base_url": "http://192.168.0.7/v1"}, False),
        (
            {"model": "m", "base_url": "http://localhost/v1", "prices": {"m": {"input": 1, "output": 1}}},
            False,
        ),
        ({"model": "m", "prices": {"m": {"input": 0, "output": 0}}}, True),
        ({"model": "m", "prices": {"m": {"input": 0, "output": 1}}}, False),
    ],
)
def test_only_this_machine_without_a_price_is_free_and_what_has_a_price_of_nothing(
    settings: dict[str, Any], free: bool
) -> None:
    assert check(settings, source="the settings").is_free == free


def test_a_price_of_a_model_for_embeddings_needs_no_output_and_that_of_the_model_that_answers_does() -> None:
    prices = {"e": {"input": 0.02}, "m": {"input": 1, "output": 1}}
    settings = resolve({"model": "m", "embeddings": "e", "max_cost": 5, "prices": prices})
    assert resolve({}, stored=storable(settings)) == settings
    assert settings.of_embeddings is not None
    assert Prices(settings.of_embeddings).at_most(999_800, 0) == pytest.approx(0.02)
    with pytest.raises(SettingsError, match=r"price of 'e' lacks output.*\[prices.\"e\"\]"):
        resolve({"model": "e", "prices": prices})


def test_the_built_in_model_has_no_address_on_the_net() -> None:
    assert Settings().address == OFFLINE_URL


def test_stored_settings_come_back_as_they_were(tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "model": "m",
        "base_url": "http://localhost:8000/v1",
        "seeds": tmp_path / "s.jsonl",
        "max_cost": 2.5,
        "filters": {"keywords": ["c++"], "rouge_l": 0.6},
        "prices": {"m": {"input": 0.15, "output": 0.6}},
    }
    settings = resolve(values)
    assert resolve({}, stored=storable(settings)) == settings
    assert storable(Settings()) == {}


def test_stored_paths_do_not_depend_on_the_folder_of_the_day(tmp_path: Path) -> None:
    seeds = resolve({"seeds": Path("s.jsonl")})
    assert storable(seeds)["seeds"] == str(Path.cwd() / "s.jsonl")
    assert storable(seeds, Path("other/w.db"))["seeds"] == str(Path.cwd() / "s.jsonl")
    stored = storable(seeds, Path("w.db"))
    assert stored["seeds"] == "s.jsonl"
    assert from_store(stored, Path("/moved/w.db"))["seeds"] == Path("/moved/s.jsonl")


def test_paths_are_stored_relative_to_the_workspace_itself_whatever_link_leads_to_it(tmp_path: Path) -> None:
    real, links = tmp_path / "real", tmp_path / "links"
    real.mkdir()
    links.mkdir()
    (real / "w.db").touch()
    (links / "w.db").symlink_to(real / "w.db")
    (links / "folder").symlink_to(real)
    for workspace in (real / "w.db", links / "w.db", links / "folder" / "w.db"):
        for beside in (real, links / "folder", links / ".." / "real"):
            stored = storable(Settings(seeds=beside / "s.jsonl"), workspace)
            assert stored["seeds"] == "s.jsonl"
            assert from_store(stored, workspace)["seeds"] == real / "s.jsonl"
        by_the_link = storable(Settings(seeds=links / "s.jsonl"), workspace)
        assert by_the_link["seeds"] == str(links / "s.jsonl")


@pytest.mark.parametrize(
    ("mine", "stored"),
    [
        (
            {"concurrency": 9},
            {"concurrency": 9, "batches_ahead": 3, "model": "m", "filters": {"min_words": 6}},
        ),
        (
            {"filters": {"rouge_l": 0.5}},
            {"batches_ahead": 3, "model": "m", "filters": {"min_words": 6, "rouge_l": 0.5}},
        ),
        ({"batches_ahead": 1}, {"model": "m", "filters": {"min_words": 6}}),
    ],
)
async def test_two_programs_that_change_settings_keep_each_others(
    workspace: Workspace, mine: dict[str, Any], stored: dict[str, Any]
) -> None:
    engine = Engine(workspace, resolve({"batches_ahead": 3}))
    with Workspace.open(workspace.path) as other_workspace:
        other = Engine(other_workspace, resolve({}, stored=other_workspace.settings.read()))
        await other.apply(resolve({"batches_ahead": 3, "model": "m", "filters": {"min_words": 6}}))
    await engine.apply(resolve({"batches_ahead": 3} | mine))
    assert (
        workspace.settings.read() == {"batches_ahead": 3} | stored if "batches_ahead" not in mine else stored
    )


async def test_settings_that_do_not_go_together_with_another_programs_are_refused(
    workspace: Workspace,
) -> None:
    engine = Engine(workspace, resolve({}))
    with Workspace.open(workspace.path) as other:
        await Engine(other, resolve({})).apply(resolve({"filters": {"min_words": 60}}))
    with pytest.raises(SettingsError, match="with what another program has changed"):
        await engine.apply(resolve({"filters": {"max_words": 50}}))
    assert workspace.settings.read() == {"filters": {"min_words": 60}}
    assert engine.settings.filters.max_words == 150


async def test_settings_that_could_not_be_stored_are_not_in_force_and_are_stored_the_next_time(
    workspace: Workspace,
) -> None:
    engine = Engine(workspace, resolve({"embeddings": "offline"}))
    before = engine.settings
    other = resolve(
        {"embeddings": "e", "embeddings_url": "http://127.0.0.1:1/v1", "filters": {"min_words": 9}}
    )
    with closing(sqlite3.connect(workspace.path)) as db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON settings BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        with pytest.raises(QueryRefusedError, match="the disk is full"):
            await engine.apply(other)
        db.execute("DROP TRIGGER full")
    assert engine.settings == before
    assert engine.assessor.filters == before.filters
    assert workspace.vectors.is_in_use
    await engine.apply(other)
    assert engine.assessor.filters.min_words == workspace.settings.read()["filters"]["min_words"] == 9
    assert workspace.vectors.in_use() == ("e", "http://127.0.0.1:1/v1")

"""The choice of a model: the first screen of a new workspace, also reached from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Footer, Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker

from selfinstruct.core.endpoint.key_consent import KeyConsent, key_variable
from selfinstruct.core.settings.model import OFFLINE, Settings
from selfinstruct.tui.background.workers import start_worker
from selfinstruct.tui.dialogs.base import Dialog
from selfinstruct.tui.dialogs.help_dialog import KeysScreen
from selfinstruct.tui.dialogs.key_consent import may_send_keys
from selfinstruct.tui.keys.key_names import with_keys
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.screens.settings.form import FIELDS, changed_in, faults_of, text_of, values_of
from selfinstruct.tui.screens.settings.probe_result import models_of, outcome_of
from selfinstruct.tui.screens.settings.rows import SettingRow, key_note
from selfinstruct.tui.text.safe_text import sentence_line

if TYPE_CHECKING:
    from selfinstruct.tui.app import CuratorApp

_FIELDS = ("base_url", "model", "api_key_env", "api")
_NO_NAME = "Enter the model's name. A test asks the server which models it has."
_NO_ADDRESS = "Enter the address of the endpoint. It often ends in /v1."
_TAKES_BUILT_IN = "takes the built-in model"
"""What cancelling does while the built-in model is in force."""
_CANCEL = ("Take the built-in model", "Close without changing it.")
"""Label and help of cancelling then."""
_UNNAMED = "unnamed"
"""Placeholder for a missing model name; never sent."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of endpoint, with the initial values of its fields."""

    title: str
    about: str
    """What the user should know; action names in braces stand for their keys."""
    base_url: str = ""
    model: str = ""
    api_key_env: str = ""
    wants_address: bool = True
    """Whether an address is required."""

    @property
    def is_built_in(self) -> bool:
        """Whether it is the built-in model, which has no fields."""
        return self.model == OFFLINE

    @property
    def texts(self) -> dict[str, str]:
        """The initial texts of the fields, by name."""
        return {
            "base_url": self.base_url,
            "model": self.model,
            "api_key_env": self.api_key_env,
            "api": "chat",
        }


OFFERS = (
    Offer(
        "The built-in model, for trying things out",
        "A grammar, not a language model: it makes up texts from templates, with the mistakes that real"
        " models make. It needs no network. For real data, choose a real model, here or later in the"
        " settings ({settings}).",
        model=OFFLINE,
        wants_address=False,
    ),
    Offer(
        "Ollama on this machine",
        "Ollama must be running, and have the model: ollama pull llama3.1",
        "http://localhost:11434/v1",
        "llama3.1",
    ),
    Offer(
        "vLLM or another server on this machine",
        "vLLM listens on port 8000, llama.cpp's server on 8080, LM Studio on 1234.",
        "http://localhost:8000/v1",
    ),
    Offer(
        "OpenAI",
        "Requests cost money; max_cost in the settings ({settings}) limits the total.",
        "",
        "gpt-4o-mini",
        "OPENAI_API_KEY",
        wants_address=False,
    ),
    Offer(
        "Another endpoint",
        "Any server with OpenAI's chat completions or legacy completions API.",
    ),
)


def _offer_for(texts: Mapping[str, str]) -> int:
    """Return the index of the offer that the texts of the fields belong to."""
    if texts["model"] == OFFLINE:
        return 0
    near = [place for place, offer in enumerate(OFFERS) if offer.base_url == texts["base_url"] and place]
    return near[0] if near else len(OFFERS) - 1


def _line(offer: Offer, *, chosen: bool = False) -> Content:
    return Content(f"{'●' if chosen else '○'} {offer.title}")


class _Offers(OptionList):
    """A list in which moving makes the choice, and Enter accepts the whole screen."""

    BINDINGS: ClassVar[list[BindingType]] = [one for one in bindings("choose_model") if one.id == "go_on"]


class FirstRunScreen(Dialog[dict[str, str] | None]):
    """The dialog for choosing a model; returns the texts of the fields by name, or None if cancelled.

    Args:
        settings: The settings in force.
        consent: The user's consent to send API keys.
        draft: The texts to start from; by default those of the settings.
        refusal: Why the draft could not be applied.
    """

    PLACE = "choose_model"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("choose_model")]

    def __init__(
        self,
        settings: Settings,
        consent: KeyConsent,
        *,
        draft: dict[str, str] | None = None,
        refusal: str = "",
    ) -> None:
        super().__init__()
        self._settings = settings
        self._consent = consent
        self._testing: Worker[None] | None = None
        self._refusal = refusal
        self._at = self._offer_in_force() if draft is None else _offer_for(draft)
        """Index of the offer that the fields belong to."""
        self._typed: dict[int, dict[str, str]] = {} if draft is None else {self._at: draft}
        """The texts of the fields of other offers, by index, for when the user returns to them."""
        self._rows = {
            name: SettingRow(replace(FIELDS[name], default=""), text_of(settings, name), marked=False)
            for name in _FIELDS
        }

    def compose(self) -> ComposeResult:
        """Yield the offers, the description and fields of the chosen one, and the outcome of a test."""
        with VerticalScroll(id="first-run-box", can_focus=False) as box:
            box.border_title = "Which model do you want to use?"
            cancels = self.with_keys(f"{{cancel}} {_TAKES_BUILT_IN}")
            box.border_subtitle = cancels if self._settings.is_offline else ""
            yield _Offers(*(Option(_line(offer)) for offer in OFFERS), id="first-run-offers", compact=True)
            yield Static(id="first-run-about", markup=False)
            with Vertical(id="first-run-fields"):
                yield from self._rows.values()
            yield Static(id="first-run-outcome", markup=False)
            with Horizontal(id="first-run-buttons"):
                yield Button("Continue", id="go-on", compact=True, variant="primary")
                yield Button("Test the connection", id="test", compact=True)
        yield Footer()

    def on_mount(self) -> None:
        """Highlight the offer in force, or that of the draft."""
        self._offers.highlighted = self._at
        self.set_focus(self._offers)

    def _offer_in_force(self) -> int:
        if self._settings.is_offline:
            return 0
        return _offer_for({name: text_of(self._settings, name) for name in _FIELDS})

    @property
    def _offers(self) -> OptionList:
        return self.query_one("#first-run-offers", OptionList)

    @property
    def _offer(self) -> Offer:
        return OFFERS[self._offers.highlighted or 0]

    def _begun_with(self, place: int) -> dict[str, str]:
        """Return the initial texts of an offer's fields."""
        if place == self._offer_in_force() and not OFFERS[place].is_built_in:
            return {name: text_of(self._settings, name) for name in _FIELDS}
        return OFFERS[place].texts

    @property
    def _given_texts(self) -> dict[str, str]:
        return {name: row.text for name, row in self._rows.items()}

    @property
    def _is_typed(self) -> bool:
        """Whether the user has typed anything, for this offer or another."""
        typed = self._typed | {self._at: self._given_texts}
        return any(
            texts != self._begun_with(place)
            for place, texts in typed.items()
            if not OFFERS[place].is_built_in
        )

    @property
    def _texts(self) -> dict[str, str]:
        if self._offer.is_built_in:
            return self._offer.texts
        return {name: row.text.strip() for name, row in self._rows.items()}

    @on(OptionList.OptionHighlighted)
    def _choose(self) -> None:
        self._stop_testing()
        place = self._offers.highlighted or 0
        if place != self._at:
            self._typed[self._at] = self._given_texts
            self._at, self._refusal = place, ""
        for at, offer in enumerate(OFFERS):
            self._offers.replace_option_prompt_at_index(at, _line(offer, chosen=offer is self._offer))
        self.query_one("#first-run-about", Static).update(with_keys(self._offer.about, self._settings.keys))
        self.query_one("#first-run-fields").display = not self._offer.is_built_in
        self.query_one("#test").display = not self._offer.is_built_in
        for name, text in self._typed.get(place, self._begun_with(place)).items():
            self._rows[name].text = text
        self._tell(self._refusal, wrong=True)
        self._check()
        self.refresh_bindings()

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The active bindings; the footer says what cancelling does, as the border does."""
        found = super().active_bindings
        if self._settings.is_offline:
            for key, active in found.items():
                if active.binding.id == "cancel":
                    binding = replace(active.binding, description=_CANCEL[0])
                    found[key] = active._replace(binding=binding)
        return found

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the test for the built-in model."""
        del parameters
        return not (action == "test_connection" and self._offer.is_built_in)

    @on(SettingRow.Changed)
    def _changed(self) -> None:
        self.expect_warning()
        self._check()

    def _check(self) -> dict[str, str]:
        """Validate the fields, show errors below them, and return the errors by field name."""
        texts, rows = self._texts, self._rows
        faults = faults_of(texts, self._settings)
        if not texts["model"] or (texts["model"] == OFFLINE and not self._offer.is_built_in):
            faults["model"] = _NO_NAME
        if not texts["base_url"] and self._offer.wants_address:
            faults["base_url"] = _NO_ADDRESS
        for name, row in rows.items():
            row.note(faults.get(name, ""), wrong=name in faults)
        if "base_url" not in faults and "api_key_env" not in faults:
            rows["api_key_env"].note(key_note(self._key_variable(texts)))
        return faults

    def _key_variable(self, texts: dict[str, str]) -> str:
        settings = Settings.model_validate(
            {"model": _UNNAMED, "base_url": texts["base_url"] or None}
            | ({"api_key_env": texts["api_key_env"]} if texts["api_key_env"] else {})
        )
        return key_variable(settings) or ""

    def _tell(self, text: str, *, wrong: bool = False) -> None:
        outcome = self.query_one("#first-run-outcome", Static)
        outcome.display = bool(text)
        outcome.set_class(wrong, "-wrong")
        outcome.update(Content(sentence_line(text)))
        if text:
            self.call_after_refresh(self.query_one("#first-run-box").scroll_end, animate=False)

    # The test

    @on(Button.Pressed, "#test")
    def action_test_connection(self) -> None:
        """Send one tiny request; without a model name, only ask the server which models it has."""
        texts = self._texts
        faults = self._check()
        unnamed = faults.get("model") == _NO_NAME
        wrong = [name for name in faults if not (unnamed and name == "model")]
        if wrong:
            self._tell(f"✗ {faults[wrong[0]]}", wrong=True)
            return
        asked = texts | {"model": _UNNAMED} if unnamed else texts
        self._stop_testing()
        testing = "Asking the server for its models" if unnamed else "Sending a test request"
        self._tell(self.with_keys(f"{testing}. {{cancel}} stops it."))
        settings = Settings.model_validate(values_of(asked, self._settings)).without_embeddings
        self._testing = start_worker(self, partial(self._test, settings, unnamed=unnamed))

    async def _test(self, settings: Settings, *, unnamed: bool) -> None:
        typed = changed_in(self._texts, self._settings)
        if not await may_send_keys(self.app, self._consent, settings, typed=typed):
            self._testing = None
            self._tell("Not tested: the key was not sent.")
            return
        ask = models_of if unnamed else outcome_of
        outcome = await ask(settings, self._consent)
        self._testing = None
        row = self._rows["model"]
        row.suggest(outcome.models)
        if unnamed and len(outcome.models) == 1:
            row.text = outcome.models[0]
        elif unnamed and outcome.models:
            self.set_focus(row.editor)
        self._tell(outcome.sentence, wrong=not outcome.worked)

    def _stop_testing(self) -> bool:
        testing, self._testing = self._testing, None
        if testing is not None:
            testing.cancel()
        return testing is not None

    # The end

    @on(Input.Submitted)
    @on(Button.Pressed, "#go-on")
    def action_go_on(self) -> None:
        """Close with the choice, or focus the first invalid field."""
        faults = self._check()
        if not faults:
            self.dismiss(self._texts)
            return
        rows = self._rows
        first = next((name for name in rows if name in faults), None)
        if first is not None:
            self.set_focus(rows[first].editor)
        self._tell(f"✗ {next(iter(faults.values()))}", wrong=True)

    def action_cancel(self) -> None:
        """Stop the test, or close without a change, after a warning if something was typed."""
        if self._stop_testing():
            self._tell("Stopped. The endpoint may have answered anyway.")
        elif not self.may_discard(typed=self._is_typed):
            discards = _TAKES_BUILT_IN if self._settings.is_offline else "discards it"
            keys = self.with_keys("{go_on} applies it; {cancel} again")
            self._tell(f"What you typed is not applied yet. {keys} {discards}.")
        else:
            self.dismiss(None)

    def action_keys(self) -> None:
        """Show the keys of this screen."""
        here = {"cancel": _CANCEL} if self._settings.is_offline else {}
        self.app.push_screen(KeysScreen("choose_model", read_only=False, here=here))

    def action_leave(self) -> None:
        """Quit the program, after a warning if something was typed."""
        if not self.may_discard(typed=self._is_typed):
            keys = self.with_keys("{go_on} applies it; the same key again quits without it.")
            self._tell(f"What you typed is not applied yet. {keys}")
            return
        self._stop_testing()
        self.dismiss(None)
        self.call_later(cast("CuratorApp", self.app).action_leave)

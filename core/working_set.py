"""What an engine works by: all that follows from one `Settings`, built whole and swapped whole."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Self

from selfinstruct.core.endpoint.client import Endpoint
from selfinstruct.core.endpoint.key_consent import KeyConsent
from selfinstruct.core.events import Event
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.requests.intake import Intake
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.pool.vectors import PoolVectors
    from selfinstruct.core.requests.planner import Planner


class WorkingSet:
    """Prices, planner, intake, vectors and endpoints for one `Settings`.

    Building one changes nothing in memory, so one that cannot be built or stored leaves no trace. In the
    workspace it names the model for embeddings: build it in the transaction that stores the settings.

    Args:
        workspace: The workspace.
        assessor: The pool that prompts are drawn from and candidates are compared with.
        settings: What all of it follows from.
        prices: What requests cost by these settings.
        clock: The present time as ISO 8601 text.
        emit: Told what has happened.
        consent: What the user has said about keys.
        before: The working set that this one takes the place of; vectors in memory are handed on when both
            compare by the same model.

    Raises:
        SettingsError: the person's own prompts are wrong, or there are too many tasks to compare by meaning.
    """

    def __init__(
        self,
        workspace: Workspace,
        assessor: Assessor,
        settings: Settings,
        prices: Prices,
        *,
        clock: Callable[[], str],
        emit: Callable[[Event], None],
        consent: KeyConsent,
        before: Self | None = None,
    ) -> None:
        self._workspace = workspace
        self._assessor = assessor
        self._clock = clock
        self._consent = consent
        self.settings = settings
        """May be replaced alone by settings that nothing here depends on, such as another cost limit."""
        self._prices = prices
        if settings.prompts is not None and not workspace.read_only:
            _ = self.planner  # it tries the person's own prompts
        asked = settings.of_embeddings
        self._embedder = None if asked is None else (asked.model, asked.address)
        """Whose vectors tasks are compared by: a model and its address."""
        # Where it is the same, nobody has changed it here; another program may have.
        is_same = self._embedder == (before._embedder if before else None)
        handed_on = before._vectors if before else None
        self._vectors: PoolVectors | None = handed_on if is_same else self._read_vectors()
        self.intake = Intake(workspace, assessor, prices, settings, clock=clock, emit=emit)

    def _read_vectors(self) -> "PoolVectors | None":
        asked = self.settings.of_embeddings
        if asked is None:
            return None
        from selfinstruct.core.pool.vectors import PoolVectors  # noqa: PLC0415 - only with embeddings

        return PoolVectors(self._workspace, asked)

    def put_to_work(self) -> None:
        """Have candidates assessed by these settings from now on."""
        self._assessor.assess_by(self.settings.filters, self._vectors)
        if self._embedder is not None:
            self._workspace.vectors.look(*self._embedder)

    @cached_property
    def planner(self) -> "Planner":
        """What plans requests."""
        from selfinstruct.core.requests.planner import Planner  # noqa: PLC0415 - Jinja is for whoever asks the model

        return Planner(self._workspace, self.settings, self._assessor, self._prices, clock=self._clock)

    @cached_property
    def endpoint(self) -> Endpoint:
        """The model's endpoint.

        Raises:
            EndpointUnusableError: it needs a key that it cannot have.
        """
        learned = self._workspace.settings.learned(self.settings.address, self.settings.model)
        return Endpoint(self.settings, consent=self._consent, learned=learned)

    @cached_property
    def embeddings_endpoint(self) -> Endpoint | None:
        """The endpoint that makes vectors; None when nothing is compared by meaning.

        Raises:
            EndpointUnusableError: it needs a key that it cannot have.
        """
        asked = self.settings.of_embeddings
        if asked is None:
            return None
        from selfinstruct.core.endpoint.embeddings_client import EmbeddingsEndpoint  # noqa: PLC0415 - only with embeddings

        learned = self._workspace.settings.learned(asked.address, asked.model)
        return EmbeddingsEndpoint(asked, consent=self._consent, learned=learned)

    async def close(self) -> None:
        """Close the endpoints that were in use; they are made again at their next use."""
        for name in ("endpoint", "embeddings_endpoint"):
            endpoint = vars(self).pop(name, None)
            if endpoint is not None:
                await endpoint.close()

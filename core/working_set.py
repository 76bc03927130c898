"""The working set: everything that an engine derives from its settings, built and swapped as a unit."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Self

from selfinstruct.core.endpoint.key_consent import KeyConsent
from selfinstruct.core.events import Event
from selfinstruct.core.pool.assessor import Assessor
from selfinstruct.core.settings.model import Settings
from selfinstruct.core.settings.prices import Prices
from selfinstruct.db.records import Stage
from selfinstruct.db.workspace import Workspace

if TYPE_CHECKING:
    from selfinstruct.core.endpoint.client import Endpoint
    from selfinstruct.core.pool.vectors import PoolVectors
    from selfinstruct.core.requests.intake import Intake
    from selfinstruct.core.requests.planner import Planner


class WorkingSet:
    """Prices, planner, intake, vectors and endpoints for one `Settings`.

    The constructor changes nothing in memory, so a failed build or commit leaves no trace. It records the
    embedding model in the workspace: call it in the transaction that stores the settings.

    Args:
        workspace: The workspace.
        assessor: The pool that prompts sample from and candidates are compared with.
        settings: The settings that everything is derived from.
        prices: Token prices under these settings.
        clock: Returns the current time as ISO 8601 text.
        emit: Receives events.
        consent: Which hosts the user allows to get which key.
        before: The working set that this replaces; its vectors are reused if the embedding model is the same.
        in_jobs: Whether requests are sent in jobs of the Batch API, at its price.

    Raises:
        SettingsError: The user's own prompts are invalid, or there are too many tasks to compare by meaning.
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
        in_jobs: bool = False,
    ) -> None:
        self._workspace = workspace
        self._assessor = assessor
        self._clock = clock
        self._emit = emit
        self._consent = consent
        self.settings = settings
        """Can be replaced if only settings differ that nothing here depends on, such as the cost limit."""
        self._prices = prices
        self._in_jobs = in_jobs
        self._endpoints: dict[str, Endpoint] = {}
        """Those of models that only some stages use."""
        self.warning = ""
        """A warning about the user's own prompts, as a sentence; empty when there is none."""
        if settings.prompts is not None and not workspace.read_only:
            self.warning = self.planner.warning  # validates the user's own prompts,
            _ = self.intake  # as does reading their field names
        asked = settings.of_embeddings
        self._embedder = None if asked is None else (asked.model, asked.address)
        """The embedding model and its address; None when embeddings are off."""
        # Unchanged here, so keep what another program may have changed in the workspace.
        is_same = self._embedder == (before._embedder if before else None)
        handed_on = before._vectors if before else None
        self._vectors: PoolVectors | None = handed_on if is_same else self._read_vectors()

    def _read_vectors(self) -> "PoolVectors | None":
        asked = self.settings.of_embeddings
        if asked is None:
            return None
        from selfinstruct.core.pool.vectors import PoolVectors  # noqa: PLC0415 - only with embeddings

        return PoolVectors(self._workspace, asked)

    def put_to_work(self) -> None:
        """Make the assessor use these settings."""
        self._assessor.assess_by(self.settings.filters, self._vectors)
        if self._embedder is not None:
            self._workspace.vectors.look(*self._embedder)

    @cached_property
    def planner(self) -> "Planner":
        """The planner of requests."""
        from selfinstruct.core.requests.planner import Planner  # noqa: PLC0415 - imports Jinja, which only requests need

        prices = self._prices.in_jobs() if self._in_jobs else self._prices
        return Planner(self._workspace, self.settings, self._assessor, prices, clock=self._clock)

    @cached_property
    def intake(self) -> "Intake":
        """The intake of finished requests."""
        from selfinstruct.core.requests.answer_reader import AnswerReader  # noqa: PLC0415 - as for requests
        from selfinstruct.core.requests.intake import Intake  # noqa: PLC0415

        code, reads_prompts = self._assessor.language.code, not self._workspace.read_only
        reader = AnswerReader.of(self.settings, code, reads_prompts=reads_prompts)
        workspace, assessor, prices = self._workspace, self._assessor, self._prices
        return Intake(
            workspace, assessor, prices, self.settings, reader=reader, clock=self._clock, emit=self._emit
        )

    @cached_property
    def endpoint(self) -> "Endpoint":
        """The model's endpoint.

        Raises:
            EndpointUnusableError: it needs a key that it cannot have.
        """
        return self._endpoint_with(self.settings)

    def endpoint_of(self, stage: Stage) -> "Endpoint | None":
        """Return the endpoint of a stage's requests; None for vectors when embeddings are off.

        Raises:
            EndpointUnusableError: it needs a key that it cannot have.
        """
        if stage == "embed":
            return self.embeddings_endpoint
        settings = self.settings.of_stage(stage)
        if settings.model == self.settings.model:
            return self.endpoint
        if settings.model not in self._endpoints:
            self._endpoints[settings.model] = self._endpoint_with(settings)
        return self._endpoints[settings.model]

    def _endpoint_with(self, settings: Settings) -> "Endpoint":
        from selfinstruct.core.endpoint.client import Endpoint  # noqa: PLC0415 - only requests need it, not the first screen

        learned = self._workspace.settings.learned(settings.address, settings.model)
        return Endpoint(settings, consent=self._consent, learned=learned)

    @cached_property
    def embeddings_endpoint(self) -> "Endpoint | None":
        """The embeddings endpoint; None when embeddings are off.

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
        """Close the open endpoints; their next use opens them again."""
        for name in ("endpoint", "embeddings_endpoint"):
            endpoint = vars(self).pop(name, None)
            if endpoint is not None:
                await endpoint.close()
        while self._endpoints:
            await self._endpoints.popitem()[1].close()

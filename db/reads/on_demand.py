"""The part of a workspace that is imported at its first use.

No program needs it to start. Each module defines data classes, which take longer to define than a workspace
takes to open.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from selfinstruct.db.sqlite.error_guard import GuardedConnection

if TYPE_CHECKING:
    from selfinstruct.db.reads.card import CardRows
    from selfinstruct.db.reads.instance_answers import InstanceAnswers
    from selfinstruct.db.reads.overview import OverviewRows
    from selfinstruct.db.reads.preferences import Preferences
    from selfinstruct.db.reads.provenance import Provenance
    from selfinstruct.db.reads.request_log import RequestLog
    from selfinstruct.db.reads.task_details import TaskDetails
    from selfinstruct.db.tables.exports import Exports
    from selfinstruct.db.tables.imports import Imports
    from selfinstruct.db.tables.pool_snapshots import PoolSnapshots
    from selfinstruct.db.tables.vectors import Vectors


class OnDemand:
    """Tables and queries that few steps use, over the connection of the workspace."""

    def __init__(self, db: GuardedConnection) -> None:
        self._db = db

    @cached_property
    def imports(self) -> "Imports":
        """Where rows were imported from."""
        from selfinstruct.db.tables.imports import Imports  # noqa: PLC0415 - as said above, like all below

        return Imports(self._db)

    @cached_property
    def exports(self) -> "Exports":
        """The files that were exported, and their rows."""
        from selfinstruct.db.tables.exports import Exports  # noqa: PLC0415

        return Exports(self._db)

    @cached_property
    def vectors(self) -> "Vectors":
        """The embedding vectors of instructions."""
        from selfinstruct.db.tables.vectors import Vectors  # noqa: PLC0415

        return Vectors(self._db)

    @cached_property
    def similarity(self) -> "PoolSnapshots":
        """Snapshots of the similarity indexes."""
        from selfinstruct.db.tables.pool_snapshots import PoolSnapshots  # noqa: PLC0415

        return PoolSnapshots(self._db)

    @cached_property
    def request_log(self) -> "RequestLog":
        """The requests, newest first."""
        from selfinstruct.db.reads.request_log import RequestLog  # noqa: PLC0415

        return RequestLog(self._db)

    @cached_property
    def details(self) -> "TaskDetails":
        """Tasks with all that belongs to them."""
        from selfinstruct.db.reads.task_details import TaskDetails  # noqa: PLC0415

        return TaskDetails(self._db)

    @cached_property
    def overview(self) -> "OverviewRows":
        """What the Overview screen counts."""
        from selfinstruct.db.reads.overview import OverviewRows  # noqa: PLC0415

        return OverviewRows(self._db)

    @cached_property
    def instance_answers(self) -> "InstanceAnswers":
        """The answers that instances came from."""
        from selfinstruct.db.reads.instance_answers import InstanceAnswers  # noqa: PLC0415

        return InstanceAnswers(self._db)

    @cached_property
    def preferences(self) -> "Preferences":
        """What people decided on instances."""
        from selfinstruct.db.reads.preferences import Preferences  # noqa: PLC0415

        return Preferences(self._db)

    @cached_property
    def provenance(self) -> "Provenance":
        """Where the rows of an export come from."""
        from selfinstruct.db.reads.provenance import Provenance  # noqa: PLC0415

        return Provenance(self._db)

    @cached_property
    def card(self) -> "CardRows":
        """What a data-set card says beyond the counts."""
        from selfinstruct.db.reads.card import CardRows  # noqa: PLC0415

        return CardRows(self._db)

"""The settings of a workspace, and what was learned about its endpoints."""

import json
from typing import Any

from selfinstruct.db.sqlite.connection import transaction
from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json


def cost_limit_usd(db: Connection) -> float | None:
    """What everybody's requests may cost together, as any program has set it last; None: no limit."""
    row = db.execute("SELECT value FROM settings WHERE name = 'max_cost'").fetchone()
    limit: float | None = stored_json(row[0], "the setting max_cost") if row else None
    return limit


class SettingsStore:
    """Settings by name, each a JSON value."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def read(self) -> dict[str, Any]:
        """All stored settings; empty for a new workspace."""
        return {
            name: stored_json(value, f"the setting {name}")
            for name, value in self._db.execute("SELECT name, value FROM settings")
        }

    def cost_limit(self) -> float | None:
        """The cost limit of the workspace in USD, as any program has set it last; None: there is none."""
        return cost_limit_usd(self._db)

    def write(self, settings: dict[str, Any]) -> None:
        """Store these settings in the place of the ones before."""
        with transaction(self._db):
            self._db.execute("DELETE FROM settings")
            for name, value in settings.items():
                self._db.execute(
                    "INSERT INTO settings (name, value) VALUES (?, ?)",
                    [name, json.dumps(value, ensure_ascii=False)],
                )

    def change(self, settings: dict[str, Any]) -> None:
        """Store these settings, and leave the others as another program may have stored them."""
        with transaction(self._db):
            for name, value in settings.items():
                self._db.execute(
                    "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)",
                    [name, json.dumps(value, ensure_ascii=False)],
                )

    def learned(self, base_url: str, model: str) -> dict[str, str | None]:
        """Renamed parameters of a model (None: it refuses the parameter), as learned from its errors."""
        row = self._db.execute(
            "SELECT learned FROM endpoints WHERE base_url = ? AND model = ?", [base_url, model]
        ).fetchone()
        return stored_json(row[0], "what was learned of an endpoint") if row else {}

    def learn(self, base_url: str, model: str, learned: dict[str, str | None]) -> None:
        """Remember what a model's errors told about its parameters, besides what is known already."""
        with transaction(self._db):
            known = self.learned(base_url, model) | learned
            self._db.execute(
                """INSERT INTO endpoints (base_url, model, learned) VALUES (?, ?, ?)
                ON CONFLICT (base_url, model) DO UPDATE SET learned = excluded.learned""",
                [base_url, model, json.dumps(known)],
            )

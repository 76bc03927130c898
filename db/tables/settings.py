"""The settings of a workspace, and the parameters learned about its endpoints."""

import json
from typing import Any

from selfinstruct.db.sqlite.driver import Connection
from selfinstruct.db.sqlite.error_guard import stored_json
from selfinstruct.db.sqlite.transactions import transaction


def cost_limit_usd(db: Connection) -> float | None:
    """Return the cost limit of the workspace in USD, as any program last set it; None without a limit."""
    row = db.execute("SELECT value FROM settings WHERE name = 'max_cost'").fetchone()
    limit: float | None = stored_json(row[0], "the setting max_cost") if row else None
    return limit


class SettingsStore:
    """Rows of `settings`, each a name and a JSON value, and of `endpoints`."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def read(self) -> dict[str, Any]:
        """Return all stored settings; empty for a new workspace."""
        return {
            name: stored_json(value, f"the setting {name}")
            for name, value in self._db.execute("SELECT name, value FROM settings")
        }

    def cost_limit(self) -> float | None:
        """Return the cost limit in USD, as any program last set it; None without a limit."""
        return cost_limit_usd(self._db)

    def write(self, settings: dict[str, Any]) -> None:
        """Replace all stored settings."""
        with transaction(self._db):
            self._db.execute("DELETE FROM settings")
            for name, value in settings.items():
                self._db.execute(
                    "INSERT INTO settings (name, value) VALUES (?, ?)",
                    [name, json.dumps(value, ensure_ascii=False)],
                )

    def change(self, settings: dict[str, Any]) -> None:
        """Store these settings, and keep all others, which another program may have changed."""
        with transaction(self._db):
            for name, value in settings.items():
                self._db.execute(
                    "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)",
                    [name, json.dumps(value, ensure_ascii=False)],
                )

    def learned(self, base_url: str, model: str) -> dict[str, str | None]:
        """Return parameter names learned from a model's errors, by our name; None: the model rejects it."""
        row = self._db.execute(
            "SELECT learned FROM endpoints WHERE base_url = ? AND model = ?", [base_url, model]
        ).fetchone()
        return stored_json(row[0], "the learned parameters of an endpoint") if row else {}

    def learn(self, base_url: str, model: str, learned: dict[str, str | None]) -> None:
        """Merge parameter names learned from a model's errors into those already known."""
        with transaction(self._db):
            known = self.learned(base_url, model) | learned
            self._db.execute(
                """INSERT INTO endpoints (base_url, model, learned) VALUES (?, ?, ?)
                ON CONFLICT (base_url, model) DO UPDATE SET learned = excluded.learned""",
                [base_url, model, json.dumps(known)],
            )

"""The SQLite layer: connections, locks, errors, migrations, backup."""

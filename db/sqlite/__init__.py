"""SQLite itself: connections, locks, errors, migrations, backup."""

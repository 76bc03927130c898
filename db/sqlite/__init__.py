"""SQLite itself: connections, locks, damage, migrations, backup."""

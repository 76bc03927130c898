"""Overview: charts and sums."""

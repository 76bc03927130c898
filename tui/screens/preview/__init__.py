"""Preview: which verdicts other filter settings would flip."""

"""Languages as data, language detection, and tokenization."""

"""The seven full screens, a folder each."""

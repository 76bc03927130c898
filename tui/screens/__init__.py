"""The seven full screens, one package each."""

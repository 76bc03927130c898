"""The Settings screen, and the choice of a model at the first start."""

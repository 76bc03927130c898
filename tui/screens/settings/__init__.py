"""Settings, and the choice of a model at the first start."""

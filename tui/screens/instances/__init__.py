"""Instances: inputs and outputs of accepted tasks."""

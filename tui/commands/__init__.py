"""The two programs and their commands: options, output, exit codes."""

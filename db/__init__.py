"""The workspace: one SQLite file that holds settings, requests, tasks and decisions.

This package is the only place that holds SQL. It knows nothing of the method or of the terminal.
`selfinstruct.db.workspace.Workspace` is the way in.
"""

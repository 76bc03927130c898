"""The workspace: one SQLite file that holds settings, requests, tasks and decisions.

All SQL is in this package, which knows nothing of the method or the terminal. The entry point is
`selfinstruct.db.workspace.Workspace`.
"""

"""House rules that ruff cannot express, each in a module whose docstring tells the bug that it prevents.

A line is let off with `# lint: skip=CODE - reason`. Run: `python -m tools.lint [PATH...]`.
"""

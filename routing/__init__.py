"""Who works on what: work items, presence, capacity, assignment, decisions on record."""

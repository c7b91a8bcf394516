"""Tickets: what came in, what was answered, and everything that is done to them."""

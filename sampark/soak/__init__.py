"""Soaks: the product under load and accidents for a long time, and the proof of what became of everything."""

"""Translators between the outside world and tickets."""

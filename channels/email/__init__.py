"""The e-mail channel: fetching, reading, sending."""

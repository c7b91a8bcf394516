"""The web channel: what customers send through forms."""

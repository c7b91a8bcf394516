"""The customers' side: pages rendered on the server, usable without a script."""

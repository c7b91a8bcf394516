"""Lighthouse for the portal, by hand."""

"""The request form of the portal as a channel: each post is a ledger row first, then a ticket."""

"""Automation: rules that act on events and on time, macros that share their actions, webhooks that tell others."""

"""The kernel: imports nothing of ours, knows no ticket and no customer."""

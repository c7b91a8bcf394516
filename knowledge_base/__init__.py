"""Articles for customers and agents. The package is reserved: its tables and screens come with self-service."""

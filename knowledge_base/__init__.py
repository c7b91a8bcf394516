"""Articles for customers and agents: written, reviewed, published, translated, found, voted on, measured."""

"""Live chat: a visitor of a web site talks with an agent through the widget, and by mail when he has left."""

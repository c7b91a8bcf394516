"""What a visitor's browser talks to when it shows the chat widget: script, page of the window, API, socket."""

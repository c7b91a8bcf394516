"""The shapes that go over the wire to agents: msgspec structs, camelCase; unknown input fields are refused."""

"""One controller file per resource. A handler is: guard, decode, one call of a service, view."""

"""The make-believe world: mailboxes, customers and a demo company that ship with the product."""

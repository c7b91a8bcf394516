"""What we sell: the catalogue, registered products with their warranty, claims, recalls, orders."""

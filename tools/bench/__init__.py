"""`make bench`: how fast the product is, each figure beside a floor of the same run (docs/reference/benchmarks.md)."""

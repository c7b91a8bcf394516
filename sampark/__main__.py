"""``python -m sampark`` is ``sampark``."""

from sampark.cli import main

main()

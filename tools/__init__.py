"""What builds, checks and starts Sampark; never imported by the product.

The scripts that run before anything is installed (run, environment, assets) use the standard library only.
"""

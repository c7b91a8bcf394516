"""A Chromium for machines where no system package can be installed: the one inside an npm package."""

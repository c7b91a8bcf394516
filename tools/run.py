"""`make run`: set up what is missing, build the console when it is stale, become the product.

The last step replaces this process, so Ctrl-C and signals reach Sampark itself. When nothing is stale
the checks before it take a tenth of a second.
"""

import os
import subprocess
import sys

from tools import assets, environment


def build_console() -> None:
    """Build the console if its sources changed since the last time.

    Raises:
        SetupError: when the build fails; its output stands above the sentence.
    """
    if assets.fresh():
        return
    if assets.system_node() is None:
        environment.for_console()
    environment.say("building the console (once; again only when its sources change)")
    done = subprocess.run([environment.venv_python(), "-m", "tools.assets"], cwd=environment.ROOT, check=False)
    if done.returncode:
        raise environment.SetupError("The console could not be built; see above.")


def main() -> None:
    """Prepare, then exec `sampark serve --demo` with whatever else was asked for."""
    environment.for_run()
    build_console()
    sampark = environment.VENV / "bin" / "sampark"
    os.chdir(environment.ROOT)
    os.execv(sampark, [str(sampark), "serve", "--demo", *sys.argv[1:]])  # noqa: S606 - our own program, no shell


if __name__ == "__main__":
    environment.politely(main)

"""The command ``twin``: one noun or verb deep, ``--json`` everywhere, exit codes as `twin.errors.OUTCOMES` says.

0 done; 1 refused or wrong; 2 there are changes (``plan --detailed-exitcode``); 3 the backend failed; 64 usage.
"""

from twin.cli.app import main

__all__ = ["main"]

"""``make bench``: every figure with its peer in the same run. ``make bench ARGS="mirror"`` runs some of them."""

from __future__ import annotations

import sys

from tests.bench import (
    access,
    commits,
    cypher,
    fanout,
    graphql,
    holds,
    mirror,
    moving,
    neo4j,
    past,
    plan,
    queries,
    scale,
    telemetry,
    views,
    visibility,
)
from tests.bench.report import Report

BENCHES = {
    "mirror": mirror.run,
    "queries": queries.run,
    "plan": plan.run,
    "commits": commits.run,
    "views": views.run,
    "visibility": visibility.run,
    "access": access.run,
    "graphql": graphql.run,
    "telemetry": telemetry.run,
    "fanout": fanout.run,
    "neo4j": neo4j.run,
    "moving": moving.run,
    "past": past.run,
    "cypher": cypher.run,
    "scale": scale.run,
    "holds": holds.run,
}
WHEN_NAMED = {"million": scale.million}
"""Those that take long, or need much."""


def main() -> None:
    """Run the benches named on the command line, or all but those that are run when named."""
    known = BENCHES | WHEN_NAMED
    wanted = sys.argv[1:] or list(BENCHES)
    unknown = set(wanted) - known.keys()
    if unknown:
        raise SystemExit(f"no bench {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    report = Report()
    for name in wanted:
        known[name](report)
    report.show()


if __name__ == "__main__":
    main()

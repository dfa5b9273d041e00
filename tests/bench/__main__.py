"""``make bench``: every figure with its peer in the same run. ``make bench ARGS="mirror"`` runs some of them."""

from __future__ import annotations

import sys

from tests.bench import commits, cypher, graphql, mirror, moving, neo4j, plan, queries, telemetry, views
from tests.bench.report import Report

BENCHES = {
    "mirror": mirror.run,
    "queries": queries.run,
    "plan": plan.run,
    "commits": commits.run,
    "views": views.run,
    "graphql": graphql.run,
    "telemetry": telemetry.run,
    "neo4j": neo4j.run,
    "moving": moving.run,
    "cypher": cypher.run,
}


def main() -> None:
    """Run the benches named on the command line, or all."""
    wanted = sys.argv[1:] or list(BENCHES)
    unknown = set(wanted) - BENCHES.keys()
    if unknown:
        raise SystemExit(f"no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    report = Report()
    for name in wanted:
        BENCHES[name](report)
    report.show()


if __name__ == "__main__":
    main()

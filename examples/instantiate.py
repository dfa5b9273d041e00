"""Instantiate the flat and ask it: python examples/instantiate.py [DATA-DIRECTORY]."""

import sys

from twin import Twin

with Twin(sys.argv[1] if len(sys.argv) > 1 else "twin-data") as twin:
    plan = twin.plan("examples/flat.yaml", site="flat", parameters={"name": "Nuremberg"})
    print(plan)
    twin.apply(plan)
    for valve in twin.devices(type="RadiatorValve", under="flat"):
        print(valve.path, twin.read(valve, "temperature"))

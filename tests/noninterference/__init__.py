"""Non-interference over the real faces: what somebody may not see changes no byte of what they are answered.

Random changes are made out of sight of somebody, in a random graph with random grants: most of them at the border,
where what is hidden is linked to, contains or lies in what is seen. As long as all that they see stays as it was (by
what every entity, relation, reading and permission that they see says of itself), the same requests must be answered
with the same bytes: status, headers and bodies, of REST and of GraphQL; and no subscription may hear of it. At last
they ask in another world, which looks the same to them, but where nothing is hidden that need not be. Plans, and
applying them, have worlds of their own: see `tests.noninterference.planning`.
"""

from tests.noninterference.holding import hold
from tests.noninterference.planning import Builders, keep_apart
from tests.noninterference.world import Told, World

__all__ = ["Builders", "Told", "World", "hold", "keep_apart"]

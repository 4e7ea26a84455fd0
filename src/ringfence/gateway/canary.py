"""Whose call is it, before a policy is chosen for it?  RFC 9449 §7.1; RFC 8705 §3.

Nothing is refused here. The policy that is chosen then decides the whole call and finds for itself what is wrong with it.
"""

from ringfence.clock import Instant
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.identify import present
from ringfence.gateway.ports import TokenKeys
from ringfence.gateway.token_memory import TokenMemory
from ringfence.message import Request
from ringfence.problem import Refused
from ringfence.proofs.pairwise_subjects import UserOf
from ringfence.store.interface import Unavailable


def client_of(
    request: Request, accepted: Acceptance, keys: TokenKeys, memory: TokenMemory, now: Instant, user_of: UserOf
) -> str:
    """Return the client that a token of ours names which is still good, or `""`.

    The sender has proved nothing yet. A token that was stolen is decided by the policy of its client.
    """
    try:
        return present(request, accepted, keys, memory, now, user_of)[1].client_id
    except (Refused, Unavailable):
        return ""

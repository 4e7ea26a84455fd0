"""Does the call say what the API's description says it may?"""

from ringfence.gateway.bodies import check_body
from ringfence.gateway.parameters import check_parameters
from ringfence.gateway.stages import Limited, Valid


def validate(limited: Limited, body: bytes, max_json_depth: int) -> Valid:
    """Check parameters and body against the operation's compiled description.

    Raises:
        Refused: a PARAMETER_…, BODY_…, JSON_… reason or MEDIA_TYPE.
    """
    located = limited.authorized.identified.located
    parameters = check_parameters(located, max_json_depth)
    payload = check_body(located.request, body, located.operation, max_json_depth)
    return Valid(limited, body, payload, parameters)

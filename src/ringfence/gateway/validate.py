"""Does the call say what the API's description says it may?"""

from ringfence.gateway.bodies import asked_body, declared_body, fitting, read
from ringfence.gateway.parameters import check_parameters
from ringfence.gateway.stages import Attested, Valid

JSON = "application/json"


def validate(attested: Attested, max_json_depth: int) -> Valid:
    """Check parameters and body against the operation's compiled description.

    Raises:
        Refused: a PARAMETER_…, BODY_…, JSON_… reason or MEDIA_TYPE.
    """
    limited = attested.limited
    located = limited.authorized.identified.located
    parameters = check_parameters(located, max_json_depth)
    operation = located.operation
    if attested.opened:
        declared = declared_body(JSON, operation)
        payload = fitting(declared, read(declared, attested.content, max_json_depth))
        return Valid(limited, attested.body, payload, parameters, JSON, opened=True, declared=declared)
    if attested.document is None:
        asked = asked_body(located.request, attested.content, operation)
        payload = None if asked is None else fitting(asked, read(asked, attested.content, max_json_depth))
        return Valid(limited, attested.body, payload, parameters, declared=asked)
    declared = declared_body(located.request.header("content-type"), operation)
    payload = fitting(declared, attested.document)
    if operation.demands.payload_upstream:
        return Valid(limited, attested.content, payload, parameters, JSON, declared=declared)
    return Valid(limited, attested.body, payload, parameters, declared=declared)

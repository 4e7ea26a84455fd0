import pytest

from ringfence.edge.authorities import bundle
from ringfence.problem import Reason, Refused


def test_files_are_put_together(certificates):
    assert bundle([certificates / "ca.pem", certificates / "ca.pem"]).count(b"BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize("name", ["server.pem", "ca.key", "absent.pem"])
def test_what_is_no_authority_is_refused(certificates, name):
    with pytest.raises(Refused) as caught:
        bundle([certificates / name])
    assert caught.value.reason is Reason.POLICY_INVALID

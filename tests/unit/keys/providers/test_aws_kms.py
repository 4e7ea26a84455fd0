import hashlib

import pytest
from botocore.stub import Stubber

from ringfence.keys.backend import BackendFailed, BackendGone
from ringfence.keys.providers.aws_kms import AwsKmsKeys

HANDLE = b"PS256|alias/r/key_1"


@pytest.fixture
def kms(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    keys = AwsKmsKeys("eu-central-1", "r/")
    with Stubber(keys._kms) as stub:
        yield keys, stub


@pytest.mark.parametrize("data", [b"", b"x" * 4097])
def test_what_kms_does_not_take_whole_goes_as_its_digest(kms, data):
    keys, stub = kms
    asked = {
        "KeyId": "alias/r/key_1",
        "SigningAlgorithm": "RSASSA_PSS_SHA_256",
        "Message": hashlib.sha256(data).digest(),
        "MessageType": "DIGEST",
    }
    stub.add_response("sign", {"Signature": b"made"}, asked)
    assert keys.sign(HANDLE, data) == b"made"


@pytest.mark.parametrize(
    ("code", "becomes"),
    [
        ("KMSInvalidStateException", BackendFailed),
        ("NotFoundException", BackendFailed),
        ("IncorrectKeyException", BackendFailed),
        ("AccessDeniedException", BackendGone),
        ("ThrottlingException", BackendGone),
        ("KMSInternalException", BackendGone),
    ],
)
def test_what_trying_again_can_mend_and_what_not(kms, code, becomes):
    keys, stub = kms
    stub.add_client_error("sign", code, http_status_code=400)
    with pytest.raises(becomes, match=code):
        keys.sign(HANDLE, b"x")


def test_destroying_begins_the_window_and_takes_the_alias_away(kms):
    keys, stub = kms
    stub.add_response("describe_key", {"KeyMetadata": {"KeyId": "k-1"}}, {"KeyId": "alias/r/key_1"})
    stub.add_response("schedule_key_deletion", {}, {"KeyId": "k-1", "PendingWindowInDays": 7})
    stub.add_response("delete_alias", {}, {"AliasName": "alias/r/key_1"})
    keys.destroy(HANDLE)
    stub.assert_no_pending_responses()

"""Round trips with Mastercard's own library and with joserfc, and what is refused."""

import base64
import json
import time
from pathlib import Path
from statistics import median

import pytest
from client_encryption.jwe_encryption import decrypt_payload, encrypt_payload
from client_encryption.jwe_encryption_config import JweEncryptionConfig
from joserfc import jwe
from joserfc.jwk import RSAKey

from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.protect.partner_bodies import open_members, seal_members
from ringfence.protect.partner_jwe import open_sealed, read, seal
from ringfence.protect.partner_keys import NotOpened
from ringfence.protect.partner_profiles import MASTERCARD, PROFILES, VISA, VISA_ACCEPTANCE, Profile
from tests.partner_pairs import copied, keys, kid, pair, their_files

NOW = Instant(1_764_089_064.25)
OURS, THEIRS = keys("theirs", "ours"), keys("ours", "theirs")
CONTENT = b'{"card":{"number":"5105105105105100"},"amount":1}'


def header(text: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(text.split(".", maxsplit=1)[0] + "=="))


def remade(text: str, **members: object) -> str:
    """The same JWE under another header."""
    changed = json.dumps(header(text) | members, separators=(",", ":")).encode()
    return ".".join([base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), *text.split(".")[1:]])


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_what_is_sealed_opens_by_the_other_side_and_by_another_library(profile: Profile) -> None:
    text = seal(CONTENT, profile, OURS, NOW, system_random)
    assert open_sealed(text, profile, THEIRS, NOW, system_random) == CONTENT
    registry = jwe.JWERegistry(strict_check_header=False, algorithms=["RSA-OAEP-256", profile.seals])  # for `iat`
    opened = jwe.decrypt_compact(text, RSAKey.import_key(pair("theirs")), registry=registry)
    assert opened.plaintext == CONTENT
    written = jwe.encrypt_compact(
        profile.header(profile.seals, kid("ours"), NOW),
        CONTENT,
        RSAKey.import_key(pair("ours").public_key()),
        registry=registry,
    )
    assert open_sealed(written, profile, OURS, NOW, system_random) == CONTENT


def test_headers_are_written_as_each_partner_has_them() -> None:
    def written(profile: Profile) -> list[tuple[str, object]]:
        return list(header(seal(CONTENT, profile, OURS, NOW, system_random)).items())

    alg, to = ("alg", "RSA-OAEP-256"), ("kid", kid("theirs"))
    assert written(MASTERCARD) == [alg, ("enc", "A256GCM"), to, ("cty", "application/json")]
    assert written(VISA) == [alg, ("enc", "A128GCM"), ("typ", "JWE"), to, ("iat", 1_764_089_064_250)]
    assert written(VISA_ACCEPTANCE) == [alg, ("enc", "A256GCM"), ("iat", "1764089064"), to]


@pytest.mark.parametrize(
    ("encrypts", "decrypts"),
    [({"$": "$"}, {"encryptedValue": "$"}), ({"data": "sealed"}, {"sealed": "data"})],
)
def test_both_ways_with_mastercards_library(tmp_path: Path, encrypts: dict, decrypts: dict) -> None:
    theirs = JweEncryptionConfig(
        their_files(tmp_path, "ours", "theirs")
        | {"paths": {"$": {"toEncrypt": encrypts, "toDecrypt": decrypts}}, "encryptedValueFieldName": "encryptedValue"}
    )
    body = {"data": {"card": {"number": "5105105105105100", "name": "Zoë"}, "n": 1}, "more": [1, "two"]}
    from_them = encrypt_payload(copied(body), theirs)
    (opened_at, put_at) = next(iter(encrypts.items()))[::-1]
    opened = open_members(
        from_them,
        {opened_at: put_at},
        "encryptedValue",
        lambda text: open_sealed(text, MASTERCARD, OURS, NOW, system_random),
    )
    assert opened == body
    to_them = seal_members(
        body, encrypts, "encryptedValue", lambda content: seal(content, MASTERCARD, OURS, NOW, system_random)
    )
    assert body["data"]["card"]["name"] == "Zoë"
    if encrypts == {"$": "$"}:
        assert list(to_them) == ["encryptedValue"]
    assert decrypt_payload(to_them, theirs) == body


@pytest.mark.parametrize("part", range(5))
def test_a_changed_bit_anywhere_is_refused_with_one_message(part: int) -> None:
    text = seal(CONTENT, MASTERCARD, OURS, NOW, system_random)
    parts = text.split(".")
    for at in range(0, len(parts[part]), max(1, len(parts[part]) // 20)):
        changed = "A" if parts[part][at] != "A" else "B"
        bad = ".".join([*parts[:part], parts[part][:at] + changed + parts[part][at + 1 :], *parts[part + 1 :]])
        with pytest.raises(NotOpened) as refused:
            open_sealed(bad, MASTERCARD, THEIRS, NOW, system_random)
        assert str(refused.value) == "the payload could not be opened"


@pytest.mark.parametrize(
    "members",
    [
        {"alg": "RSA1_5"},
        {"alg": "RSA-OAEP"},
        {"alg": "dir"},
        {"alg": ["RSA-OAEP-256"]},
        {"enc": "A128CBC-HS256"},
        {"enc": "none"},
        {"enc": None},
        {"zip": "DEF"},
        {"crit": ["exp"]},
        {"crit": []},
        {"jwk": {}},
        {"kid": "another"},
        {"kid": 1},
        {"cty": "text/plain"},  # taken, but not what the tag covers
    ],
)
def test_another_header_is_refused(members: dict) -> None:
    text = seal(CONTENT, MASTERCARD, OURS, NOW, system_random)
    with pytest.raises(NotOpened):
        open_sealed(remade(text, **members), MASTERCARD, THEIRS, NOW, system_random)


def test_the_tag_covers_the_header_as_it_was_written() -> None:
    """Spaces and another order mean the same members and another header: it opens only as it was sealed."""
    text = seal(CONTENT, MASTERCARD, OURS, NOW, system_random)
    spaced = base64.urlsafe_b64encode(json.dumps(header(text)).encode()).rstrip(b"=").decode()
    with pytest.raises(NotOpened):
        open_sealed(".".join([spaced, *text.split(".")[1:]]), MASTERCARD, THEIRS, NOW, system_random)


@pytest.mark.parametrize(
    "text", ["", "....", "a.b.c.d", "a.b.c.d.e.f", "é.b.c.d.e", "e30....", "W10....", "." * 9, "a" * (5 << 20)]
)
def test_what_is_no_jwe_is_refused(text: str) -> None:
    with pytest.raises(NotOpened):
        open_sealed(text, MASTERCARD, THEIRS, NOW, system_random)


def test_short_tags_and_odd_ivs_are_refused() -> None:
    parts = seal(CONTENT, MASTERCARD, OURS, NOW, system_random).split(".")
    for iv, tag in [
        (parts[2], parts[4][:16]),
        (parts[2], ""),
        ("", parts[4]),
        (parts[2][:8], parts[4]),
        (parts[2], parts[4] + "AA"),
    ]:
        with pytest.raises(NotOpened):
            open_sealed(".".join([parts[0], parts[1], iv, parts[3], tag]), MASTERCARD, THEIRS, NOW, system_random)


def test_an_iv_of_sixteen_bytes_is_taken_from_mastercard_only(tmp_path: Path) -> None:
    theirs = JweEncryptionConfig(
        their_files(tmp_path, "ours", "theirs")
        | {"paths": {"$": {"toEncrypt": {"$": "$"}, "toDecrypt": {}}}, "encryptedValueFieldName": "encryptedValue"}
    )
    text = encrypt_payload({"a": 1}, theirs)["encryptedValue"]
    assert len(read(text, MASTERCARD, frozenset(OURS.opens), NOW).iv) == 16
    with pytest.raises(NotOpened):
        read(text, VISA_ACCEPTANCE, frozenset(OURS.opens), NOW)


@pytest.mark.parametrize("profile", [VISA, VISA_ACCEPTANCE])
@pytest.mark.parametrize("late", [-200, -121, 121.5, 1e6])
def test_what_is_old_or_from_the_future_is_refused(profile: Profile, late: float) -> None:
    text = seal(CONTENT, profile, OURS, NOW, system_random)
    with pytest.raises(NotOpened):
        open_sealed(text, profile, THEIRS, Instant(NOW + late), system_random)
    for at in ("", "x", None, True, 1.5, "9" * 5000, -1):
        with pytest.raises(NotOpened):
            open_sealed(remade(text, iat=at), profile, THEIRS, NOW, system_random)


def test_a_wrong_key_and_a_wrong_tag_take_the_same_time() -> None:
    """Same path, same class: the middle of many."""
    text = seal(CONTENT, MASTERCARD, OURS, NOW, system_random)
    parts = text.split(".")
    other = seal(CONTENT, MASTERCARD, keys("third", "ours"), NOW, system_random).split(".")[1]
    while int.from_bytes(base64.urlsafe_b64decode(other + "==")) >= pair("theirs").private_numbers().public_numbers.n:
        other = seal(CONTENT, MASTERCARD, keys("third", "ours"), NOW, system_random).split(".")[1]
    bad_tag = ".".join([*parts[:4], "A" * 22])
    bad_key = ".".join([parts[0], other, *parts[2:]])
    taken: dict[str, list[float]] = {bad_tag: [], bad_key: []}
    for _ in range(150):
        for bad, times in taken.items():
            began = time.process_time()
            with pytest.raises(NotOpened) as refused:
                open_sealed(bad, MASTERCARD, THEIRS, NOW, system_random)
            times.append(time.process_time() - began)
            assert refused.value.private == "the tag does not fit"
    one, two = median(taken[bad_tag]), median(taken[bad_key])
    assert abs(one - two) < 0.4 * max(one, two)

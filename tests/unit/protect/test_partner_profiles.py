from ringfence.protect.partner_profiles import KEY_BYTES, MASTERCARD, PROFILES, VISA


def test_each_profile_takes_what_it_sends_and_only_authenticated_content() -> None:
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.seals in profile.opens <= set(KEY_BYTES)
        assert 12 in profile.iv_bytes


def test_visa_names_its_key_besides_and_mastercard_keeps_no_time() -> None:
    assert VISA.key_header == "keyId"
    assert MASTERCARD.max_age == 0

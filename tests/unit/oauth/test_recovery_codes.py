import re

import pytest

from ringfence.ids import system_random
from ringfence.oauth.recovery_codes import kept_form, new_codes, without
from ringfence.problem import Reason, Refused


def test_each_code_is_good_once_however_it_is_typed() -> None:
    codes = new_codes(system_random)
    assert len(set(codes)) == 10
    assert all(re.fullmatch("([a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in codes)
    kept = kept_form(codes)
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    left = without(kept, f" {codes[3].upper().replace('-', ' ')} ")
    assert len(left.split()) == 9
    for code, state in ((codes[3], left), ("", kept), ("aaaa-aaaa-aaaa-aaaa", kept), (codes[0], "")):
        with pytest.raises(Refused) as why:
            without(state, code)
        assert why.value.reason is Reason.SECOND_FACTOR

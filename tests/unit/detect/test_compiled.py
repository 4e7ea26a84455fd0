from ringfence.detect.load import shipped


def test_windows_and_kinds_are_worked_out_once() -> None:
    rule = next(rule for rule in shipped() if rule.rule.id == "credential-stuffing")
    assert (rule.window_seconds, rule.bucket_seconds, rule.cool_down) == (900.0, 150.0, 1800.0)
    assert rule.kinds == frozenset({"login.decided.v1"})
    assert [measure.name for measure in rule.measures] == ["tries", "users"]

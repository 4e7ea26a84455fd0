import jsonschema_rs
import yaml

from ringfence.policy.schema import policy_schema


def test_the_schema_takes_a_good_policy_and_refuses_unknown_members(installation) -> None:
    validator = jsonschema_rs.Draft202012Validator(policy_schema())
    policy = yaml.safe_load(installation().read_text())
    assert validator.is_valid(policy)
    assert not validator.is_valid(policy | {"colour": "red"})
    assert not validator.is_valid({k: v for k, v in policy.items() if k != "on_outage"})

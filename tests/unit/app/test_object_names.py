from ringfence.app.object_names import FileObjectNames
from ringfence.ids import system_random
from ringfence.policy.load import load


def test_one_object_has_one_name_here_and_another_elsewhere(installation, tmp_path):
    where = load(installation).places
    names, again = FileObjectNames(where, system_random), FileObjectNames(where, system_random)
    first = names.of({"AccountId": "22289"})
    assert len(first) == 16
    assert again.of({"AccountId": "22289"}) == first
    assert names.of({"AccountId": "22290"}) != first
    assert names.of({"AccountId": "2228", "StatementId": "9"}) != first
    assert where.object_names_key.stat().st_mode & 0o777 == 0o600
    where.object_names_key.unlink()
    assert FileObjectNames(where, system_random).of({"AccountId": "22289"}) != first


def test_a_path_without_parameters_names_nothing_and_makes_no_key(installation):
    where = load(installation).places
    assert FileObjectNames(where, system_random).of({}) == ""
    assert not where.object_names_key.exists()


def test_without_a_key_there_are_no_names(installation):
    where = load(installation).places
    where.keys.mkdir(exist_ok=True)
    where.object_names_key.mkdir()
    names = FileObjectNames(where, system_random)
    assert names.of({"AccountId": "22289"}) == names.of({"AccountId": "22289"}) == ""

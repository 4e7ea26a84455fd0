from pathlib import Path

from ringfence.app import snapshot
from ringfence.policy.load import LoadedPolicy, load


def test_a_role_reads_the_accepted_policy_whatever_the_file_says_now(installation: Path, loaded: LoadedPolicy) -> None:
    accepted = snapshot.accept(loaded)
    installation.write_text("version: nonsense")
    (installation.parent / "bank.yaml").write_text("also: nonsense")
    again = load(accepted)
    assert again.places == loaded.places or (again.places.state, again.places.keys) == (
        loaded.places.state,
        loaded.places.keys,
    )
    assert [op.operation_id for op in again.table.operations] == ["GetThings"]
    assert Path(again.policy.listeners.public.tls.certificate).is_absolute()


def test_the_newest_accepted_policy_is_the_current_one(installation: Path, loaded: LoadedPolicy) -> None:
    path = snapshot.accept(loaded)
    installation.write_text(installation.read_text().replace("See things", "See all things"))
    assert snapshot.accept(load(installation)) == path
    assert load(path).policy.oauth.scopes["things"] == "See all things"


def test_old_snapshots_are_forgotten_but_never_the_current_one(installation: Path, loaded: LoadedPolicy) -> None:
    original = installation.read_text()
    for number in range(snapshot.KEPT + 4):
        installation.write_text(original.replace("See things", f"See {number} things"))
        path = snapshot.accept(load(installation))
    kept = [p for p in snapshot.directory(loaded.places).iterdir() if p.is_dir() and not p.is_symlink()]
    assert len(kept) == snapshot.KEPT
    assert load(path).policy.oauth.scopes["things"] == f"See {snapshot.KEPT + 3} things"


def test_an_interrupted_acceptance_leaves_the_old_one(installation: Path, loaded: LoadedPolicy) -> None:
    path = snapshot.accept(loaded)
    directory = snapshot.directory(loaded.places)
    (directory / "0123456789abcdef.making").mkdir()
    (directory / "current.making").symlink_to("nowhere")
    assert load(path).policy == load(path).policy
    assert snapshot.accept(loaded) == path


def test_a_country_database_is_found_from_the_snapshot(installation: Path) -> None:
    (installation.parent / "geo.mmdb").write_text("countries")
    installation.write_text(installation.read_text() + "geo: geo.mmdb\n")
    again = load(snapshot.accept(load(installation)))
    assert again.places.file(again.policy.geo) == installation.parent / "geo.mmdb"


def test_what_is_read_beside_the_policy_lies_where_the_policy_file_lies(installation: Path) -> None:
    place = installation.parent
    for name in ("rules", "leaked"):
        (place / name).mkdir()
    (place / "password").write_text("p")
    (place / "password").chmod(0o600)
    records = "records: {url: 'postgresql://u@h/d', password_file: password, authority: certs/ca.pem}"
    text = installation.read_text().replace("oauth:", "oauth:\n  passwords: {leaked: leaked}", 1)
    text += f"\nwatch: {{rules: rules}}\ngateway: {{core_rules: crs}}\n{records}\n"
    installation.write_text(text)
    policy = load(snapshot.accept(load(installation))).policy
    assert policy.watch.rules == str(place / "rules")
    assert policy.gateway.core_rules == str(place / "crs")
    assert policy.oauth.passwords.leaked == str(place / "leaked")
    assert policy.records is not None
    assert (policy.records.password_file, policy.records.authority) == (
        str(place / "password"),
        str(place / "certs/ca.pem"),
    )


def test_cedar_policies_are_kept_as_they_were_judged(installation: Path) -> None:
    folder = installation.parent / "policies"
    folder.mkdir()
    (folder / "a.cedar").write_text('@id("a") permit(principal, action, resource); // as judged')
    (folder / "b.cedar").write_text('@id("b") forbid(principal is User, action, resource);')
    installation.write_text(installation.read_text() + "authorization: {cedar: policies}\n")
    before = load(installation)
    (folder / "a.cedar").write_text("nonsense")
    again = load(snapshot.accept(before))
    assert before.cedar is not None
    assert again.cedar is not None
    assert [file.text for file in again.cedar.files] == [file.text for file in before.cedar.files]
    assert again.cedar.names == before.cedar.names == {"policy0": "a", "policy1": "b"}
    installation.write_text(installation.read_text().replace("cedar: policies", "cedar: policies/b.cedar"))
    one = load(snapshot.accept(load(installation)))
    assert one.cedar is not None
    assert [file.path.name for file in one.cedar.files] == ["b.cedar"]

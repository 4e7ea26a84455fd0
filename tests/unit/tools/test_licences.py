from tools.licences import faults, licence, locked


def test_lock_lines_are_read(tree):
    lock = tree.write(
        "lock.txt", "# head\nmsgspec==0.22.0 ; sys_platform == 'linux' \\\n    --hash=sha256:00\nlmdb==3.0.0\n"
    )
    assert locked(lock) == [("msgspec", "0.22.0"), ("lmdb", "3.0.0")]


def test_a_free_licence_passes(tree):
    assert faults(tree.write("lock.txt", "msgspec==0\n")) == []
    assert "BSD" in licence("msgspec")


def test_a_licence_that_binds_or_that_nobody_judged_fails(tree, monkeypatch):
    declared = {"a": "GPL-3.0-only", "b": "AGPL-3.0", "c": "Proprietary", "d": "LGPL-2.1"}
    monkeypatch.setattr("tools.licences.licence", declared.__getitem__)
    found = faults(tree.write("lock.txt", "a==1\nb==1\nc==1\nd==1\n"))
    assert [fault.split(":")[0] for fault in found] == ["a", "b", "c"]

"""Every channel of a policy over real listeners: the same alert, told in its own way."""

import asyncio
import json
from pathlib import Path

from ringfence.app.export.role import Exporting
from ringfence.app.snapshot import accept
from ringfence.policy.load import load
from ringfence.store.cursors import Cursors
from ringfence.store.embedded.sqlite_events import SqliteEvents
from tests.listening import HttpListener, SyslogListener, free_port, server_tls, until
from tests.mail_server import MailServer
from tests.told import asked, raised
from tests.unit.app.export.test_role import policy_with


async def test_each_channel_tells_the_same_alert(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "keys").mkdir()
    file = policy_with(tmp_path, "")
    stream = SqliteEvents(tmp_path / "state" / "events.db")
    tls = server_tls(tmp_path / "certs")
    with HttpListener() as phone, MailServer(tls) as mail, SyslogListener(tls=tls) as syslog:
        text = f"""
notify:
  webhook:
    phone: {{url: "http://127.0.0.1:{phone.port}/", secret_file: secret, inside: [127.0.0.0/8]}}
    gone: {{url: "https://localhost:{free_port()}/", secret_file: secret, inside: [127.0.0.0/8]}}
    guarded: {{url: "https://localhost.localdomain:{phone.port}/", secret_file: secret}}
  mail:
    duty: {{host: localhost, port: {mail.port}, sender: r@bank.example, to: [d@bank.example], authority: certs/ca.pem, user: u, password_file: secret}}
  syslog:
    soc: {{host: localhost, port: {syslog.port}, authority: certs/ca.pem, levels: []}}
"""
        file.write_text(file.read_text() + text)
        loaded = load(accept(load(file)))
        cursors = Cursors(loaded.places.exports)
        exporting = Exporting(stream)
        await exporting.follow(loaded)
        names = ("phone", "gone", "guarded", "duty", "soc")
        await asyncio.to_thread(until, lambda: all(cursors.read(name) for name in names), 30)
        await stream.append([raised(1), asked(1, channel="soc", level="high"), raised(2, silenced="silence_1")])
        await asyncio.to_thread(until, lambda: phone.posts and mail.taken and syslog.messages, 30)
        failing = ("gone", "guarded")
        await asyncio.to_thread(until, lambda: all(cursors.read(name).failing_since for name in failing), 30)
        await exporting.end()
    await stream.close()
    ((headers, body),) = phone.posts
    assert headers["webhook-signature"].startswith("v1,")
    assert json.loads(body)["finding_info"]["uid"] == "alert_1"
    (letter,) = mail.mails()
    assert "ringfence alerts show alert_1" in letter.get_content()
    assert mail.logins == ["\0u\0a-secret-of-24-characters"]
    assert [text.rpartition("ringfence alerts show ")[2] for text in syslog.texts()] == ["alert_1"]
    assert [cursors.read(name).waiting for name in failing] == [1, 1]

"""The channels of a policy, each as one who tells people of alerts."""

from functools import partial
from pathlib import Path

from ringfence.app.export.collector import Collector
from ringfence.app.export.guard import guarded
from ringfence.app.export.mail import Mail
from ringfence.app.export.posting import Poster
from ringfence.app.export.secrets import one_line_secret
from ringfence.app.export.sentences import Sentences
from ringfence.app.export.teller import Teller, Tells
from ringfence.app.export.tls import client_tls
from ringfence.app.export.webhooks import Webhooks
from ringfence.clock import system_clock
from ringfence.export.notice import Noticing
from ringfence.export.record import Origin
from ringfence.export.redaction import Redaction
from ringfence.ids import system_random
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.notify_model import Channel, MailChannel, SyslogChannel, Webhook
from ringfence.store.cursors import Cursors
from ringfence.store.interface import EventStream


def channel(
    name: str,
    settings: Channel,
    redaction: Redaction,
    origin: Origin,
    loaded: LoadedPolicy,
    stream: EventStream,
    cursors: Cursors,
) -> Teller:
    """Return who tells a channel of alerts."""
    form = settings.format if isinstance(settings, Webhook) else "ecs"
    noticing = Noticing(name, settings.levels, form, redaction, origin)
    return Teller(
        name, _way(settings, origin, loaded), noticing, settings, stream, cursors, system_clock, system_random
    )


def _way(settings: Channel, origin: Origin, loaded: LoadedPolicy) -> Tells:
    def file(path: str) -> Path | None:
        return loaded.places.file(path) if path else None

    match settings:
        case Webhook():
            tls = partial(client_tls, file(settings.authority), None, None)
            poster = Poster(settings.url, tls, way=guarded(settings.url, settings.inside))
            return Webhooks(poster, one_line_secret(file(settings.secret_file)), system_clock)
        case MailChannel():
            tls = partial(client_tls, file(settings.authority), None, None)
            return Mail(settings, origin.host, tls, one_line_secret(file(settings.password_file)), system_clock)
        case SyslogChannel():
            tls = partial(client_tls, file(settings.authority), file(settings.certificate), file(settings.key))
            collector = Collector(settings.host, settings.port, tls, origin.host, settings.facility)
            return Sentences(collector, system_clock)
    raise TypeError(settings)

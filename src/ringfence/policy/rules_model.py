"""What a policy says about money and people: rules on operations, and keys that make a retry harmless.  SCA RTS art. 36(5)(b)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.consent_limits_model import ConsentLimits
from ringfence.policy.expression_model import Expression
from ringfence.policy.linking_model import AmountText
from ringfence.policy.new_payee_model import Currency, NewPayee

RuleName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="Lower-case letters, digits, `-`. Partners and events see it."
    ),
]
Place = Annotated[
    str,
    Meta(
        pattern=r"^((/([^~/]|~[01])+)+|(path|query|header)\.[^.\s]+)?$",
        description="A JSON pointer into the request body, `/amount/value`, or a declared parameter, `path.AccountId`.",
    ),
]
Pair = Annotated[
    str,
    Meta(pattern=r"^([A-Z]{2}|\*)>([A-Z]{2}|\*)$", description="`GB>DE`; `*` is any country that is known."),
]
CurrencyPair = Annotated[
    str,
    Meta(pattern=r"^([A-Z]{3}|\*)>([A-Z]{3}|\*)$", description="`GBP>EUR`: from the account's to the payment's."),
]
DateText = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A day, `2026-12-25`.")]
Sharing = Literal["client", "user", "consent", "debtor", "creditor", "operation"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HeaderName = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}$", description="A header field, in lower case.")]


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a call says what rules are about. A rule that needs a fact which a call leaves out refuses the call."""

    amount: Annotated[Place, Meta(description="The amount: a text such as `12.50`, or an exact number.")] = ""
    currency: Annotated[Place, Meta(description="The currency, a text.")] = ""
    debtor_currency: Annotated[Place, Meta(description="The currency of the account that is charged, a text.")] = ""
    debtor: Annotated[Place, Meta(description="The account that is charged or read. Spaces and case do not count.")] = (
        ""
    )
    creditor: Annotated[Place, Meta(description="The account that is paid. Spaces and case do not count.")] = ""
    debtor_country: Annotated[
        Place, Meta(description="The payer's country: two letters, or an IBAN, which begins with them.")
    ] = ""
    creditor_country: Annotated[Place, Meta(description="The payee's country, in the same way.")] = ""


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How small and how large one payment may be, both included."""

    at_least: AmountText = "0"
    at_most: AmountText


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Over what time something is counted: a day or month by the calendar, or always the last so many seconds."""

    per: Annotated[
        tuple[Sharing, ...],
        Meta(
            min_length=1,
            description="Whose calls are counted together: those that agree in all of these. `consent` is the grant that the customer gave, whatever a single token of it may do.",
        ),
    ]
    window: Annotated[Literal["day", "month"], Meta(description="By the calendar of `zone`.")] = "day"
    zone: Annotated[str, Meta(description="Time zone of the calendar, `Europe/London`.")] = "UTC"
    rolling_seconds: Annotated[
        Annotated[int, Meta(ge=1, le=86_400 * 31)] | None,
        Meta(description="In place of the calendar: any span of this length, wherever it begins."),
    ] = None


class Total(Window, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much money may go in a window. It holds to the smallest unit, however many payments come at once."""

    at_most: Annotated[
        dict[Currency, AmountText], Meta(min_length=1, description="By currency; another currency is refused.")
    ]


class Calls(Window, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many calls may be made in a window."""

    at_most: Annotated[int, Meta(ge=1, le=1_000_000, description="Calls.")]


class Unattended(Calls, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often accounts may be read while the customer is not there; PSD2 allows four times in 24 hours."""

    header: Annotated[
        HeaderName,
        Meta(
            description="The header that a call carries when the customer asked for it: `x-fapi-customer-ip-address`, `psu-ip-address`. Calls with an address in it are not counted."
        ),
    ]
    at_most: Annotated[int, Meta(ge=1, le=1_000_000, description="Calls without the customer.")] = 4


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When calls are taken."""

    zone: Annotated[str, Meta(description="Time zone, `Europe/London`.")]
    days: Annotated[tuple[Day, ...], Meta(min_length=1, description="Days of the week.")] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    )
    begin: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="First minute of the day.")] = (
        "00:00"
    )
    end: Annotated[
        str,
        Meta(
            pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
            description="First minute that is over. Before `begin`: it is the next day's.",
        ),
    ] = "24:00"
    closed_on: Annotated[
        tuple[DateText, ...], Meta(description="Days of `zone` on which nothing begins, such as bank holidays.")
    ] = ()


class Corridor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which country to which."""

    begin: Annotated[
        Literal["debtor_country", "caller"],
        Meta(description="Where it starts: a fact, or the country of the caller's network by the file `geo`."),
    ]
    end: Annotated[
        Literal["creditor_country", "anywhere"], Meta(description="Where it leads; `anywhere` looks at `begin` alone.")
    ] = "creditor_country"
    allowed: Annotated[tuple[Pair, ...], Meta(min_length=1, description="`GB>GB`, `GB>*`; every other is refused.")]
    unknown: Annotated[
        Literal["refuse", "pass"],
        Meta(description="What happens where a country cannot be told. Nobody should have to guess."),
    ]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule: a name, and exactly one of the members from `amount` on."""

    name: Annotated[
        RuleName,
        Meta(description="What counts under one name counts together, over all operations that have the rule."),
    ]
    mode: Annotated[
        Literal["enforce", "shadow"],
        Meta(description="`shadow` lets pass, counts, and writes the rule's name into the event."),
    ] = "enforce"
    amount: Annotated[
        dict[Currency, Bounds] | None, Meta(description="Bounds of one payment by currency; another is refused.")
    ] = None
    currencies: Annotated[tuple[Currency, ...] | None, Meta(description="The currencies that are taken.")] = None
    pairs: Annotated[
        tuple[CurrencyPair, ...] | None,
        Meta(description="Exchanges that are taken: the account's currency to the payment's, `GBP>GBP`, `GBP>*`."),
    ] = None
    total: Total | None = None
    calls: Calls | None = None
    hours: Hours | None = None
    corridor: Corridor | None = None
    unattended: Unattended | None = None
    expression: Expression | None = None
    consent: ConsentLimits | None = None
    payee: NewPayee | None = None


KINDS = (
    "amount",
    "currencies",
    "pairs",
    "total",
    "calls",
    "hours",
    "corridor",
    "unattended",
    "expression",
    "consent",
    "payee",
)
"""The members of a rule of which it has exactly one."""


class Idempotency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that carries a key it has carried before is answered as before, and is not made again."""

    header: Annotated[
        HeaderName,
        Meta(description="The header with the key: `idempotency-key`, or `x-idempotency-key` as UK banks have it."),
    ]
    required: Annotated[
        bool, Meta(description="A call without the key is refused. `false`: it is made every time.")
    ] = True
    keep_seconds: Annotated[int, Meta(ge=60, le=86_400 * 31, description="How long a key and its answer are kept.")] = (
        86_400
    )
    max_answer_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 20,
            description="A larger answer is not kept: a retry is then told that the call was made, and not what came of it.",
        ),
    ] = 65_536


RulesDemand = Annotated[
    tuple[Rule, ...] | None,
    Meta(description="Rules about money and people; each has to let the call through. Default: none."),
]
FactsDemand = Annotated[Facts | None, Meta(description="Where the call says what the rules are about.")]
IdempotencyDemand = Annotated[
    Idempotency | None, Meta(description="Keys that make a retry harmless. Default: every call is made.")
]
GeoFile = Annotated[
    str,
    Meta(
        description="Path of a country database in MaxMind's format (`.mmdb`), for corridors that begin at the caller. Empty: none."
    ),
]

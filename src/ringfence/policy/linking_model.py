"""What a policy says about payments and objects: which members bind them, and how strong the login must be.  SCA RTS art. 5; RFC 9470 §3."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Pointer = Annotated[
    str, Meta(pattern=r"^(/([^~/]|~[01])+)+$", description="A JSON pointer (RFC 6901), such as `/amount/value`.")
]
MemberPointer = Annotated[
    str,
    Meta(
        pattern=r"^(/([^~/]|~[01])+)+$", description="A JSON pointer; the part `*` stands for every member of a list."
    ),
]
OptionalPointer = Annotated[
    str, Meta(pattern=r"^(/([^~/]|~[01])+)*$", description="A JSON pointer (RFC 6901), or an empty text.")
]
OptionalMemberPointer = Annotated[
    str,
    Meta(
        pattern=r"^(/([^~/]|~[01])+)*$",
        description="A JSON pointer, the part `*` for every member of a list; or an empty text.",
    ),
]
AmountText = Annotated[
    str, Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,18})?$", description='An amount as text, such as `"100.00"`.')
]
AcrValue = Annotated[str, Meta(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$", description="A class of login.")]


class Linking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Members of a detail type that make it a payment: the customer approves just these, with a second factor of its own."""

    amount: Annotated[Pointer, Meta(description="The amount: a text such as `12.50`, or a whole number.")]
    currency: Annotated[Pointer, Meta(description="The currency, a text.")]
    payee: Annotated[Pointer, Meta(description="What identifies the payee, a text: the account number.")]
    payee_name: Annotated[
        OptionalPointer, Meta(description="The payee's name, a text. Empty: the page shows `payee` alone.")
    ] = ""
    valid_seconds: Annotated[
        int, Meta(ge=30, le=86_400 * 90, description="How long after its approval the payment can be made.")
    ] = 900


class LinkMembers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the request body has what the customer approved."""

    amount: Annotated[Pointer, Meta(description="The amount; equal as an exact decimal number.")]
    currency: Annotated[Pointer, Meta(description="The currency; equal character by character.")]
    payee: Annotated[Pointer, Meta(description="The payee; equal character by character.")]
    payee_name: Annotated[
        OptionalPointer,
        Meta(description="The payee's name; equal character by character. Needed where the type declares it."),
    ] = ""


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The operation carries out a payment that the customer approved, and just that one, once."""

    type: Annotated[str, Meta(description="A type under `oauth.authorization_details` that declares `linking`.")]
    members: LinkMembers


class ObjectRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identifier in the call must be one that the customer's consent names. Exactly one of `parameter` and `body`."""

    parameter: Annotated[
        str,
        Meta(
            pattern=r"^((path|query|header)\.[^.\s]+)?$",
            description="A declared parameter, `path.AccountId`; every value of a list counts.",
        ),
    ] = ""
    body: Annotated[OptionalMemberPointer, Meta(description="A member of the request body.")] = ""
    type: Annotated[str, Meta(description="A type under `oauth.authorization_details`.")]
    granted: Annotated[
        MemberPointer,
        Meta(description="Where an object of that type names what is allowed: a text, or a list of texts."),
    ]
    otherwise: Annotated[
        Literal["forbidden", "hidden"],
        Meta(description="`forbidden`: 403 with the reason; `hidden`: 404, as if it were not there."),
    ] = "forbidden"


class StepUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From an amount on, the customer's login must be stronger or newer."""

    amount: Annotated[Pointer, Meta(description="Where the request body has the amount.")]
    at_least: Annotated[AmountText, Meta(description="The amount from which on it holds, whatever the currency.")]
    acr: Annotated[
        tuple[AcrValue, ...], Meta(description="Classes of login that will do, as under `acr`. Empty: any.")
    ] = ()
    max_age_seconds: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="How long ago the login may be. Absent: any time.")
    ] = None


class LoginApplication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Your own application in place of the built-in login pages; it answers over the management API."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^/?#\s@]+(/[^#\s]*)?$",
            description="Where browsers are sent to log in, with `login_challenge` added.",
        ),
    ]
    consent_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^/?#\s@]+(/[^#\s]*)?)?$",
            description="Where browsers are sent to consent, with `consent_challenge` added. Empty: our own consent page.",
        ),
    ] = ""
    acr_values: Annotated[
        tuple[AcrValue, ...],
        Meta(
            description="Classes of login that the application reaches, the weakest first. Empty: those of our own pages."
        ),
    ] = ()

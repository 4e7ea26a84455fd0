"""Who banks here: made-up customers, their accounts, and what they earned and spent in the last months."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ringfence.demo.numbers import Minor, iban

BANK_CODE: Final = "ALDR"
"""The four letters of our bank in an IBAN; no bank holds them."""

HISTORY_DAYS: Final = 92
"""How far back the seeded transactions go."""

SETTLEMENT_ACCOUNT: Final = "acc_settlement"
"""The bank's own account through which money leaves to, and comes from, other banks."""


@dataclass(frozen=True)
class SeedAccount:
    """An account as it stands on the day the ledger is made."""

    account_id: str
    kind: str
    """ISO 20022 external cash account type: CACC current, SVGS savings."""
    nickname: str
    sort_code: str
    number: str
    balance: Minor

    @property
    def iban(self) -> str:
        """The account's IBAN, check digits included."""
        return iban(BANK_CODE, self.sort_code, self.number)


@dataclass(frozen=True)
class SeedCustomer:
    """A customer and the accounts in their name."""

    customer_id: str
    name: str
    accounts: tuple[SeedAccount, ...]


@dataclass(frozen=True)
class Habit:
    """Money that comes or goes regularly: every `every` days, first `first` days ago."""

    first: int
    every: int
    pennies: int
    """Below zero: it leaves."""
    what: str


@dataclass(frozen=True)
class Entry:
    """One seeded booking."""

    days_ago: int
    pennies: int
    what: str


CUSTOMERS: Final = (
    SeedCustomer(
        "cus_amara",
        "Amara Okafor",
        (
            SeedAccount("acc_amara_current", "CACC", "Everyday", "992104", "31926819", Minor(284_317)),
            SeedAccount("acc_amara_savings", "SVGS", "House deposit", "992104", "70449325", Minor(1_846_050)),
        ),
    ),
    SeedCustomer(
        "cus_tomos",
        "Tomos Prydderch",
        (SeedAccount("acc_tomos_current", "CACC", "Current account", "992107", "55779911", Minor(315_040)),),
    ),
    SeedCustomer(
        "cus_bramble",
        "Bramble & Finch Ltd",
        (SeedAccount("acc_bramble_business", "CACC", "Business", "992115", "10204008", Minor(4_200_000_000)),),
    ),
)
"""The bank's customers. Bramble & Finch has enough money to be paid from all day."""

HABITS: Final = {
    "CACC": (
        Habit(5, 30, 245_000, "SALARY HOLLOWAY INSTRUMENTS"),
        Habit(4, 30, -118_500, "RENT 14 CANAL ROW"),
        Habit(11, 30, -4_799, "NORTHLIGHT ENERGY"),
        Habit(13, 30, -2_150, "PEBBLE MOBILE"),
        Habit(2, 7, -6_384, "GREENSTALL MARKET"),
        Habit(3, 3, -340, "CORNER COFFEE"),
        Habit(6, 14, -2_795, "RAILCARD TOP UP"),
        Habit(9, 21, -5_620, "LANTERN BOOKS"),
        Habit(17, 30, -1_099, "OWL STREAMING"),
    ),
    "SVGS": (Habit(4, 30, 25_000, "STANDING ORDER SAVINGS"), Habit(1, 30, 1_812, "INTEREST")),
}
"""What an account of each kind sees."""


def entries(kind: str) -> Iterator[Entry]:
    """Yield the bookings of an account of that kind, oldest first."""
    booked = [
        Entry(day, habit.pennies, habit.what)
        for habit in HABITS.get(kind, ())
        for day in range(habit.first, HISTORY_DAYS, habit.every)
    ]
    yield from sorted(booked, key=lambda entry: (-entry.days_ago, entry.what))

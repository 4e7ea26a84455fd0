"""The demo bank's ledger: accounts and bookings in SQLite, where money moves but is never made or lost."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import msgspec

from ringfence.clock import Instant
from ringfence.demo.numbers import Minor
from ringfence.demo.seed import BANK_CODE, CUSTOMERS, SETTLEMENT_ACCOUNT, entries
from ringfence.ids import Random, new_id

BUSY_SECONDS: Final = 10.0
"""How long a writer waits for another one."""

DAY_SECONDS: Final = 86_400

PAGE_ENTRIES: Final = 50
"""Transactions on one page."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS customers (
  customer_id TEXT PRIMARY KEY, name TEXT NOT NULL, user_id TEXT UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS accounts (
  account_id TEXT PRIMARY KEY, customer_id TEXT REFERENCES customers, kind TEXT NOT NULL, nickname TEXT NOT NULL,
  sort_code TEXT NOT NULL, number TEXT NOT NULL, iban TEXT NOT NULL UNIQUE, currency TEXT NOT NULL,
  balance INTEGER NOT NULL, own INTEGER NOT NULL DEFAULT 0, opened_at REAL NOT NULL,
  CHECK (own OR balance >= 0), UNIQUE (sort_code, number)) STRICT;
CREATE TABLE IF NOT EXISTS bookings (
  booking_id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts, at REAL NOT NULL,
  amount INTEGER NOT NULL, balance_after INTEGER NOT NULL, what TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS bookings_of_account ON bookings (account_id, at);
CREATE TABLE IF NOT EXISTS payments (
  payment_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, client TEXT NOT NULL, key TEXT, fingerprint TEXT NOT NULL,
  initiation BLOB NOT NULL, at REAL NOT NULL, UNIQUE (client, user_id, key)) STRICT;
"""

_ACCOUNT_COLUMNS: Final = (
    "a.account_id, a.kind, a.nickname, a.sort_code, a.number, a.iban, a.currency, a.balance, c.name, a.opened_at"
)


class Declined(Exception):
    """The bank will not make this payment.

    Args:
        code: the error code of the answer.
        message: what the payer is told.
        path: the member it is about, or "".
        status: HTTP status, 400 or 409.
    """

    def __init__(self, code: str, message: str, path: str = "", status: int = 400) -> None:
        """Keep the parts for the answer."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.status = status


@dataclass(frozen=True)
class Account:
    """An account with its holder's name and its balance now."""

    account_id: str
    kind: str
    nickname: str
    sort_code: str
    number: str
    iban: str
    currency: str
    balance: Minor
    holder: str
    opened_at: Instant


@dataclass(frozen=True)
class Booking:
    """One line of an account: below zero, money left."""

    booking_id: str
    at: Instant
    amount: Minor
    balance_after: Minor
    what: str


@dataclass(frozen=True)
class Order:
    """A payment to be made, its accounts found by sort code and number or by IBAN."""

    user_id: str
    client: str
    key: str | None
    """Idempotency key, or None."""
    amount: Minor
    currency: str
    debtor: str | None
    """Identification of the account to pay from; None: the customer's first current account."""
    creditor: str
    """Fourteen digits, or an IBAN."""
    what: str
    initiation: msgspec.Raw
    """As it was sent, kept to be shown again."""

    @property
    def fingerprint(self) -> str:
        """Tells whether a repeated idempotency key comes with the same payment."""
        return hashlib.sha256(bytes(self.initiation)).hexdigest()


@dataclass(frozen=True)
class Payment:
    """A payment that was made."""

    payment_id: str
    initiation: msgspec.Raw
    at: Instant


class Ledger:
    """One connection to the ledger. Several processes may have one each; one connection is for one thread."""

    def __init__(self, path: Path) -> None:
        """Open the file, make its tables if they are not there, and leave it empty otherwise."""
        self._db: Final = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=64, check_same_thread=False
        )
        # NORMAL: a commit survives the process. Waiting for the disk at each payment would measure the disk.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def __enter__(self) -> Self:
        """Return the ledger."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def seed(self, now: Instant) -> None:
        """Write customers, accounts and months of bookings into an empty ledger; leave a filled one alone."""
        with self._transaction():
            if self._db.execute("SELECT 1 FROM accounts").fetchone():
                return
            opened = now - 3 * 365 * DAY_SECONDS
            self._db.execute(
                "INSERT INTO accounts VALUES (?, NULL, 'SETT', 'Settlement', '992100', '00000001', ?, 'GBP', 0, 1, ?)",
                (SETTLEMENT_ACCOUNT, f"GB00{BANK_CODE}99210000000001", opened),
            )
            for customer in CUSTOMERS:
                self._db.execute("INSERT INTO customers VALUES (?, ?, NULL)", (customer.customer_id, customer.name))
                for a in customer.accounts:
                    booked = list(entries(a.kind))
                    balance = a.balance - sum(entry.pennies for entry in booked)
                    self._db.execute(
                        "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, 'GBP', ?, 0, ?)",
                        (
                            *(a.account_id, customer.customer_id, a.kind, a.nickname, a.sort_code, a.number, a.iban),
                            *(a.balance, opened),
                        ),
                    )
                    for count, entry in enumerate(booked):
                        balance += entry.pennies
                        self._db.execute(
                            "INSERT INTO bookings VALUES (?, ?, ?, ?, ?, ?)",
                            (
                                *(f"{a.account_id}_{count:04d}", a.account_id, now - entry.days_ago * DAY_SECONDS),
                                *(entry.pennies, balance, entry.what),
                            ),
                        )

    def enrol(self, customer_id: str, user_id: str) -> None:
        """Say which user of the authorization server a customer is.

        Raises:
            LookupError: there is no such customer.
        """
        changed = self._db.execute("UPDATE customers SET user_id = ? WHERE customer_id = ?", (user_id, customer_id))
        if changed.rowcount != 1:
            raise LookupError(customer_id)

    def accounts(self, user_id: str) -> list[Account]:
        """Return the user's accounts; none for a user who is not known."""
        rows = self._db.execute(
            f"SELECT {_ACCOUNT_COLUMNS} FROM customers c JOIN accounts a USING (customer_id) "  # noqa: S608 our own columns
            "WHERE c.user_id = ? ORDER BY a.account_id",
            (user_id,),
        )
        return [Account(*row) for row in rows]

    def account(self, user_id: str, account_id: str) -> Account | None:
        """Return one of the user's accounts, or None: another's account is not there."""
        row = self._db.execute(
            f"SELECT {_ACCOUNT_COLUMNS} FROM customers c JOIN accounts a USING (customer_id) "  # noqa: S608 our own columns
            "WHERE c.user_id = ? AND a.account_id = ?",
            (user_id, account_id),
        ).fetchone()
        return Account(*row) if row else None

    def bookings(self, account_id: str, since: Instant, until: Instant, page: int) -> tuple[list[Booking], int]:
        """Return a page of bookings, newest first, and how many pages there are (at least one).

        Args:
            account_id: an account that the caller was found to hold.
            since: earliest time, included.
            until: latest time, included.
            page: 1 is the newest page.
        """
        place = (account_id, since, until)
        (count,) = self._db.execute(
            "SELECT count(*) FROM bookings WHERE account_id = ? AND at BETWEEN ? AND ?", place
        ).fetchone()
        rows = self._db.execute(
            "SELECT booking_id, at, amount, balance_after, what FROM bookings WHERE account_id = ? AND at BETWEEN ? "
            "AND ? ORDER BY at DESC, rowid DESC LIMIT ? OFFSET ?",
            (*place, PAGE_ENTRIES, (page - 1) * PAGE_ENTRIES),
        )
        return [Booking(*row) for row in rows], max(1, -(-count // PAGE_ENTRIES))

    def pay(self, order: Order, now: Instant, random: Random) -> Payment:
        """Move the money, or return the payment that this idempotency key made before.

        Raises:
            Declined: no such account, another currency, too little money, or a key used for another payment.
        """
        with self._transaction():
            if order.key is not None and (before := self._paid_before(order)):
                return before
            debtor, balance, currency = self._debtor(order)
            creditor = self._creditor(order)
            if currency != order.currency:
                raise Declined(
                    "Field.Invalid",
                    f"The account is kept in {currency}",
                    "Data.Initiation.InstructedAmount.Currency",
                )
            if creditor == debtor:
                raise Declined("Field.Invalid", "Both accounts are the same", "Data.Initiation.CreditorAccount")
            if order.amount <= 0:
                raise Declined(
                    "Field.Invalid", "The amount must be above zero", "Data.Initiation.InstructedAmount.Amount"
                )
            if balance < order.amount:
                raise Declined("Funds.Insufficient", "The account does not hold that much")
            payment_id = new_id("pay", random)
            self._book(debtor, Minor(-order.amount), order.what, now, new_id("bkg", random))
            self._book(creditor, order.amount, order.what, now, new_id("bkg", random))
            self._db.execute(
                "INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?)",
                (payment_id, order.user_id, order.client, order.key, order.fingerprint, bytes(order.initiation), now),
            )
            return Payment(payment_id, order.initiation, now)

    def payment(self, user_id: str, client: str, payment_id: str) -> Payment | None:
        """Return a payment that this client made for this user, or None."""
        row = self._db.execute(
            "SELECT payment_id, initiation, at FROM payments WHERE payment_id = ? AND user_id = ? AND client = ?",
            (payment_id, user_id, client),
        ).fetchone()
        return Payment(row[0], msgspec.Raw(row[1]), row[2]) if row else None

    def total(self) -> Minor:
        """Return all money in the ledger, settlement included: payments never change it."""
        (total,) = self._db.execute("SELECT sum(balance) FROM accounts").fetchone()
        return Minor(total)

    def payment_count(self) -> int:
        """Return how many payments were made."""
        (count,) = self._db.execute("SELECT count(*) FROM payments").fetchone()
        return int(count)

    def _paid_before(self, order: Order) -> Payment | None:
        row = self._db.execute(
            "SELECT payment_id, initiation, at, fingerprint FROM payments WHERE client = ? AND user_id = ? AND key = ?",
            (order.client, order.user_id, order.key),
        ).fetchone()
        if row is None:
            return None
        if row[3] != order.fingerprint:
            raise Declined("Idempotency.Conflict", "The idempotency key was used for another payment", status=409)
        return Payment(row[0], msgspec.Raw(row[1]), row[2])

    def _debtor(self, order: Order) -> tuple[str, Minor, str]:
        row = self._db.execute(
            "SELECT a.account_id, a.balance, a.currency FROM customers c JOIN accounts a USING (customer_id) "
            "WHERE c.user_id = ?1 AND ((?2 IS NULL AND a.kind = 'CACC') OR a.iban = ?2 OR a.sort_code || a.number = ?2) "
            "ORDER BY a.account_id LIMIT 1",
            (order.user_id, order.debtor),
        ).fetchone()
        if row is None:
            raise Declined("Resource.NotFound", "There is no such account to pay from", "Data.Initiation.DebtorAccount")
        return row[0], row[1], row[2]

    def _creditor(self, order: Order) -> str:
        row = self._db.execute(
            "SELECT account_id FROM accounts WHERE NOT own AND (iban = ?1 OR sort_code = substr(?1, 1, 6) "
            "AND number = substr(?1, 7))",
            (order.creditor,),
        ).fetchone()
        return str(row[0]) if row else SETTLEMENT_ACCOUNT

    def _book(self, account_id: str, amount: Minor, what: str, now: Instant, booking_id: str) -> None:
        (after,) = self._db.execute(
            "UPDATE accounts SET balance = balance + ? WHERE account_id = ? RETURNING balance", (amount, account_id)
        ).fetchone()
        self._db.execute(
            "INSERT INTO bookings VALUES (?, ?, ?, ?, ?, ?)", (booking_id, account_id, now, amount, after, what)
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

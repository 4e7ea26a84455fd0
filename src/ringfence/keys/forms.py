"""The tables of the signer's ledger, form by form: each is made of the one before, in the transaction that counts it up."""

from typing import Final

_FIRST: Final = """
create table keys (
    key_id text primary key, kid text not null, purpose text not null, kind text not null, provider text not null,
    handle blob not null, public blob not null, state text not null, created_at real not null,
    activate_at real not null, activated_at real, deactivated_at real, ended_at real,
    uses integer not null, why text not null
) strict;
create unique index one_active on keys (purpose) where state in ('active', 'suspended');
create unique index one_kid on keys (kid);
create table data_keys (
    data_key text primary key, key_id text not null references keys (key_id), wrapped blob not null,
    tenant text not null, field text not null, subject text not null, created_at real not null
) strict;
create index data_keys_by_key on data_keys (key_id, data_key);
create table uses (
    key_id text not null references keys (key_id), role text not null, operation text not null, count integer not null,
    first_at real not null, last_at real not null, primary key (key_id, role, operation)
) strict;
create table journeys (
    journey_id text primary key, purpose text not null, old text not null, new text not null, kind text not null,
    provider text not null, end_as text not null, activate_at real not null, why text not null,
    started_at real not null, rewrapped integer not null, finished_at real
) strict;
create table wishes (
    wish_id text primary key, key_id text not null references keys (key_id), why text not null,
    asked_by text not null, asked_at real not null, expires_at real not null, journey_id text not null,
    done_at real
) strict;
create table approvals (
    wish_id text not null references wishes (wish_id), uid integer not null, at real not null, primary key (wish_id, uid)
) strict;
create unique index one_journey on journeys (purpose) where finished_at is null;
"""

_SECOND: Final = """
alter table keys add column origin text not null default 'made';
alter table wishes add column tenant text not null default '';
alter table wishes add column shredded integer not null default 0;
create table shredded (data_key text primary key, wish_id text not null references wishes (wish_id)) strict;
"""

_THIRD: Final = """
alter table wishes add column kind text not null default '';
alter table journeys add column taken_over_by text not null default '';
create index journeys_by_old on journeys (old);
alter table uses add column told integer not null default 0;
alter table uses add column since real not null default 0;
update uses set told = count, since = last_at;
create table untold (number integer primary key autoincrement, event blob not null) strict
"""

FORMS: Final = (_FIRST, _SECOND, _THIRD)

"""Tell clients what happens to their customers' logins and accounts.  OpenID Shared Signals Framework §4; OpenID CAEP §3; OpenID RISC Profile §2."""

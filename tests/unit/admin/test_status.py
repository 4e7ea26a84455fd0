"""`/status`: answers when what is behind it does."""


async def test_status(api) -> None:
    status = (await api.get("/status")).json()
    assert (status["issuer"], status["last_event"]) == ("https://bank.example", 0)


async def test_status_without_the_records_is_503(api, ports, problem) -> None:
    await ports.stream.close()
    problem(await api.get("/status"), 503, "unavailable")

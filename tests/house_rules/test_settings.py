"""Settings: each documented where it is declared, read from the environment, refused where they are not safe."""

import pytest

from threefold.settings import NotSettled, Settings, from_environment, unsafe, variables


def test_every_setting_has_its_sentence() -> None:
    assert all(sentence.endswith(".") and len(sentence) > 20 for _, sentence, _ in variables())


def test_settings_come_from_the_environment_and_every_problem_is_told_at_once() -> None:
    read = from_environment(
        {"THREEFOLD_PORT": "9000", "THREEFOLD_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2", "THREEFOLD_COURIER": "no",
         "THREEFOLD_BASE_URL": "https://practice.example.org/", "THREEFOLD_TEST_POSTGRES": "left alone"}
    )  # fmt: skip
    assert (read.port, read.trusted_proxies, read.courier) == (9000, ("10.0.0.1", "10.0.0.2"), False)
    assert read.base_url == "https://practice.example.org"
    with pytest.raises(NotSettled) as unsettled:
        from_environment({"THREEFOLD_PORT": "many", "THREEFOLD_COURIER": "perhaps", "THREEFOLD_COLOUR": "blue"})
    assert len(unsettled.value.problems) == 3


def test_whom_to_call_is_words_and_a_number_each() -> None:
    read = from_environment({"THREEFOLD_CALL_NOW": "Emergencies: 112, TelefonSeelsorge: 0800 111 0 111"})
    assert read.call_now == ("Emergencies: 112", "TelefonSeelsorge: 0800 111 0 111")
    for unclear in ("112", "Emergencies:", "Emergencies: soon"):
        with pytest.raises(NotSettled) as unsettled:
            from_environment({"THREEFOLD_CALL_NOW": unclear})
        assert unsettled.value.problems == (
            f"THREEFOLD_CALL_NOW is “{unclear}”, which cannot be read as words, a colon and a number.",
        )


def test_a_default_secret_plain_http_and_no_mail_server_refuse_to_go_live() -> None:
    problems = unsafe(Settings(base_url="http://practice.example.org"))
    assert len(problems) == 4
    assert "THREEFOLD_SECRET" in problems[0]
    assert "https://" in problems[1]


def test_what_is_safe_starts() -> None:
    assert (
        unsafe(
            Settings(
                base_url="https://practice.example.org",
                secret="x" * 48,
                smtp_url="smtps://name:word@mail.example.org",
                sender="practice@example.org",
            )
        )
        == ()
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://", "has no name after https://"),
        ("https:///practice", "has no name after https://"),
        ("https://:8443", "has no name after https://"),
        ("https://practice.example.org:port", "has no name after https://"),
        ("https://[practice", "has no name after https://"),
        ("https://example.org/practice", "leave out “/practice”."),
        ("https://practice.example.org?centre=1", "leave out “?centre=1”."),
        ("https://practice.example.org/#top", "leave out “#top”."),
        ("https://name:word@practice.example.org", "leave out “name:word@”."),
        ("practice.example.org", "must start with https://"),
        ("ftp://practice.example.org", "must start with https://"),
    ],
)
def test_an_address_without_a_name_or_with_a_path_refuses_to_start(address: str, said: str) -> None:
    settings = Settings(
        base_url=address, secret="x" * 48, smtp_url="smtps://mail.example.org", sender="practice@example.org"
    )
    problems = unsafe(settings)
    assert [said in problem for problem in problems] == [True], problems


@pytest.mark.parametrize(
    "address", ["https://practice.example.org", "https://example.org:8443/", "https://[2001:db8::1]"]
)
def test_an_address_with_a_name_and_perhaps_a_port_starts(address: str) -> None:
    safe = {"secret": "x" * 48, "smtp_url": "smtps://mail.example.org", "sender": "practice@example.org"}
    assert unsafe(Settings(base_url=address, **safe)) == ()  # type: ignore[arg-type] # mixed on purpose


def test_plain_http_is_for_this_machine_only() -> None:
    safe = {"secret": "x" * 48, "smtp_url": "smtp://127.0.0.1", "sender": "practice@example.org", "plain_http": True}
    assert unsafe(Settings(base_url="http://127.0.0.1:8000", **safe)) == ()  # type: ignore[arg-type] # mixed on purpose
    assert unsafe(Settings(base_url="http://practice.example.org", **safe)) != ()  # type: ignore[arg-type] # as above

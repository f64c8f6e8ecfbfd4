"""S-07: credentials at rest."""

import stat

import pytest

from ticket_billing_connectors.transport.secret_box import (
    SecretBox,
    SecretError,
    load_key,
)


def test_key_file_is_made_once_and_private(tmp_path):
    path = tmp_path / "ticket_billing.key"
    key = load_key(None, None, path)
    assert load_key(None, None, path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_order_of_sources(tmp_path):
    path = tmp_path / "key"
    assert load_key("env", "option", path) == "env"
    assert load_key(None, "option", path) == "option"
    assert not path.exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(SecretError):
        load_key(None, None, tmp_path / "missing" / "key")


def test_seal_and_open(tmp_path):
    box = SecretBox(load_key(None, None, tmp_path / "key"))
    sealed = box.seal("pässword")
    assert "pässword" not in sealed and box.seal("pässword") != sealed
    assert box.open(sealed) == "pässword"


def test_another_key_opens_nothing(tmp_path):
    sealed = SecretBox(load_key(None, None, tmp_path / "a")).seal("secret")
    other = SecretBox(load_key(None, None, tmp_path / "b"))
    with pytest.raises(SecretError) as caught:
        other.open(sealed)
    assert sealed not in str(caught.value)


def test_a_malformed_key():
    with pytest.raises(SecretError):
        SecretBox("too short")

"""The parts of the set-up that decide something."""

import socket
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import databases  # noqa: E402
import debian_packages  # noqa: E402
import postgres  # noqa: E402
import run_tests  # noqa: E402
import served_odoo  # noqa: E402
from cache import Cache, content_hash, new_folder, open_cache  # noqa: E402
from console import SetupError, run_logged  # noqa: E402


@pytest.fixture
def addon(tmp_path):
    folder = tmp_path / "addon"
    (folder / "models").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "models" / "item.py").write_text("PRICE = 1\n")
    (folder / "tests" / "test_item.py").write_text("")
    return folder


def test_hash_follows_code_but_not_tests(addon):
    before = content_hash(addon)
    (addon / "tests" / "test_item.py").write_text("# changed\n")
    assert content_hash(addon) == before
    (addon / "models" / "item.py").write_text("PRICE = 2\n")
    assert content_hash(addon) != before


def test_hash_sees_a_renamed_file(addon):
    before = content_hash(addon)
    (addon / "models" / "item.py").rename(addon / "models" / "items.py")
    assert content_hash(addon) != before


def test_failed_step_leaves_the_old_folder(tmp_path):
    target = tmp_path / "odoo"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(RuntimeError), new_folder(target) as folder:
        (folder / "new").touch()
        raise RuntimeError
    assert [path.name for path in target.iterdir()] == ["old"]
    with new_folder(target) as folder:
        (folder / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]


def test_report_counts_errors_as_failures(tmp_path):
    report = tmp_path / "junit.xml"
    report.write_text(
        '<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/>'
        '<testsuite tests="2" failures="0" errors="0" skipped="0"/></testsuites>'
    )
    result = run_tests.read_report(report)
    assert str(result) == "5 passed, 3 failed, 3 skipped"


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("ticket_billing_demo", True),
        ("ticket_billing_base_0123456789ab", True),
        ("ticket_billing_copy_4711", True),
        ("ticket_billing", False),
        ("ticket_billing_production", False),
        ("ticket_billing_demo_of_a_customer", False),
    ],
)
def test_only_databases_of_the_setup_are_dropped(name, ours):
    assert bool(databases.OURS.match(name)) is ours


@pytest.fixture
def no_server(monkeypatch):
    for name in ("PGHOST", "PGSERVICE", "ODOO_RC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGDATABASE", "production")
    return monkeypatch


def test_without_a_named_server_one_is_embedded(no_server):
    no_server.setenv("PGUSER", "someone")
    assert postgres.named_server() is None


def test_server_of_the_environment(no_server):
    no_server.setenv("PGHOST", "db.example.com")
    no_server.setenv("PGPASSWORD", "secret")
    named = postgres.named_server()
    assert (named["PGHOST"], named["PGPASSWORD"]) == ("db.example.com", "secret")
    assert "PGDATABASE" not in named


def test_file_stores_of_two_servers_are_apart(no_server, tmp_path):
    cache = Cache(tmp_path)
    folders = {postgres.data_folder(cache)}
    for variable, value in (("PGHOST", "db"), ("PGPORT", "5433"), ("PGHOST", "db2")):
        no_server.setenv(variable, value)
        folders.add(postgres.data_folder(cache))
    assert len(folders) == 4


def test_server_of_an_odoo_configuration(no_server, tmp_path):
    config = tmp_path / "odoo.conf"
    config.write_text("[options]\ndb_host = db\ndb_port = 5433\ndb_password = False\n")
    no_server.setenv("ODOO_RC", str(config))
    named = postgres.named_server()
    assert (named["PGHOST"], named["PGPORT"]) == ("db", "5433")
    assert "PGPASSWORD" not in named


def test_unreadable_odoo_configuration(no_server, tmp_path):
    no_server.setenv("ODOO_RC", str(tmp_path / "missing.conf"))
    with pytest.raises(SetupError, match="missing.conf"):
        postgres.named_server()


def test_cache_folder_that_cannot_be_is_explained(monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "below"):
        monkeypatch.setenv("TICKET_BILLING_CACHE", str(folder))
        with pytest.raises(SetupError, match=str(folder)):
            open_cache()


def test_mirror_is_the_one_of_the_release():
    listing = """
'http://apt.example/other/dists/stable-tools/main/binary-amd64/Packages.xz' x 0
'http://security.example/debian-security/dists/bookworm-security/InRelease' x 0
'http://mirror.example/debian/dists/bookworm/InRelease' mirror_InRelease 0
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' x 0
"""
    site = debian_packages.find_site(listing, {"stable", "bookworm"})
    assert site == "http://mirror.example/debian"
    assert debian_packages.find_site(listing, {"sid"}) is None


def test_used_port_is_explained():
    with socket.create_server((served_odoo.ADDRESS, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SetupError, match=f"Port {port}"):
            served_odoo.check_port(port)


def test_failed_command_shows_the_end_of_its_own_output(tmp_path):
    log = tmp_path / "log" / "step.log"
    options = {"what": "The step", "way_out": "repeat"}
    run_logged(["sh", "-c", "echo earlier"], log, **options)
    with pytest.raises(SetupError) as caught:
        run_logged(["sh", "-c", "echo broken; exit 3"], log, **options)
    assert "| broken" in caught.value.problem
    assert "earlier" not in caught.value.problem

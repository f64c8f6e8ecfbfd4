"""Systems that understand times in a zone: a wrong one must not pass unseen."""

import pytest


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_connection_test_finds_a_wrong_zone(shape, world, mirror, zone):
    if "time_zone" not in shape.settings:
        pytest.skip("knows no zones")
    world.book(world.ticket(), 10)
    check = mirror.open(time_zone=zone).check()[-1]
    assert (check.step, check.error.code) == ("rights", "invalid_request")


def test_times_around_the_end_of_summer_time(shape, world, mirror):
    world.now = world.now.replace(month=10, day=25, hour=0, minute=20)
    for _number in range(8):
        world.tick(minutes=14)
        world.book(world.ticket(), 5)
        mirror.run()
    assert len(mirror.tickets) == len(mirror.entries) == 8

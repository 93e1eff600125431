"""Which devices of a cart answer, told in words that do not change by the second."""

from __future__ import annotations

import pytest

from aisle.cart.device_watch import DeviceWatch

NS = 10**9


def watch() -> DeviceWatch:
    made = DeviceWatch(0)
    made.expect("scale", "scale")
    made.expect("scan", "camera")
    made.expect("motion", "motion")
    made.expect("scanner", "scanner")
    return made


@pytest.mark.parametrize(
    ("at_s", "heard", "faults"),
    [
        pytest.param(1, (), [], id="just switched on"),
        pytest.param(6, ("scale", "scan", "motion"), [], id="all speak"),
        pytest.param(6, ("scan",), ["The scale does not answer."], id="no word of the scale"),
        pytest.param(6, ("scale",), ["The scan camera shows nothing."], id="no picture"),
        pytest.param(600, ("scale", "scan"), [], id="neither motion nor scanner keeps a cart from shoppers"),
    ],
)
def test_silence_is_noticed(at_s: int, heard: tuple[str, ...], faults: list[str]) -> None:
    devices = watch()
    for name in heard:
        devices.heard(name, at_s * NS)
    assert [words for _, words in devices.faults(at_s * NS)] == faults


def test_trouble_is_told_until_it_is_over() -> None:
    devices = watch()
    devices.troubled("scanner", "unplugged")
    assert devices.faults(NS) == (("scanner", "The scanner does not answer."),)
    devices.well("scanner")
    assert devices.faults(NS) == ()
    assert {state.name: state.readings for state in devices.states(NS)} == dict.fromkeys(
        ("scale", "scan", "motion", "scanner"), 0
    )

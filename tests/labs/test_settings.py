"""Oracle: worked by hand: which values pass which control."""

from dataclasses import dataclass

import pytest

from feedforward.labs.catalog import rooms
from feedforward.labs.errors import LabError
from feedforward.labs.lab import Lab, action
from feedforward.labs.settings import (
    Choice,
    Flag,
    Many,
    Number,
    Row,
    Text,
    Whole,
    as_json,
    changed,
    control,
    controls_of,
    described,
    read_settings,
)

GOOD = [
    (Number(0, 1), 0, 0.0),
    (Number(0, 1), 1.0, 1.0),
    (Whole(-2, 2), -2, -2),
    (Choice(("a", 1)), 1, 1),
    (Flag(), False, False),
    (Text(3), "äöü", "äöü"),
    (Many(Whole(1, 9), 2), [9, 1], (9, 1)),
    (Row((Number(0, 1), Text(1))), [1, "x"], (1.0, "x")),
]
BAD = [
    *((Number(0, 1), value) for value in (-1e-9, 1.1, float("nan"), float("inf"), True, "0.5", None, [0.5], 10**400)),
    *((Whole(0, 9), value) for value in (-1, 10, 1.0, True, "1", None)),
    *((Choice(("a", 1)), value) for value in ("b", 1.0, True, None, ["a"], {})),
    *((Flag(), value) for value in (0, 1, None, "true")),
    *((Text(3), value) for value in ("abcd", None, 3, ["a"])),
    *((Many(Whole(1, 9), 2), value) for value in ([1, 2, 3], [0], "12", None, {"0": 1})),
    *((Row((Number(0, 1), Text(1))), value) for value in ([1], [1, "x", 2], ["x", 1], None)),
]


@pytest.mark.parametrize(("kind", "value", "wanted"), GOOD)
def test_a_value_that_may_be_passes(kind, value, wanted):
    found = kind.check("it", value)
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_a_value_that_may_not_be_is_refused_by_name(kind, value):
    with pytest.raises(LabError) as found:
        kind.check("it", value)
    assert str(found.value.values["name"]).startswith("it")


@dataclass(frozen=True)
class Settings:
    rate: float = control(Number(0, 1), 0.5, "training")
    layers: tuple[int, ...] = control(Many(Whole(1, 9), 3), (4, 2))


def test_settings_are_changed_read_and_written():
    settings = read_settings(Settings, {"layers": [3]})
    assert as_json(changed(settings, "rate", 1)) == {"rate": 1.0, "layers": (3,)}
    for name in ("rates", "__class__", ""):
        with pytest.raises(LabError, match="no_setting"):
            changed(settings, name, 1)


def test_an_action_takes_what_it_declares_and_nothing_else():
    class Counter(Lab):
        Settings = Settings

        @action(by=Whole(1, 10))
        def count(self, by):
            return by

    lab = Counter(Settings())
    assert lab.act("count", {"by": 3}) == 3
    for name, given, key in [
        ("count", {}, "missing"),
        ("count", {"by": 11}, "out_of_range"),
        ("count", {"by": 1, "self": 2}, "no_setting"),
        ("set", {"name": "rate", "value": 1}, "no_action"),
        ("act", {}, "no_action"),
        ("__init__", {}, "no_action"),
    ]:
        with pytest.raises(LabError, match=key):
            lab.act(name, given)


@pytest.mark.parametrize("room", rooms().values(), ids=lambda room: room.name)
def test_the_first_settings_of_every_lab_pass_their_own_controls(room):
    settings = room.lab.Settings()
    assert read_settings(room.lab.Settings, as_json(settings)) == settings
    assert len(described(room.lab.Settings)) == len(controls_of(room.lab.Settings))

"""What the lanes decided and what checks found: the history of each payer, and the report the shopkeeper reads.

Everything is kept as it was decided, with its reasons; rates, waiting times and prevented loss are read from that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from aisle.cart.audit import Audit, AuditPolicy, CheckKind, History, verdict
from aisle.cart.book import checks, lanes, purchases, written
from aisle.visits.database import Database
from aisle.visits.errors import VisitError

EDGES_S = (15, 30, 60, 120, 300)
"""Upper edges of the histogram of waiting times; the last bin has none."""
_LOOKED_BACK = 50  # trips of a payer that count


class CheckDiffersError(VisitError):
    """A check's result comes again and says something else."""

    code = "check_differs"
    status = 409


class Difference(msgspec.Struct, frozen=True):
    """A product of which another number was in the basket than on the receipt."""

    gtin: str
    booked: int
    found: int


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person found. `minor` is the worth of what had been missing on the receipt, negative where too much was.

    `basket` is what is in the cart now, as corrected: GTIN -> pieces, 1 for each weighed line.
    """

    check_id: str
    trip_id: str
    by: str
    kind: CheckKind
    began_ns: int
    ended_ns: int
    basket: dict[str, int]
    differences: tuple[Difference, ...] = ()
    minor: int = 0
    note: str = ""


class LaneRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One decision of a lane about a trip, as it was made; `persons`: what a person had to confirm."""

    trip_id: str
    cart_id: str
    payer: str
    at_ns: int
    audit: Audit
    total_minor: int
    pieces: int
    persons: tuple[str, ...] = ()


class RuleRate(msgspec.Struct, frozen=True):
    """How often a rule spoke, and how often the trip was then checked or asked about."""

    rule: str
    trips: int
    checked: int
    asked: int


class AuditReport(msgspec.Struct, frozen=True):
    """What the lanes did between two moments.

    `waited` is the histogram of seconds from a check's decision to its beginning (edge -> checks, 0: longer);
    `prevented_minor` what checks found missing, `returned_minor` what they found charged too much. `twice_in_a_row`
    counts checks by lot right after a check of the same payer; there should be none.
    """

    trips: int
    green: int
    asked: int
    checked: int
    by_lot: int
    rules: tuple[RuleRate, ...]
    verdicts: dict[str, int]
    waited: dict[int, int]
    median_wait_s: float
    median_check_s: float
    prevented_minor: int
    returned_minor: int
    twice_in_a_row: int

    @property
    def check_rate(self) -> float:
        """The share of trips a person looked at."""
        return self.checked / self.trips if self.trips else 0.0


class AuditBook:
    """Keeps decisions and checks in the shop's database. Thread-safe, like the database below it."""

    def __init__(self, database: Database, policy: AuditPolicy) -> None:
        self._database, self._policy = database, policy

    def decided(self, record: LaneRecord) -> bool:
        """Keep a decision; False when it only says again what the trip was told last."""
        last = select(lanes.c.number, lanes.c.body).where(lanes.c.trip_id == record.trip_id)

        def keep(connection: Connection) -> bool:
            before = connection.execute(last.order_by(lanes.c.number.desc()).limit(1)).first()
            if before is not None and msgspec.structs.replace(_record(before.body), at_ns=record.at_ns) == record:
                return False
            row = {
                "trip_id": record.trip_id,
                "number": before.number + 1 if before is not None else 0,
                "payer": record.payer,
                "at_ns": record.at_ns,
                "outcome": record.audit.outcome,
                "body": msgspec.json.encode(record).decode(),
            }
            connection.execute(insert(lanes).values(row))
            return True

        return written(self._database, keep)

    def found(self, result: CheckResult) -> bool:
        """Keep a check's result; False when it is there already. Raises CheckDiffersError."""
        body = msgspec.json.encode(result, order="sorted").decode()
        known = select(checks.c.body).where(checks.c.check_id == result.check_id)

        def keep(connection: Connection) -> bool:
            earlier = connection.execute(known).scalar_one_or_none()
            if earlier is not None:
                if earlier != body:
                    raise CheckDiffersError(
                        f"check {result.check_id} was told before, with another result", found=result.check_id,
                        expected="a new check's id",
                    )  # fmt: skip
                return False
            payer = connection.execute(_payer_of(result.trip_id)).scalar_one_or_none() or ""
            row = {"check_id": result.check_id, "trip_id": result.trip_id, "payer": payer, "at_ns": result.ended_ns}
            connection.execute(insert(checks).values({**row, "body": body}))
            return True

        return written(self._database, keep)

    def of_trip(self, trip_id: str) -> tuple[frozenset[str], dict[str, int] | None]:
        """Which prompts were put as questions at the lane, and what the last check found in the basket, if any."""
        asked = select(lanes.c.body).where(lanes.c.trip_id == trip_id, lanes.c.outcome == "question")
        last = select(checks.c.body).where(checks.c.trip_id == trip_id).order_by(checks.c.at_ns.desc()).limit(1)
        with self._database.read() as connection:
            put = [_record(row.body).audit.prompt_id for row in connection.execute(asked)]
            body = connection.execute(last).scalar_one_or_none()
        return frozenset(filter(None, put)), (_check(body).basket if body is not None else None)

    def history(self, payer: str, trip_id: str) -> History:
        """What is known of a payer's trips before this one."""
        if not payer:
            return History()
        with self._database.read() as connection:
            trips = [row.trip_id for row in connection.execute(_trips_of(payer, trip_id))]
            looked = select(checks.c.trip_id, checks.c.body).where(checks.c.trip_id.in_(trips))
            found = {row.trip_id: _check(row.body) for row in connection.execute(looked.order_by(checks.c.at_ns))}
        return _history(trips, found, self._policy)

    def report(self, since_ns: int, until_ns: int) -> AuditReport:
        """What the lanes did in [since, until)."""
        decisions = select(lanes.c.body).where(lanes.c.at_ns >= since_ns, lanes.c.at_ns < until_ns)
        looks = select(checks.c.body).where(checks.c.at_ns >= since_ns, checks.c.at_ns < until_ns)
        with self._database.read() as connection:
            records = [_record(row.body) for row in connection.execute(decisions.order_by(lanes.c.at_ns))]
            results = [_check(row.body) for row in connection.execute(looks.order_by(checks.c.at_ns))]
        return reported(records, results, self._policy)


def reported(records: Sequence[LaneRecord], results: Sequence[CheckResult], policy: AuditPolicy) -> AuditReport:
    """The report over decisions and checks, each in order of time. Pure."""
    trips: dict[str, list[LaneRecord]] = {}
    for record in records:
        trips.setdefault(record.trip_id, []).append(record)
    checked = {name for name, made in trips.items() if any(r.audit.outcome == "check" for r in made)}
    asked = {name for name, made in trips.items() if any(r.audit.outcome == "question" for r in made)}
    by_lot = {name for name in checked if not any(r.audit.cause and r.audit.outcome == "check" for r in trips[name])}
    waits = [_wait_s(result, trips.get(result.trip_id, ())) for result in results]
    return AuditReport(
        trips=len(trips),
        green=len(trips.keys() - checked - asked),
        asked=len(asked),
        checked=len(checked),
        by_lot=len(by_lot),
        rules=_rules(trips, checked, asked),
        verdicts=dict(Counter(verdict(result.minor, policy) for result in results)),
        waited=_histogram(wait for wait in waits if wait is not None),
        median_wait_s=_median([wait for wait in waits if wait is not None]),
        median_check_s=_median([(result.ended_ns - result.began_ns) / 1e9 for result in results]),
        prevented_minor=sum(max(0, result.minor) for result in results),
        returned_minor=sum(max(0, -result.minor) for result in results),
        twice_in_a_row=_twice(trips, checked, by_lot),
    )


def _rules(trips: Mapping[str, Sequence[LaneRecord]], checked: set[str], asked: set[str]) -> tuple[RuleRate, ...]:
    spoke: dict[str, set[str]] = {}
    for name, made in trips.items():
        for record in made:
            for reason in record.audit.reasons:
                spoke.setdefault(reason.rule, set()).add(name)
    return tuple(
        RuleRate(rule, len(names), len(names & checked), len(names & asked)) for rule, names in sorted(spoke.items())
    )


def _twice(trips: Mapping[str, Sequence[LaneRecord]], checked: set[str], by_lot: set[str]) -> int:
    before: dict[str, str] = {}
    count = 0
    for name, made in sorted(trips.items(), key=lambda item: item[1][0].at_ns):
        payer = made[0].payer
        count += bool(payer) and name in by_lot and before.get(payer) in checked
        before[payer] = name
    return count


def _wait_s(result: CheckResult, made: Sequence[LaneRecord]) -> float | None:
    decided = [r.at_ns for r in made if r.audit.outcome == "check" and r.at_ns <= result.began_ns]
    return (result.began_ns - decided[0]) / 1e9 if decided else None


def _histogram(waits: Iterable[float]) -> dict[int, int]:
    found = dict.fromkeys((*EDGES_S, 0), 0)
    for wait in waits:
        found[next((edge for edge in EDGES_S if wait <= edge), 0)] += 1
    return found


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    if not ordered:
        return 0.0
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _history(trips: Sequence[str], found: Mapping[str, CheckResult], policy: AuditPolicy) -> History:
    """`trips` the latest first."""
    verdicts = [verdict(found[trip].minor, policy) for trip in trips if trip in found]
    since = next((place for place, trip in enumerate(trips) if trip in found), len(trips))
    run = next((place for place, said in enumerate(verdicts) if said != "clean"), len(verdicts))
    return History(True, len(trips), len(verdicts), verdicts[0] if verdicts else None, since, run)


def _trips_of(payer: str, but: str) -> Any:
    """A payer's trips that were bought or looked at, the latest first."""
    done = lanes.c.trip_id.in_(select(purchases.c.trip_id)) | lanes.c.trip_id.in_(select(checks.c.trip_id))
    found = select(lanes.c.trip_id, func.max(lanes.c.at_ns).label("at_ns"))
    mine = found.where(lanes.c.payer == payer, lanes.c.trip_id != but, done).group_by(lanes.c.trip_id)
    return mine.order_by(func.max(lanes.c.at_ns).desc()).limit(_LOOKED_BACK)


def _payer_of(trip_id: str) -> Any:
    return select(lanes.c.payer).where(lanes.c.trip_id == trip_id).order_by(lanes.c.number.desc()).limit(1)


def _record(body: str) -> LaneRecord:
    return msgspec.json.decode(body, type=LaneRecord)


def _check(body: str) -> CheckResult:
    return msgspec.json.decode(body, type=CheckResult)

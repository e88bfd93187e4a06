"""A lead's rows from the newest to the oldest; every accumulator is read off as the walk leaves each window.

Steps and what is given are numbered as in `plan.Step` and `plan.Give`. An accumulator holds five words (the count;
a sum's two words; two marks: newest and oldest time, last date, a code, or the times of two answers) and two doubles
(least and greatest number, or the value at an edge).
"""

import math

import numpy as np
from numba import njit

from core.features.online.kernels.exact import add, nearest, total
from core.features.online.plan import WalkPlan
from core.kernel.times import DAY_US

MICRO = 1e6
DECAY_UNIT = 2.0**32
DAY = float(DAY_US)
FAR = 2**63 - 1
SPREAD = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def vector(
    plan: WalkPlan,
    rows: np.ndarray,
    numbers: np.ndarray,
    owners: np.ndarray,
    as_of: int,
    known_at: int,
    out: np.ndarray,
) -> None:
    """Write the plan's values of the rows (ordered by time) as of a moment and as known at another into `out`.

    `numbers` are the rows' bits as doubles; `owners` is the lead of each row, empty where all are of one lead.
    """
    count = before(rows, as_of)
    ints = np.zeros((len(plan.steps), 5), dtype=np.int64)
    reals = np.zeros((len(plan.steps), 2), dtype=np.float64)
    tables = np.full((plan.tables, room(count)), -1, dtype=np.int64)
    read_ints = np.empty((len(plan.readings), 5), dtype=np.int64)
    read_reals = np.empty((len(plan.readings), 2), dtype=np.float64)
    done = 0
    for place in range(count - 1, -1, -1):
        if rows[place, 1] > known_at or rows[place, 2] <= known_at:
            continue
        age = as_of - rows[place, 0]
        done = read_off(plan.readings, done, age, ints, reals, read_ints, read_reals)
        if done == len(plan.readings):
            break
        take(plan, rows, numbers, owners, place, age, ints, reals, tables)
    read_off(plan.readings, done, FAR, ints, reals, read_ints, read_reals)
    give(plan, as_of, read_ints, read_reals, out)


@njit(cache=True, nogil=True)
def before(rows: np.ndarray, as_of: int) -> int:
    """How many rows, ordered by time, occurred before the moment."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if rows[middle, 0] < as_of:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def room(count: int) -> int:
    """The size of a table that holds so many keys at most half full."""
    size = 4
    while size < 2 * count:
        size *= 2
    return size


@njit(cache=True, nogil=True)
def read_off(
    readings: np.ndarray,
    done: int,
    age: int,
    ints: np.ndarray,
    reals: np.ndarray,
    read_ints: np.ndarray,
    read_reals: np.ndarray,
) -> int:
    """Keep the accumulators of every window that is shorter than the age; how many readings are done."""
    while done < len(readings) and (readings[done, 0] < age or age == FAR):
        step = readings[done, 1]
        read_ints[done] = ints[step]
        read_reals[done] = reals[step]
        done += 1
    return done


@njit(cache=True, nogil=True)
def holds(rows: np.ndarray, place: int, word: int, bit: int) -> bool:
    """Whether the row meets the condition of the bit; a word of -1 is no condition."""
    return word < 0 or (rows[place, word] >> bit) & 1 == 1


@njit(cache=True, nogil=True)
def take(
    plan: WalkPlan,
    rows: np.ndarray,
    numbers: np.ndarray,
    owners: np.ndarray,
    place: int,
    age: int,
    ints: np.ndarray,
    reals: np.ndarray,
    tables: np.ndarray,
) -> None:
    """Add one row to every accumulator whose condition it meets."""
    steps = plan.steps
    for step in range(len(steps)):
        kind, column = steps[step, 0], steps[step, 3]
        met = holds(rows, place, steps[step, 1], steps[step, 2])
        if kind == 7:
            follow(steps, step, rows, place, met, ints)
        elif not met:
            continue
        elif kind == 0:
            take_event(ints, step, rows[place, 0])
        elif kind == 1:
            take_number(ints, reals, step, numbers[place, column])
        elif kind == 2:
            key = rows[place, column] if column >= 0 else (owners[place] if len(owners) > 0 else 0)
            ints[step, 0] += is_new(tables[steps[step, 4]], key)
        elif kind == 3:
            take_day(ints, step, rows[place, 0])
        elif kind == 6:
            take_decayed(ints, step, numbers[place, column] if column >= 0 else 1.0, age, plan.rates[step])
        elif kind == 5 or ints[step, 0] == 0:
            ints[step, 0], ints[step, 3], reals[step, 0] = 1, rows[place, column], numbers[place, column]


@njit(cache=True, nogil=True)
def take_event(ints: np.ndarray, step: int, moment: int) -> None:
    """Count the event; the first one taken is the newest, the last one the oldest."""
    if ints[step, 0] == 0:
        ints[step, 3] = moment
    ints[step, 0] += 1
    ints[step, 4] = moment


@njit(cache=True, nogil=True)
def take_number(ints: np.ndarray, reals: np.ndarray, step: int, number: float) -> None:
    """Sum millionths exactly and keep the least and the greatest number."""
    if math.isnan(number):
        return
    if ints[step, 0] == 0 or number < reals[step, 0]:
        reals[step, 0] = number
    if ints[step, 0] == 0 or number > reals[step, 1]:
        reals[step, 1] = number
    ints[step, 0] += 1
    add(ints, step, nearest(number * MICRO))


@njit(cache=True, nogil=True)
def is_new(table: np.ndarray, key: int) -> int:
    """1 where the key (not negative; -1 is missing) was not in the table, which then holds it."""
    if key < 0:
        return 0
    mask = np.uint64(len(table) - 1)
    slot = ((np.uint64(key) * SPREAD) >> np.uint64(20)) & mask
    while table[slot] != -1:
        if table[slot] == key:
            return 0
        slot = (slot + np.uint64(1)) & mask
    table[slot] = key
    return 1


@njit(cache=True, nogil=True)
def take_day(ints: np.ndarray, step: int, moment: int) -> None:
    """Count the UTC date where it differs from that of the row before."""
    day = moment // DAY_US
    if ints[step, 0] == 0 or ints[step, 3] != day:
        ints[step, 0] += 1
        ints[step, 3] = day


@njit(cache=True, nogil=True)
def take_decayed(ints: np.ndarray, step: int, number: float, age: int, rate: float) -> None:
    """Sum the decayed number in units of 2^-32."""
    if not math.isnan(number):
        add(ints, step, nearest(number * math.exp(age * rate) * DECAY_UNIT))


@njit(cache=True, nogil=True)
def follow(steps: np.ndarray, step: int, rows: np.ndarray, place: int, met: bool, ints: np.ndarray) -> None:
    """Count the row if the nearest answer after it is within reach; then remember the row if it is an answer itself.

    Marks: the nearest answer so far, and the nearest one later than that (rows of one moment do not follow each other).
    """
    moment = rows[place, 0]
    if met:
        answer = ints[step, 3] if ints[step, 3] > moment else ints[step, 4]
        seen = ints[step, 1] if ints[step, 3] > moment else ints[step, 2]
        if seen > 0 and answer - moment <= steps[step, 4]:
            ints[step, 0] += 1
    if holds(rows, place, steps[step, 5], steps[step, 6]) and (ints[step, 1] == 0 or moment < ints[step, 3]):
        ints[step, 2], ints[step, 4] = ints[step, 1], ints[step, 3]
        ints[step, 1], ints[step, 3] = 1, moment


@njit(cache=True, nogil=True)
def give(plan: WalkPlan, as_of: int, ints: np.ndarray, reals: np.ndarray, out: np.ndarray) -> None:
    """Write every value from its readings."""
    for row in range(len(plan.gives)):
        what, first, second = plan.gives[row, 0], plan.gives[row, 1], plan.gives[row, 2]
        count = ints[first, 0]
        value = math.nan
        if what == 0:
            value = float(count)
        elif what == 1:
            value = 1.0 if count > 0 else 0.0
        elif what == 2:
            value = total(ints[first, 1], ints[first, 2]) / MICRO
        elif what == 12:
            recent = float(count + 1) / plan.spans[row, 0]
            value = recent / (float(ints[second, 0] - count + 1) / plan.spans[row, 1])
        elif what == 13:
            value = total(ints[first, 1], ints[first, 2]) / DECAY_UNIT
        elif count > 0:
            value = give_present(what, as_of, ints[first], reals[first], ints[second, 0])
        out[plan.gives[row, 3]] = value


@njit(cache=True, nogil=True)
def give_present(what: int, as_of: int, ints: np.ndarray, reals: np.ndarray, whole: int) -> float:
    """A value that a reading of no event does not have."""
    if what == 3:
        return total(ints[1], ints[2]) / MICRO / ints[0]
    if what == 4 or what == 6:
        return reals[0]
    if what == 5:
        return reals[1]
    if what == 7:
        return float(ints[3]) if ints[3] >= 0 else math.nan
    if what == 8:
        return float(as_of - ints[3]) / DAY
    if what == 9:
        return float(as_of - ints[4]) / DAY
    if what == 10:
        return float(ints[3] - ints[4]) / DAY / (ints[0] - 1) if ints[0] > 1 else math.nan
    return float(ints[0]) / whole

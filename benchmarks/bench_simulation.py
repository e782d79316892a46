"""Speed of the two simulators, and the array code against a plain loop in the same run.

Run from the repository: ``python benchmarks/bench_simulation.py``. Each time is the best of five.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from ldnevidence.dose_response import best_dose_search, up_and_down

PATIENTS = 10_000
LOOP_PATIENTS = 2_000


def best_of(call: Callable[[], object], repeats: int = 5) -> float:
    """Shortest of several runs, seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def loop_search(patients: int, seed: int = 0) -> tuple[float, float, float]:
    """The search under no effect with the defaults, one patient and one step at a time.

    Draws only the scores that are needed. Returns the share who found a dose, their mean dose in mg and their
    mean improvement, so that the answer can be held against that of the array code.
    """
    draw = random.Random(seed)
    step_sd = 1.5 / 2**0.5
    found, total_mg, total_gain = 0, 0.0, 0.0
    for _ in range(patients):
        while True:
            usual = draw.gauss(5.0, 1.5)
            entry = draw.gauss(usual, 1.5)
            if entry >= 4.0:
                break
        usual, entry = min(max(usual, 0.0), 10.0), min(max(entry, 0.0), 10.0)
        best, score, misses = 0, entry - 2.0, 0
        for level in range(1, 61):
            felt = min(max(draw.gauss(usual, step_sd), 0.0), 10.0)
            gain = score - felt
            if best == 0:
                if gain >= 0:
                    best, score = level, felt
            elif gain >= 0.5:
                best, score, misses = level, felt, 0
            else:
                misses += 1
                if misses == 2:
                    break
        if best > 0:
            found += 1
            total_mg += 0.1 * best
            total_gain += entry - min(max(draw.gauss(usual, 1.5), 0.0), 10.0)
    return found / patients, total_mg / found, total_gain / found


def main() -> None:
    """Print the table of times and ratios."""
    start = time.perf_counter()
    sim = best_dose_search(PATIENTS)
    cold = time.perf_counter() - start
    warm = best_of(lambda: best_dose_search(PATIENTS))
    optimum = best_of(
        lambda: best_dose_search(PATIENTS, optimum_mg=2.0, step_correlation=0.5, placebo_points=1.0)
    )
    loop = best_of(lambda: loop_search(LOOP_PATIENTS), repeats=3)
    single = best_of(lambda: [best_dose_search(1, seed=s) for s in range(LOOP_PATIENTS)], repeats=1)
    isotonic = best_of(lambda: up_and_down("six in ten can respond", n_sim=PATIENTS))
    logit = best_of(lambda: up_and_down("six in ten can respond", n_sim=PATIENTS, estimator="logit"))

    per_patient = warm / PATIENTS
    print(f"best-dose search, {PATIENTS:,} patients, first call      {cold:8.3f} s")
    print(f"best-dose search, {PATIENTS:,} patients                  {warm:8.3f} s")
    print(f"  with an optimum, lasting spells, expectation         {optimum:8.3f} s")
    print(f"up-and-down, {PATIENTS:,} studies of 25, isotonic        {isotonic:8.3f} s")
    print(f"up-and-down, {PATIENTS:,} studies of 25, logit           {logit:8.3f} s")
    print("time for one patient, against the array code:")
    print(
        f"  plain Python loop ({LOOP_PATIENTS:,} patients)                 "
        f"{loop / LOOP_PATIENTS / per_patient:8.1f} times"
    )
    print(
        f"  array code called once a patient ({LOOP_PATIENTS:,})           "
        f"{single / LOOP_PATIENTS / per_patient:8.0f} times"
    )

    a = sim.analysed
    ours = (float(sim.found.mean()), float(sim.best_dose_mg[a].mean()), float(sim.improvement[a].mean()))
    theirs = loop_search(PATIENTS)
    print("share who found a dose, mean dose (mg), mean improvement (points), to be alike but for chance:")
    print("  array code  " + "  ".join(f"{v:.3f}" for v in ours))
    print("  plain loop  " + "  ".join(f"{v:.3f}" for v in theirs))
    # Five standard errors of the difference of two runs of 10,000: a real disagreement would be far outside.
    if any(abs(x - y) > limit for x, y, limit in zip(ours, theirs, (0.035, 0.11, 0.16), strict=True)):
        raise SystemExit("The array code and the plain loop disagree.")


if __name__ == "__main__":
    main()

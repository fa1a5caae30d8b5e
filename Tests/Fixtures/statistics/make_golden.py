"""Writes golden.json: what SciPy and NumPy say of fixed inputs. SciPy is needed here only, not where tests run.

    python make_golden.py

The bootstrap draws with the generator of the program (SplitMix64, high half of a 64 x 64-bit product), written once
more below; almost stochastic order is integrated numerically on a fine grid of quantiles that both step functions hit.
"""

import json
import math
import os

import numpy as np
import scipy
from scipy import special, stats

MASK = (1 << 64) - 1


class SplitMix:
    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) * count) >> 64


def violation(f, g):
    f, g = sorted(f), sorted(g)
    steps = math.lcm(len(f), len(g))
    worse = whole = 0.0
    for i in range(steps):
        difference = f[i * len(f) // steps] - g[i * len(g) // steps]
        whole += difference ** 2
        worse += difference ** 2 if difference < 0 else 0
    return 0.5 if whole == 0 else worse / whole


def bound(f, g, confidence, resamples, seed):
    generator, epsilon = SplitMix(seed), violation(f, g)
    scale = math.sqrt(len(f) * len(g) / (len(f) + len(g)))
    deviations = []
    for _ in range(resamples):
        a = [f[generator.below(len(f))] for _ in f]
        b = [g[generator.below(len(g))] for _ in g]
        deviations.append(scale * (violation(a, b) - epsilon))
    return min(1, max(0, epsilon + np.std(deviations) / scale * stats.norm.ppf(confidence)))


def bootstrap(f, g, paired, confidence, resamples, seed):
    generator, means = SplitMix(seed), []
    for _ in range(resamples):
        if paired:
            drawn = [generator.below(len(f)) for _ in f]
            means.append(np.mean([f[i] - g[i] for i in drawn]))
        else:
            a = np.mean([f[generator.below(len(f))] for _ in f])
            means.append(a - np.mean([g[generator.below(len(g))] for _ in g]))
    tail = (1 - confidence) / 2
    return list(np.quantile(means, [tail, 1 - tail]))


def hedges(f, g):
    m = len(f) + len(g) - 2
    pooled = math.sqrt((np.var(f, ddof=1) * (len(f) - 1) + np.var(g, ddof=1) * (len(g) - 1)) / m)
    return (np.mean(f) - np.mean(g)) / pooled * math.exp(special.gammaln(m / 2) - special.gammaln((m - 1) / 2)) / math.sqrt(m / 2)


def holm(p):
    order, adjusted, largest = np.argsort(p, kind="stable"), [0.0] * len(p), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1, (len(p) - place) * p[index]))
        adjusted[index] = largest
    return adjusted


def samples():
    rng = np.random.default_rng(20190710)
    sizes = [(2, 2), (3, 5), (5, 5), (5, 3), (8, 8), (10, 30), (30, 30), (4, 4)]
    for place, (n, m) in enumerate(sizes):
        f = np.round(rng.normal(0.95, 0.004, n), 6)
        g = np.round(rng.normal(0.95 - 0.003 * (place % 3), 0.002 + 0.003 * (place % 2), m), 6)
        yield f.tolist(), g.tolist()


def pairs():
    for place, (f, g) in enumerate(samples()):
        welch = stats.ttest_ind(f, g, equal_var=False)
        interval = welch.confidence_interval(0.95)
        case = {"first": f, "second": g,
                "welch": [welch.statistic, welch.df, welch.pvalue, interval.low, interval.high],
                "hedges": hedges(f, g),
                "cliff": float(np.mean(np.sign(np.subtract.outer(f, g)))),
                "epsilon": violation(f, g), "bound": bound(f, g, 0.95, 200, place),
                "bootstrap": bootstrap(f, g, False, 0.9, 200, place),
                "interval": list(stats.t.interval(0.95, len(f) - 1, np.mean(f), stats.sem(f)))}
        if len(f) == len(g):
            paired = stats.ttest_rel(f, g)
            interval = paired.confidence_interval(0.95)
            case["paired"] = [paired.statistic, paired.df, paired.pvalue, interval.low, interval.high]
            case["paired_bootstrap"] = bootstrap(f, g, True, 0.9, 200, place)
        yield case


def main():
    degrees = [1, 1.5, 2, 3, 4.7, 10, 29, 100, 1e4, 1e6]
    t = [{"t": t, "degrees": d, "p": 2 * stats.t.sf(t, d)} for d in degrees for t in [0.0, 1e-6, 0.3, 1, 2.5, 7, 40]]
    critical = [{"alpha": a, "degrees": d, "t": stats.t.isf(a / 2, d)} for d in degrees for a in [0.5, 0.1, 0.05, 0.001]]
    normal = [{"z": z, "p": 2 * stats.norm.sf(z)} for z in [0, 0.1, 1, 1.96, 5, 9]]
    quantiles = [{"p": p, "z": stats.norm.ppf(p)} for p in [1e-9, 0.001, 0.025, 0.3, 0.5, 0.8, 0.975, 0.9999]]
    proportions = []
    for k, n in [(0, 10), (1, 10), (5, 10), (10, 10), (951, 1000), (9510, 10000), (7730, 10000), (1, 100000), (3, 3)]:
        for confidence in [0.9, 0.95, 0.99]:
            test = stats.binomtest(k, n)
            # binomtest looks for the same bounds with an absolute tolerance of 2e-12, too coarse for 1 of 100,000.
            tail = (1 - confidence) / 2
            exact = [0 if k == 0 else stats.beta.ppf(tail, k, n - k + 1),
                     1 if k == n else stats.beta.isf(tail, k + 1, n - k)]
            wilson = test.proportion_ci(confidence, "wilson")
            proportions.append({"k": k, "n": n, "confidence": confidence, "exact": exact,
                                "wilson": [wilson.low, wilson.high]})
    ps = [[0.01, 0.04, 0.03, 0.005], [0.5], [0.2, 0.2, 0.2], [0.9, 0.001, 0.6, 0.04, 0.04], []]
    document = {"scipy": scipy.__version__, "numpy": np.__version__, "t": t, "critical": critical, "normal": normal,
                "quantiles": quantiles, "proportions": proportions, "pairs": list(pairs()),
                "holm": [{"p": p, "adjusted": holm(p)} for p in ps]}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, default=float, indent=0)
        file.write("\n")


main()

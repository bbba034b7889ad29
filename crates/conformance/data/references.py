"""Reference values of the functions that compose badly, for unary.tsv and binary.tsv.

    pip install mpmath
    python3 references.py sinc > rows

Each derivative is a closed formula with 1,400 bits, and is compared with a numerical derivative of the value.
"""

import random
import struct
import sys
from fractions import Fraction

from mpmath import mp, mpf

mp.prec = 1400


def nearest(x):
    """The nearest f64, rounded once."""
    if not mp.isfinite(x):
        return float(x)
    if x == 0:
        return 0.0
    sign, man, exp, bits = mpf(x)._mpf_
    if exp + bits < -1200:
        return -0.0 if sign else 0.0
    try:
        return float(Fraction(int(man) * (-1) ** sign) * Fraction(2) ** exp)
    except OverflowError:
        return float("-inf") if sign else float("inf")


def bits(x):
    return "7ff8000000000000" if x != x else struct.pack(">d", x).hex()


def columns(exact):
    hi = nearest(exact)
    if hi != hi or hi in (float("inf"), float("-inf")):
        return [bits(hi), bits(0.0)]
    return [bits(hi), bits(nearest(mpf(exact) - mpf(hi)))]


def tags(point, value, names, derivatives):
    subnormal = lambda x: x != 0 and abs(x) < mpf(2) ** -1022
    all_tags = ["subnormal_in"] if any(subnormal(x) for x in point) else []
    for name, x in [("f", value), *zip(names, derivatives)]:
        near = nearest(x)
        if mp.isfinite(x) and abs(near) == float("inf"):
            all_tags.append("overflow_" + name)
        elif x != 0 and near == 0:
            all_tags.append("underflow_" + name)
        elif subnormal(mpf(near)):
            all_tags.append("subnormal_" + name)
    return ",".join(all_tags) or "-"


def newton(f, slope, y):
    for _ in range(200):
        step = f(y) / slope(y)
        y -= step
        if abs(step) <= abs(y) * mpf(2) ** (30 - mp.prec) or step == 0:
            return y
    raise ArithmeticError("no convergence")


def inverse_of_erfc(x):
    """By Newton's method on the logarithm of the smaller tail, which is concave."""
    if x == 1:
        return mpf(0)
    if x > 1:
        return -inverse_of_erfc(2 - x)
    slope = lambda y: -2 / mp.sqrt(mp.pi) * mp.exp(-y * y) / mp.erfc(y)
    return newton(lambda y: mp.log(mp.erfc(y)) - mp.log(x), slope, mpf(0))


def of_erf_inv(x):
    near_0 = lambda: newton(lambda y: mp.erf(y) - x, lambda y: 2 / mp.sqrt(mp.pi) * mp.exp(-y * y), mpf(x))
    y = inverse_of_erfc(1 - x) if abs(x) > 0.1 else near_0()
    d = mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
    return y, d, 2 * y * d * d


def of_erfc_inv(x):
    y = inverse_of_erfc(x)
    d = -mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
    return y, d, 2 * y * d * d


def of_norm_quantile(x):
    q = -mp.sqrt(2) * inverse_of_erfc(2 * x)
    d = mp.sqrt(2 * mp.pi) * mp.exp(q * q / 2)
    return q, d, q * d * d


def of_log_norm_cdf(x):
    if x < -mpf(2) ** 80:
        # By the asymptotic series, since x + m cancels.
        above = -1 / x + 2 / x**3 - 10 / x**5
        return -x * x / 2 - mp.log(2 * mp.pi) / 2 - mp.log(above - x), above - x, 1 / x**2 - 6 / x**4 - 1
    tail = mp.erfc(abs(x) / mp.sqrt(2)) / 2
    m = mp.npdf(x) / (tail if x < 0 else 1 - tail)
    return mp.log(tail) if x < 0 else mp.log1p(-tail), m, -m * (x + m)


def of_sinc(x):
    if abs(x) < mpf(2) ** -200:
        return 1 - x * x / 6, -x / 3 + x**3 / 30, -mpf(1) / 3 + x * x / 10
    s, c = mp.sin(x), mp.cos(x)
    return s / x, (c - s / x) / x, -s / x - 2 * (c - s / x) / x**2


def of_xlogy(x, y):
    return x * mp.log(y), mp.log(y), x / y, mpf(0), 1 / y, -x / y**2


def of_xlog1py(x, y):
    return x * mp.log1p(y), mp.log1p(y), x / (1 + y), mpf(0), 1 / (1 + y), -x / (1 + y) ** 2


def spread(random, low, high, count):
    """Numbers whose logarithms are spread evenly."""
    return [2.0 ** random.uniform(low, high) for _ in range(count)]


def next_to(*xs):
    return [y for x in xs for y in (mp_step(x, -1), x, mp_step(x, 1))]


def mp_step(x, way):
    n = struct.unpack(">q", struct.pack(">d", x))[0] + (way if x > 0 else -way)
    return struct.unpack(">d", struct.pack(">q", n))[0]


def both(xs):
    return [s * x for x in xs for s in (1, -1)]


TINY = [5e-324, 1e-320, 2.0**-1022, 1e-300]

#: The points of each function.
POINTS = {
    "log_norm_cdf": lambda r: [0.0, *both(TINY), *both(spread(r, -60, 0, 15)), *[r.uniform(-9, 9) for _ in range(80)],
        *[-x for x in spread(r, 3, 20, 15)], *[-x for x in spread(r, 20, 511, 8)], *[r.uniform(8, 38.6) for _ in range(25)],
        *next_to(-1.0, -8.0, 9.0, -0.0625, 0.0625, -7.9375), -40.0, -1e8, 38.4, 38.5, 38.6, 40.0, -1.3e154],
    "erf_inv": lambda r: [0.0, *both(TINY), *both(spread(r, -60, -2, 15)), *[r.uniform(-1, 1) for _ in range(60)],
        *both([1 - x for x in spread(r, -52, -2, 20)]), *next_to(0.38, 0.5, -0.38), 1 - 2.0**-53, 1 - 2.0**-52],
    "erfc_inv": lambda r: [*TINY, *spread(r, -1073, -30, 25), *spread(r, -30, 0, 40), *[r.uniform(0.3, 1.7) for _ in range(40)],
        *[1 + s * x for x in spread(r, -52, -4, 12) for s in (1, -1)], 1.0, *[2 - x for x in spread(r, -51, -2, 20)],
        *next_to(0.5, 1.5), 2 - 2.0**-52, 2 - 2.0**-51],
    "norm_quantile": lambda r: [*TINY, *spread(r, -1073, -30, 25), *spread(r, -30, -1, 40), *[r.uniform(0.2, 0.8) for _ in range(40)],
        *[0.5 + s * x for x in spread(r, -53, -4, 12) for s in (1, -1)], 0.5, *[1 - x for x in spread(r, -52, -2, 20)],
        *next_to(0.25, 0.75), 1 - 2.0**-53, 1 - 2.0**-52],
    "sinc": lambda r: [0.0, *both(TINY), *both(spread(r, -60, 3, 30)), *both(spread(r, 3, 60, 20)), *spread(r, 60, 1023, 15),
        *next_to(1.0, 0.25, 3.141592653589793, 6.283185307179586, 4.493409457909064, 7.725251836937707, 2.081575977818101,
            1e5, 2.0**26, 2.0**30), *[r.uniform(0, 30) for _ in range(60)], 4.4934, 7.7252, 2.0816, 5.9404, 1e22, 1.7e308],
    "xlogy": lambda r: [(x, y) for x, y in [
        *[(r.uniform(-10, 10), y) for y in spread(r, -20, 20, 60)], *zip(both(spread(r, -200, 200, 30)), spread(r, -300, 300, 60)),
        *[(r.uniform(-5, 5), 1 + s * d) for d in spread(r, -52, -1, 20) for s in (1, -1)], (2.5, 1.0), (-2.5, 1.0),
        *[(r.uniform(-5, 5), y) for y in TINY], (5e-324, 3.0), (1e-310, 0.3), (1.7e308, 2.5), (1e300, 1e-5), (0.0, 2.0), (0.0, 1e-300)]],
    "xlog1py": lambda r: [(x, y) for x, y in [
        *[(r.uniform(-10, 10), y) for y in spread(r, -20, 20, 60)], *zip(both(spread(r, -200, 200, 30)), spread(r, -60, 300, 60)),
        *[(r.uniform(-5, 5), s * d) for d in spread(r, -70, -1, 30) for s in (1, -1)], *[(r.uniform(-5, 5), d - 1) for d in spread(r, -52, -1, 20)],
        *[(r.uniform(-5, 5), s * y) for y in TINY for s in (1, -1)], (5e-324, 3.0), (1.7e308, 2.5), (0.0, 2.0), (0.0, -0.5)]],
}


def check(name, point, derivatives):
    """Compares with numerical derivatives of the value."""
    function = globals()["of_" + name]
    value = lambda *x: function(*x)[0]
    orders = [(1,), (2,)] if len(point) == 1 else [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    old, mp.prec = mp.prec, 600
    for order, derivative in zip(orders, derivatives):
        h = abs(point[-1]) or mpf(1)
        numeric = mp.diff(value, tuple(map(mpf, point)), order, h=h * mpf(2) ** -150)
        assert abs(numeric - derivative) <= mpf(10) ** -25 * (abs(derivative) + abs(function(*map(mpf, point))[0] / h ** sum(order))), (name, point, order)
    mp.prec = old


def main():
    for name in sys.argv[1:] or POINTS:
        generator = random.Random(name)
        points = [p if isinstance(p, tuple) else (p,) for p in POINTS[name](generator)]
        for k, point in enumerate(sorted(set(points))):
            value, *derivatives = globals()["of_" + name](*map(mpf, point))
            names = ["d1", "d2"] if len(point) == 1 else ["da", "db", "daa", "dab", "dbb"]
            if k % 10 == 5 and all(2.0**-60 < abs(x) < 2.0**60 for x in point):
                check(name, point, derivatives)
            key = ["-", bits(point[0])] if len(point) == 1 else [bits(x) for x in point]
            numbers = [c for x in (value, *derivatives) for c in columns(x)]
            print("\t".join([name, *key, *numbers, tags(point, value, names, derivatives)]))


main()

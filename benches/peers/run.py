"""Single points beside CasADi's generated C and JAX: value and gradient of W3-100, W4-point, W5 and W7.

    python3 -m venv venv && venv/bin/pip install casadi jax matplotlib
    cargo build --profile bench -p benches --bin ratios
    taskset -c 1 venv/bin/python benches/peers/run.py target/release/ratios [picture.svg]

Runs the binary `ratios`, then CasADi's C and JAX, and prints a table of nanoseconds for one value and gradient, and of
multiples of the gradient written by hand (H). All are minima. CasADi's C is compiled by `cc -O3 -march=native` and
called in a loop in C. JAX is called from Python, as its users call it, so its figures are mostly the cost of a call.

CasADi and JAX must agree on every value and derivative to a relative 1e-9.
"""

import ctypes
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time

import casadi
import jax
import jax.numpy as jnp
import numpy

jax.config.update("jax_enable_x64", True)

MASK = (1 << 64) - 1
ROUNDS = 30


def uniforms(seed):
    """SplitMix64 as in src/random.rs, uniform in [0, 1)."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield ((z ^ (z >> 31)) >> 11) * 2.0**-53


def symmetric(seed, count):
    source = uniforms(seed)
    return [2.0 * next(source) - 1.0 for _ in range(count)]


def normals(seed, count):
    """Box and Muller, cosine first."""
    source, found = uniforms(seed), []
    while len(found) < count:
        radius = math.sqrt(-2.0 * math.log(1.0 - next(source)))
        angle = 2.0 * math.pi * next(source)
        found += [radius * math.cos(angle), radius * math.sin(angle)]
    return found[:count]


# The formulas of src/workloads/, over the functions `m` of CasADi or of Python. `x` is differentiated, `z` is not.


def rosenbrock(m, x, z):
    return sum(100.0 * (x[i + 1] - x[i] * x[i]) ** 2 + (1.0 - x[i]) ** 2 for i in range(99))


def perceptron_point(m, p, z):
    width, at = 16, 0
    layer = [z[0], z[1]]
    for neurons in (width, width, 1):
        sums = []
        for _ in range(neurons):
            weighted = sum(p[at + i] * layer[i] for i in range(len(layer)))
            sums.append(weighted + p[at + len(layer)])
            at += len(layer) + 1
        layer = [m.tanh(s) for s in sums] if neurons > 1 else sums
    return m.fmax(1.0 - layer[0] * z[2], 0.0) * 0.01


def asian(m, x, z):
    s, r, sigma = x[0], x[1], x[2]
    dt = 1.0 / 252
    total = 0.0
    for i in range(252):
        s = s * m.exp(sigma * math.sqrt(dt) * z[i] + (r - sigma * sigma * 0.5) * dt)
        total = total + s
    return m.exp(-r) * m.fmax(total * dt - 100.0, 0.0)


def formula(m, x, z):
    s, k, r, v, t = (x[i] for i in range(5))
    d = (m.log(s) - m.log(k) + (r + v * v * 0.5) * t) * m.exp(t * v)
    e = d - v * t
    return s * m.tanh(d) - k * m.exp(-r * t) * m.tanh(e) + d * e


# The same as arrays, as JAX is used: written out, W5 takes JAX minutes to compile.


def rosenbrock_jax(x, z):
    return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def perceptron_point_jax(p, z):
    first, second, last = p[:48].reshape(16, 3), p[48:320].reshape(16, 17), p[320:]
    layer = jnp.tanh(first[:, :2] @ z[:2] + first[:, 2])
    layer = jnp.tanh(second[:, :16] @ layer + second[:, 16])
    return jnp.maximum(1.0 - (last[:16] @ layer + last[16]) * z[2], 0.0) * 0.01


def asian_jax(x, z):
    s, r, sigma = x
    dt = 1.0 / 252
    path = s * jnp.exp(jnp.cumsum(sigma * math.sqrt(dt) * z + (r - sigma * sigma * 0.5) * dt))
    return jnp.exp(-r) * jnp.maximum(jnp.mean(path) - 100.0, 0.0)


def formula_jax(x, z):
    return formula(jnp, x, z)


def sample(parameters):
    """The first point whose loss is not 0: elsewhere all derivatives are 0."""

    class Plain:
        tanh, fmax = math.tanh, max

    numbers = symmetric(2, 200)
    for a, b in zip(numbers[::2], numbers[1::2]):
        z = [a, b, 1.0 if a * b > 0.0 else -1.0]
        if perceptron_point(Plain, parameters, z) > 0.0:
            return z


_parameters = symmetric(1, 337)
WORKLOADS = {
    # The name, the operations that `ratios` divides by, the formulas, x and z.
    "W3-100": (791, rosenbrock, rosenbrock_jax, [-1.2, 1.0] * 50, [0.0]),
    "W4-point": (644, perceptron_point, perceptron_point_jax, _parameters, sample(_parameters)),
    "W5": (1270, asian, asian_jax, [100.0, 0.03, 0.2], normals(3, 252)),
    "W7": (1, formula, formula_jax, [1.1, 1.0, 0.03, 0.2, 1.5], [0.0]),
}

TIMER = """
#include <time.h>

double nanoseconds(const double** arg, double** res, casadi_int* iw, double* w, int calls, double* changing)
{
    struct timespec from, to;
    int i;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (i = 0; i < calls; i++) {
        /* New inputs for each call, so that none is left out. */
        *changing += 1e-12;
        f(arg, res, iw, w, 0);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    return ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / calls;
}
"""


def casadi_c(folder, body, x, z):
    """The answer, and the time, of CasADi's C."""
    sx, sz = casadi.SX.sym("x", len(x)), casadi.SX.sym("z", len(z))
    value = body(casadi, [sx[i] for i in range(len(x))], [sz[i] for i in range(len(z))])
    function = casadi.Function("f", [sx, sz], [casadi.densify(casadi.vertcat(value, casadi.gradient(value, sx)))])
    generator = casadi.CodeGenerator("f.c")
    generator.add(function)
    source = pathlib.Path(generator.generate(str(folder) + "/"))
    source.write_text(source.read_text() + TIMER)
    library = folder / f"{body.__name__}.so"
    subprocess.run(["cc", "-O3", "-march=native", "-shared", "-fPIC", source, "-o", library, "-lm"], check=True)
    nanoseconds = ctypes.CDLL(str(library)).nanoseconds
    nanoseconds.restype = ctypes.c_double
    doubles = lambda numbers: (ctypes.c_double * max(len(numbers), 1))(*numbers)
    pointers = lambda *arrays: (ctypes.POINTER(ctypes.c_double) * 16)(
        *[ctypes.cast(array, ctypes.POINTER(ctypes.c_double)) for array in arrays]
    )
    xs, zs, out = doubles(x), doubles(z), doubles([0.0] * (len(x) + 1))
    iw = (ctypes.c_longlong * (function.sz_iw() + 1))()
    w = doubles([0.0] * (function.sz_w() + 1))
    timed = lambda calls: nanoseconds(pointers(xs, zs), pointers(out), iw, w, calls, xs)
    calls = max(1, int(2e7 / max(timed(100), 1.0)))
    best = min(timed(calls) for _ in range(ROUNDS))
    answer = numpy.array(function(x, z)).flatten()
    return answer, best


def jax_jit(body, x, z):
    """The answer, and the time, of JAX."""
    call = jax.jit(jax.value_and_grad(body))
    x, z = jnp.array(x), jnp.array(z)
    value, gradient = call(x, z)
    answer = numpy.concatenate([[value], gradient])

    def timed(calls):
        start = time.perf_counter_ns()
        for _ in range(calls):
            jax.block_until_ready(call(x, z))
        return (time.perf_counter_ns() - start) / calls

    calls = max(1, int(2e7 / timed(100)))
    return answer, min(timed(calls) for _ in range(ROUNDS))


def wengert(ratios):
    """The times of the rows of `ratios`, by workload and engine."""
    engines = ["--engines", "wengert,program-one,native"]
    command = [ratios, "--json", "--seconds", "2", *engines, *WORKLOADS]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = json.loads(printed)["rows"]
    times = {name: {} for name in WORKLOADS}
    for row in rows:
        if row["workload"] in times:
            times[row["workload"]][row["engine"]] = row["total"] * WORKLOADS[row["workload"]][0]
    return times


COLUMNS = ["H", "wengert", "program-one", "native", "CasADi C", "JAX"]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    times = wengert(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, body, arrays, x, z) in WORKLOADS.items():
            ours, times[name]["CasADi C"] = casadi_c(pathlib.Path(folder), body, x, z)
            theirs, times[name]["JAX"] = jax_jit(arrays, x, z)
            numpy.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=name)
    print("| |", " | ".join(COLUMNS), "|")
    print("|--" * (len(COLUMNS) + 1) + "|")
    for name, row in times.items():
        cells = [f"{row[column]:.0f} ns ({row[column] / row['H']:.2f})" for column in COLUMNS]
        print("|", name, "|", " | ".join(cells), "|")
    if len(sys.argv) > 2:
        draw(times, sys.argv[2])


def draw(times, path):
    """Bars of the multiples of H, on a logarithmic scale."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4))
    for k, column in enumerate(COLUMNS[1:]):
        places = [i + 0.16 * (k - 2) for i in range(len(times))]
        axes.bar(places, [row[column] / row["H"] for row in times.values()], width=0.15, label=column)
    axes.axhline(1.0, color="gray", linewidth=1)
    axes.set_yscale("log")
    axes.set_xticks(range(len(times)), times)
    axes.set_ylabel("time of a value and gradient, H = 1")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(path, bbox_inches="tight")


if __name__ == "__main__":
    main()

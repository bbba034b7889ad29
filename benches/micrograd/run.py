"""micrograd itself, in Python, on the workloads W1 and W4 of this folder.

    pip install micrograd
    python3 benches/micrograd/run.py

Prints one line per workload, in the units of the binary `ratios`. The figures are minima over the
rounds. The data are those of src/workloads/, from the same SplitMix64; the values are checked
against the Rust ones.
micrograd has no tanh, so it is added here the way the micrograd lecture adds it.
"""

import math
import sys
import time

try:
    from micrograd.engine import Value
except ImportError:
    sys.exit("micrograd is not installed: pip install micrograd")

# The recursion of micrograd's topological sort is as deep as the longest chain: the sums of W4.
sys.setrecursionlimit(20_000)

MASK = (1 << 64) - 1


def uniforms(seed):
    """SplitMix64 as in src/random.rs, uniform in [-1, 1)."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield 2.0 * (((z ^ (z >> 31)) >> 11) * 2.0**-53) - 1.0


def tanh(x):
    t = math.tanh(x.data)
    out = Value(t, (x,), "tanh")

    def _backward():
        x.grad += (1 - t**2) * out.grad

    out._backward = _backward
    return out


def lecture():
    """W1: (a*b + c)*f."""
    a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    return (a * b + c) * f


WIDTH, POINTS = 16, 100
_parameters = uniforms(1)
PARAMETERS = [next(_parameters) for _ in range(WIDTH * 3 + WIDTH * (WIDTH + 1) + WIDTH + 1)]
_points = uniforms(2)
DATA = [(next(_points), next(_points)) for _ in range(POINTS)]


def layer(parameters, inputs):
    """The neurons of a layer: per neuron its weights, then its bias."""
    n = len(inputs) + 1
    for at in range(0, len(parameters), n):
        *weights, bias = parameters[at : at + n]
        yield sum((w * x for w, x in zip(weights, inputs)), bias)


def perceptron():
    """W4: the loss of MLP(2, [16, 16, 1]) on 100 points."""
    p = [Value(x) for x in PARAMETERS]
    hidden, output = 3 * WIDTH, 3 * WIDTH + WIDTH * (WIDTH + 1)
    losses = []
    for x in DATA:
        label = 1.0 if x[0] * x[1] > 0 else -1.0
        first = [tanh(s) for s in layer(p[:hidden], x)]
        second = [tanh(s) for s in layer(p[hidden:output], first)]
        (score,) = layer(p[output:], second)
        losses.append((1 + -label * score).relu())
    return sum(losses) * (1.0 / POINTS) + 1e-4 * sum(q * q for q in p)


def measure(name, function, expected, rounds, repetitions, scale, unit):
    value = function().data
    if abs(value - expected) > 1e-12 * abs(expected):
        sys.exit(f"{name}: micrograd's value {value} is not {expected}")
    record = total = math.inf
    for _ in range(rounds):
        recorded = swept = 0.0
        for _ in range(repetitions):
            start = time.perf_counter()
            loss = function()
            middle = time.perf_counter()
            loss.backward()
            recorded += middle - start
            swept += time.perf_counter() - middle
        record = min(record, recorded / repetitions)
        total = min(total, (recorded + swept) / repetitions)
    record, total = record * 1e9 / scale, total * 1e9 / scale
    print(f"{name} micrograd record {record:.0f} backward {total - record:.0f} total {total:.0f} {unit}")


if __name__ == "__main__":
    measure("W1", lecture, -8.0, 200, 100, 1, "ns")
    measure("W4", perceptron, 0.9528639954621854, 7, 1, 64_977, "ns/op")

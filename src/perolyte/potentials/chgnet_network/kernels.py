"""Row kernels of the fast pass: everything between two matrix products, in one sweep over rows.

A row is an edge seen from one end, or an ordered angle. Kernels work on a range of rows whose
intermediates stay in the processor's cache, and gather, normalise, gate, weight and sum in one go.
Gated layers are held as (2, rows, WIDTH) arrays: core, then gate. All arrays are float32; sums over
64 features are rounded as in any other order.

All kernels are in this one file because numba's cache on disk looks only at the file of a kernel: a
helper changed in another file would leave stale code in use.

``norms`` arrays are (6, WIDTH): bias, scale and offset of the core, then of the gate.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = [
    "WIDTH",
    "gate_angles",
    "gate_angles_backward",
    "gate_bonds",
    "gate_bonds_backward",
    "gate_edges",
    "gate_edges_backward",
    "hide_bonds",
    "hide_bonds_backward",
    "hide_edges",
    "hide_edges_backward",
    "order_edges",
]

WIDTH = 64
"""Length of CHGNet's feature vectors, fixed here so that the compiler unrolls loops over it."""

_WIDTH_F = np.float32(WIDTH)
_ONE = np.float32(1)
_HALF = np.float32(0.5)
_EPSILON = np.float32(1e-5)
"""torch's constant in layer normalisation."""

# exp(x) = 2^n exp(r) with |r| < ln(2)/2; minimax polynomial of the Cephes library (Moshier 1989)
_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)
_P0 = np.float32(1.9875691500e-4)
_P1 = np.float32(1.3981999507e-3)
_P2 = np.float32(8.3334519073e-3)
_P3 = np.float32(4.1665795894e-2)
_P4 = np.float32(1.6666665459e-1)
_P5 = np.float32(5.0000001201e-1)
_LARGEST = np.float32(87)


@njit(inline="always")
def _sigmoid(x):  # type: ignore[no-untyped-def]
    """1 / (1 + exp(-x)) to float32's precision, in a form that compilers turn into vectors."""
    y = min(max(-x, -_LARGEST), _LARGEST)
    n = np.floor(y * _LOG2_E + _HALF)
    r = y - n * _LN2_HIGH - n * _LN2_LOW
    p = ((((_P0 * r + _P1) * r + _P2) * r + _P3) * r + _P4) * r + _P5
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return _ONE / (_ONE + (p * r * r + r + _ONE) * power)


@njit(inline="always")
def _normalise(row, bias, scale, offset, centred, out):  # type: ignore[no-untyped-def]
    """Write the normalised row (before scale and offset) and the row after them; return 1/sigma."""
    mean = np.float32(0)
    for k in range(WIDTH):
        mean += row[k] + bias[k]
    mean /= _WIDTH_F
    square = np.float32(0)
    for k in range(WIDTH):
        x = row[k] + bias[k] - mean
        centred[k] = x
        square += x * x
    inverse = _ONE / np.sqrt(square / _WIDTH_F + _EPSILON)
    for k in range(WIDTH):
        x = centred[k] * inverse
        centred[k] = x
        out[k] = x * scale[k] + offset[k]
    return inverse


@njit(inline="always")
def _gate(core, gate, norms, buffer, out):  # type: ignore[no-untyped-def]
    """Write silu(norm(core)) * sigmoid(norm(gate)) of one row."""
    _normalise(core, norms[0], norms[1], norms[2], buffer[0], buffer[1])
    _normalise(gate, norms[3], norms[4], norms[5], buffer[0], buffer[2])
    a, b = buffer[1], buffer[2]
    for k in range(WIDTH):
        out[k] = a[k] * _sigmoid(a[k]) * _sigmoid(b[k])


@njit(inline="always")
def _denormalise(slope, centred, inverse, scale, out):  # type: ignore[no-untyped-def]
    """Write the gradient by the row before normalisation, from the one after it."""
    mean, along = np.float32(0), np.float32(0)
    for k in range(WIDTH):
        x = slope[k] * scale[k]
        mean += x
        along += x * centred[k]
    mean /= _WIDTH_F
    along /= _WIDTH_F
    for k in range(WIDTH):
        out[k] = inverse * (slope[k] * scale[k] - mean - centred[k] * along)


@njit(inline="always")
def _gate_backward(  # type: ignore[no-untyped-def]
    core, gate, norms, slope, buffer, out, out_core, out_gate
):
    """Write the row's output and, from the slope by it, those by core and gate."""
    core_inverse = _normalise(core, norms[0], norms[1], norms[2], buffer[0], buffer[1])
    gate_inverse = _normalise(gate, norms[3], norms[4], norms[5], buffer[2], buffer[3])
    a, b = buffer[1], buffer[3]
    by_core, by_gate = buffer[4], buffer[5]
    for k in range(WIDTH):
        s = _sigmoid(a[k])
        t = _sigmoid(b[k])
        value = a[k] * s * t
        out[k] = value
        by_core[k] = slope[k] * t * s * (_ONE + a[k] * (_ONE - s))
        by_gate[k] = slope[k] * value * (_ONE - t)
    _denormalise(by_core, buffer[0], core_inverse, norms[1], out_core)
    _denormalise(by_gate, buffer[2], gate_inverse, norms[4], out_gate)


@njit(inline="always")
def _silu_slope(x):  # type: ignore[no-untyped-def]
    s = _sigmoid(x)
    return s * (_ONE + x * (_ONE - s))


_compile = njit(cache=True, nogil=True, fastmath=True, error_model="numpy")


@njit(cache=True, nogil=True)
def order_edges(first, second, starts, centres, neighbours, edges):  # type: ignore[no-untyped-def]
    """List every edge from both of its ends, by centre; fills the last four arrays."""
    n_atoms, n_edges = starts.shape[0] - 1, first.shape[0]
    starts[:] = 0
    for e in range(n_edges):
        starts[first[e] + 1] += 1
        starts[second[e] + 1] += 1
    for atom in range(n_atoms):
        starts[atom + 1] += starts[atom]
    free = starts[:-1].copy()
    for e in range(n_edges):
        for one, other in ((first[e], second[e]), (second[e], first[e])):
            place = free[one]
            free[one] += 1
            centres[place] = one
            neighbours[place] = other
            edges[place] = e


@_compile
def hide_edges(  # type: ignore[no-untyped-def]
    of_centre, of_neighbour, of_edge, centres, neighbours, edges, hidden, start, stop
):
    """First layer and silu of atom messages: fills hidden[:, : stop - start]."""
    for row in range(start, stop):
        a, b, c = of_centre[centres[row]], of_neighbour[neighbours[row]], of_edge[edges[row]]
        for side in range(2):
            out, shift = hidden[side, row - start], side * WIDTH
            p, q, r = a[shift : shift + WIDTH], b[shift : shift + WIDTH], c[shift : shift + WIDTH]
            for k in range(WIDTH):
                x = p[k] + q[k] + r[k]
                out[k] = x * _sigmoid(x)


@_compile
def hide_edges_backward(  # type: ignore[no-untyped-def]
    of_centre,
    of_neighbour,
    of_edge,
    centres,
    neighbours,
    edges,
    slopes,
    by_centre,
    by_neighbour,
    by_edge,
    start,
    stop,
):
    """Gradient through ``hide_edges``: adds to the last three of the arrays."""
    buffer = np.empty(WIDTH, np.float32)
    for row in range(start, stop):
        one, other, edge = centres[row], neighbours[row], edges[row]
        for side in range(2):
            shift = side * WIDTH
            p = of_centre[one, shift : shift + WIDTH]
            q = of_neighbour[other, shift : shift + WIDTH]
            r = of_edge[edge, shift : shift + WIDTH]
            slope = slopes[side, row - start]
            for k in range(WIDTH):
                buffer[k] = slope[k] * _silu_slope(p[k] + q[k] + r[k])
            p = by_centre[one, shift : shift + WIDTH]
            q = by_neighbour[other, shift : shift + WIDTH]
            r = by_edge[edge, shift : shift + WIDTH]
            for k in range(WIDTH):
                p[k] += buffer[k]
            for k in range(WIDTH):
                q[k] += buffer[k]
            for k in range(WIDTH):
                r[k] += buffer[k]


@_compile
def gate_edges(  # type: ignore[no-untyped-def]
    gated, norms, weights, centres, edges, summed, start, stop
):
    """Gate atom messages, weight them and add them to their centres."""
    buffer = np.empty((4, WIDTH), np.float32)
    for row in range(start, stop):
        out = buffer[3]
        _gate(gated[0, row], gated[1, row], norms, buffer, out)
        weight, total = weights[edges[row]], summed[centres[row]]
        for k in range(WIDTH):
            total[k] += out[k] * weight[k]


@_compile
def gate_edges_backward(  # type: ignore[no-untyped-def]
    gated, norms, weights, centres, edges, by_sum, by_weight, by_gated, start, stop
):
    """Gradient through ``gate_edges``: fills by_gated from its begin, adds to by_weight."""
    buffer = np.empty((8, WIDTH), np.float32)
    for row in range(start, stop):
        weight, slope_of_sum = weights[edges[row]], by_sum[centres[row]]
        slope, value = buffer[6], buffer[7]
        for k in range(WIDTH):
            slope[k] = weight[k] * slope_of_sum[k]
        by_core, by_gate = by_gated[0, row - start], by_gated[1, row - start]
        _gate_backward(gated[0, row], gated[1, row], norms, slope, buffer, value, by_core, by_gate)
        target = by_weight[edges[row]]
        for k in range(WIDTH):
            target[k] += value[k] * slope_of_sum[k]


@njit(inline="always")
def _join(part, here, there, out):  # type: ignore[no-untyped-def]
    """Write the first linear layer of an angle's message."""
    for k in range(2 * WIDTH):
        out[k] = part[k] + here[k] + there[k]


@njit(inline="always")
def _add(row, target):  # type: ignore[no-untyped-def]
    for k in range(row.shape[0]):
        target[k] += row[k]


@_compile
def hide_bonds(  # type: ignore[no-untyped-def]
    here,
    there,
    bonds,
    directed_start,
    centres,
    angle_start,
    parts,
    pairs,
    per_pair,
    hidden,
    start,
    stop,
):
    """First layer and silu of bond messages along the angles of directed bonds start to stop.

    ``parts`` are what the messages take from the angles themselves, (n, 2 * WIDTH): per unordered
    pair or per angle. Fills hidden from its begin.
    """
    scratch = np.empty(2 * WIDTH, np.float32)
    origin = angle_start[start]
    for one in range(start, stop):
        row, own = angle_start[one], here[one]
        for other in range(directed_start[centres[one]], directed_start[centres[one] + 1]):
            if other == one:
                continue
            _join(parts[pairs[row] if per_pair else row], own, there[bonds[other]], scratch)
            for side in range(2):
                out, x = hidden[side, row - origin], scratch[side * WIDTH : (side + 1) * WIDTH]
                for k in range(WIDTH):
                    out[k] = x[k] * _sigmoid(x[k])
            row += 1


@_compile
def hide_bonds_backward(  # type: ignore[no-untyped-def]
    here,
    there,
    bonds,
    directed_start,
    centres,
    angle_start,
    parts,
    pairs,
    per_pair,
    slopes,
    by_parts,
    by_here,
    by_there,
    start,
    stop,
):
    """Gradient through ``hide_bonds``.

    Adds to by_parts where the parts are per pair, else fills it from its begin.
    """
    scratch = np.empty(2 * WIDTH, np.float32)
    origin = angle_start[start]
    for one in range(start, stop):
        row, own = angle_start[one], here[one]
        for other in range(directed_start[centres[one]], directed_start[centres[one] + 1]):
            if other == one:
                continue
            target = scratch if per_pair else by_parts[row - origin]
            _join(parts[pairs[row] if per_pair else row], own, there[bonds[other]], target)
            for side in range(2):
                slope, x = slopes[side, row - origin], target[side * WIDTH : (side + 1) * WIDTH]
                for k in range(WIDTH):
                    x[k] = slope[k] * _silu_slope(x[k])
            _add(target, by_here[one])
            _add(target, by_there[bonds[other]])
            if per_pair:
                _add(target, by_parts[pairs[row]])
            row += 1


@_compile
def gate_bonds(  # type: ignore[no-untyped-def]
    gated, norms, weights, bonds, directed_start, centres, angle_start, summed, start, stop
):
    """Gate bond messages, weight them and add them to their first bonds."""
    buffer = np.empty((5, WIDTH), np.float32)
    for one in range(start, stop):
        row, total = angle_start[one], buffer[4]
        total[:] = 0
        for other in range(directed_start[centres[one]], directed_start[centres[one] + 1]):
            if other == one:
                continue
            out = buffer[3]
            _gate(gated[0, row], gated[1, row], norms, buffer, out)
            weight = weights[bonds[other]]
            for k in range(WIDTH):
                total[k] += out[k] * weight[k]
            row += 1
        weight, target = weights[bonds[one]], summed[bonds[one]]
        for k in range(WIDTH):
            target[k] += total[k] * weight[k]


@_compile
def gate_bonds_backward(  # type: ignore[no-untyped-def]
    gated,
    norms,
    weights,
    bonds,
    directed_start,
    centres,
    angle_start,
    by_sum,
    by_weight,
    by_gated,
    start,
    stop,
):
    """Gradient through ``gate_bonds``: fills by_gated from its begin, adds to by_weight."""
    origin = angle_start[start]
    buffer = np.empty((10, WIDTH), np.float32)
    for one in range(start, stop):
        row, total, outer = angle_start[one], buffer[8], buffer[9]
        bond = bonds[one]
        total[:] = 0
        for k in range(WIDTH):
            outer[k] = by_sum[bond, k] * weights[bond, k]
        for other in range(directed_start[centres[one]], directed_start[centres[one] + 1]):
            if other == one:
                continue
            slope, value = buffer[6], buffer[7]
            weight, target = weights[bonds[other]], by_weight[bonds[other]]
            for k in range(WIDTH):
                slope[k] = weight[k] * outer[k]
            by_core, by_gate = by_gated[0, row - origin], by_gated[1, row - origin]
            _gate_backward(
                gated[0, row], gated[1, row], norms, slope, buffer, value, by_core, by_gate
            )
            for k in range(WIDTH):
                target[k] += value[k] * outer[k]
            for k in range(WIDTH):
                total[k] += value[k] * weight[k]
            row += 1
        target = by_weight[bond]
        for k in range(WIDTH):
            target[k] += total[k] * by_sum[bond, k]


@_compile
def gate_angles(  # type: ignore[no-untyped-def]
    here,
    there,
    bonds,
    directed_start,
    centres,
    angle_start,
    parts,
    pairs,
    per_pair,
    norms,
    features_of_pair,
    features,
    start,
    stop,
):
    """Update the features of the angles of directed bonds start to stop; see ``hide_bonds``."""
    scratch, buffer = np.empty(2 * WIDTH, np.float32), np.empty((4, WIDTH), np.float32)
    for one in range(start, stop):
        row, own = angle_start[one], here[one]
        for other in range(directed_start[centres[one]], directed_start[centres[one] + 1]):
            if other == one:
                continue
            _join(parts[pairs[row] if per_pair else row], own, there[bonds[other]], scratch)
            update, new = buffer[3], features[row]
            _gate(scratch[:WIDTH], scratch[WIDTH:], norms, buffer, update)
            old = features_of_pair[pairs[row]] if per_pair else new
            for k in range(WIDTH):
                new[k] = old[k] + update[k]
            row += 1


@_compile
def gate_angles_backward(  # type: ignore[no-untyped-def]
    here,
    there,
    bonds,
    directed_start,
    centres,
    angle_start,
    parts,
    pairs,
    per_pair,
    norms,
    slopes,
    by_parts,
    by_features_of_pair,
    by_here,
    by_there,
    start,
    stop,
):
    """Gradient through ``gate_angles``; by_parts as in ``hide_bonds_backward``."""
    scratch, buffer = np.empty((2, 2 * WIDTH), np.float32), np.empty((7, WIDTH), np.float32)
    joined, origin = scratch[1], angle_start[start]
    for one in range(start, stop):
        row, own = angle_start[one], here[one]
        for other in range(directed_start[centres[one]], directed_start[centres[one] + 1]):
            if other == one:
                continue
            target, slope = scratch[0] if per_pair else by_parts[row - origin], slopes[row]
            _join(parts[pairs[row] if per_pair else row], own, there[bonds[other]], joined)
            core, gate = joined[:WIDTH], joined[WIDTH:]
            by_core, by_gate = target[:WIDTH], target[WIDTH:]
            _gate_backward(core, gate, norms, slope, buffer, buffer[6], by_core, by_gate)
            _add(target, by_here[one])
            _add(target, by_there[bonds[other]])
            if per_pair:
                _add(target, by_parts[pairs[row]])
                _add(slope, by_features_of_pair[pairs[row]])
            row += 1

"""Points in space: bundle adjustment as ADBench has it (github.com/microsoft/ADBench), and a hand that is tracked."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np

from native.baselines import compiled, pointer
from native.libraries import Library
from native.measuring import Run
from native.problem import LOOPS, WHOLE, Arrays, Function, Problem

CAMERAS, PLACES, OBSERVATIONS = 10, 100, 500
FINGERS, VERTICES = 5, 10_000
BONES = 1 + 3 * FINGERS

# Bundle adjustment. A camera: rotation vector, centre, focal length, principal point, two radial distortions.


def project(np: Any, camera: Any, point: Any) -> Any:
    """Where points are seen, the coordinates of both along the first axis."""
    rotation, centre, focal, middle, radial = camera[:3], camera[3:6], camera[6], camera[7:9], camera[9:]
    angle = np.sqrt(np.sum(rotation * rotation, axis=0))
    w, v = rotation / angle, point - centre
    across = np.stack([w[1] * v[2] - w[2] * v[1], w[2] * v[0] - w[0] * v[2], w[0] * v[1] - w[1] * v[0]])
    seen = v * np.cos(angle) + across * np.sin(angle) + w * (np.sum(w * v, axis=0) * (1.0 - np.cos(angle)))
    flat = seen[:2] / seen[2]
    square = np.sum(flat * flat, axis=0)
    return flat * (1.0 + radial[0] * square + radial[1] * square * square) * focal + middle


def observed() -> Any:
    """Which camera saw which point."""
    source = np.random.default_rng(9)
    return source.integers(0, CAMERAS, OBSERVATIONS), source.integers(0, PLACES, OBSERVATIONS)


def bundle_whole(library: Library) -> Function:
    np, (which_camera, which_point) = library.np, observed()

    def cost(cameras: Any, points: Any, weights: Any, features: Any) -> Any:
        seen = project(np, cameras[which_camera].T, points[which_point].T)
        residual, excess = weights * (seen - features.T), 1.0 - weights * weights
        return 0.5 * (np.sum(residual * residual) + np.sum(excess * excess))

    return library.grad(cost, (0, 1, 2))


def bundle_loops(library: Library) -> Function:
    from autograd import vmap

    which_camera, which_point = observed()

    def cost(cameras: Any, points: Any, weights: Any, features: Any) -> Any:
        def one(i: Any, j: Any, weight: Any, feature: Any) -> Any:
            residual = weight * (project(np, cameras[i], points[j]) - feature)
            return 0.5 * (np.sum(residual * residual) + (1.0 - weight * weight) ** 2)

        return vmap(one, reduce="sum")(which_camera, which_point, weights, features)

    return library.grad(cost, (0, 1, 2))


def bundle_data() -> Arrays:
    source = np.random.default_rng(10)
    cameras = source.standard_normal((CAMERAS, 11)) * ([0.3] * 3 + [0.5] * 3 + [20.0] + [10.0] * 2 + [0.01, 0.001])
    cameras += [0.2, -0.1, 0.3, 0.0, 0.0, -8.0, 500.0, 300.0, 200.0, 0.0, 0.0]
    points = source.standard_normal((PLACES, 3))
    i, j = observed()
    features = project(np, cameras[i].T, points[j].T).T + source.standard_normal((OBSERVATIONS, 2))
    return [cameras, points, source.uniform(0.8, 1.2, OBSERVATIONS), features]


# A hand: 3 angles and 3 coordinates of the palm, and of each finger 4 angles for its 3 bones. A vertex is moved by all
# bones with weights of its own. Matrices are 4 × 4.


def frame(finger: int) -> Any:
    """Where a finger stands on the palm."""
    matrix = np.eye(4)
    angle = 0.3 * (finger - 2)
    matrix[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    matrix[:3, 3] = [0.3 * (finger - 2), 1.0, 0.1]
    return matrix


def along(distance: float) -> Any:
    """From one bone of a finger to the next."""
    matrix = np.eye(4)
    matrix[1, 3] = distance
    return matrix


def turn(np: Any, axis: int, angle: Any) -> Any:
    """The rotation about an axis."""
    one, none = 1.0 + 0.0 * angle, 0.0 * angle
    c, s = np.cos(angle), np.sin(angle)
    rows = {
        0: [one, none, none, none, none, c, -s, none, none, s, c, none],
        1: [c, none, s, none, none, one, none, none, -s, none, c, none],
        2: [c, -s, none, none, s, c, none, none, none, none, one, none],
    }[axis]
    return np.stack([*rows, none, none, none, one]).reshape(4, 4)


def bones(np: Any, theta: Any) -> Any:
    """The transformations of all bones, 3 × 4 each."""
    one, none = 1.0 + 0.0 * theta[0], 0.0 * theta[0]
    shift = np.stack([
        one, none, none, theta[3], none, one, none, theta[4], none, none, one, theta[5], none, none, none, one,
    ]).reshape(4, 4)
    palm = shift @ turn(np, 2, theta[2]) @ turn(np, 1, theta[1]) @ turn(np, 0, theta[0])
    found = [palm]
    for finger in range(FINGERS):
        a = theta[6 + 4 * finger : 10 + 4 * finger]
        found.append(palm @ frame(finger) @ turn(np, 2, a[0]) @ turn(np, 0, a[1]))
        found.append(found[-1] @ along(0.5) @ turn(np, 0, a[2]))
        found.append(found[-1] @ along(0.3) @ turn(np, 0, a[3]))
    return np.stack(found)[:, :3]


def hand_whole(library: Library) -> Function:
    np = library.np

    def residuals(theta: Any, base: Any, weights: Any, seen: Any) -> Any:
        blended = np.einsum("bn,bij->nij", weights, bones(np, theta))
        return np.einsum("nij,jn->in", blended, base) - seen

    return library.jacobian(residuals)


def hand_loops(library: Library) -> Function:
    from autograd import vmap

    def residuals(theta: Any, base: Any, weights: Any, seen: Any) -> Any:
        matrices = bones(np, theta)

        def vertex(p: Any, w: Any, target: Any) -> Any:
            found = []
            for i in range(3):
                total: Any = 0.0
                for j in range(4):
                    entry: Any = 0.0
                    for b in range(BONES):
                        entry = entry + w[b] * matrices[b, i, j]
                    total = total + entry * p[j]
                found.append(total - target[i])
            return np.stack(found)

        return vmap(vertex, in_axes=1, out_axes=1)(base, weights, seen)

    return library.jacobian(residuals)


def hand_data() -> Arrays:
    source = np.random.default_rng(11)
    base = np.concatenate([source.standard_normal((3, VERTICES)), np.ones((1, VERTICES))])
    weights = source.uniform(0.0, 1.0, (BONES, VERTICES)) ** 4
    theta = 0.3 * source.standard_normal(6 + 4 * FINGERS)
    return [theta, base, weights / weights.sum(axis=0), source.standard_normal((3, VERTICES))]


def hand_in_c(arguments: Arrays) -> Run:
    run_c = compiled("whole_arrays", "hand_jacobian")
    theta, base, weights, _ = arguments
    frames = np.stack([frame(finger) for finger in range(FINGERS)])
    jacobian = np.empty((3, VERTICES, len(theta)))

    def run() -> Any:
        run_c(ctypes.c_long(VERTICES), *map(pointer, (theta, frames, base, weights, jacobian)))
        return jacobian

    return run


PROBLEMS = {
    "bundle": Problem(
        "bundle adjustment, 500 observations, gradient", bundle_data, {WHOLE: bundle_whole, LOOPS: bundle_loops},
        beside_jax=1.0,
    ),
    "hand": Problem(
        "a hand, 26 parameters, 10^4 points, Jacobian", hand_data, {WHOLE: hand_whole, LOOPS: hand_loops},
        c=hand_in_c, beside_c=0.7,
    ),
}  # fmt: skip

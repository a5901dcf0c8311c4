"""Answers questions until it is killed: prints what is open first, and after each call that returned."""

import json
import os
import sys

import numpy as np

from nbalabel.learn.propagate.propagation import Propagation


def main() -> None:
    rng = np.random.default_rng(0)
    right = np.arange(200) < 120
    features = rng.normal(size=(200, 3)).astype(np.float32) + np.where(right, 4, 0)[:, None]
    p = Propagation(
        features, np.where(right, 0.8, 0.4), strategy="verify-all", n_samples=3, journal=sys.argv[1]
    )

    def say() -> None:
        q = p.ask()
        told = p.progress().n_questions
        line = {"id": p.id, "told": told, "next": None if q is None else q.rows.tolist()}
        os.write(1, (json.dumps(line) + "\n").encode())

    say()
    while (q := p.ask()) is not None:
        p.tell(q, right[q.rows])
        say()


if __name__ == "__main__":
    main()

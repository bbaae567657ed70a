"""Makes 400,000 rows with five fixed effects in 235,000 clusters, and times pyfixest on them, for examples/speed.rs.

    python speed.py FOLDER

Each column is a file of numbers as they are in memory: y and x as 64-bit floats, f0 to f4 and person as 32-bit
integers. peer.txt has the median of the warm times in seconds, the estimate and its standard error.
"""

import pathlib
import sys
import time

import numpy as np
import pandas as pd
import pyfixest as pf

ROWS, PEOPLE, TIMES = 400_000, 235_000, 7
LEVELS = [9, 4, 7, 24, 6]

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(20261121)
# Most people come once, some often.
person = np.concatenate([np.arange(PEOPLE), (PEOPLE * random.random(ROWS - PEOPLE) ** 2).astype(np.int64)])
random.shuffle(person)
frame = pd.DataFrame({"person": person.astype(np.uint32)})
own = random.normal(0, 0.3, PEOPLE)[person]
total = own.copy()
for effect, levels in enumerate(LEVELS):
    shares = random.dirichlet(np.full(levels, 2.0))
    codes = random.choice(levels, ROWS, p=shares)
    frame[f"f{effect}"] = codes.astype(np.uint32)
    total += random.normal(0, 0.2, levels)[codes]
frame["x"] = np.clip(np.round(3 + own + 0.3 * total + random.normal(0, 1, ROWS)), 1, 5)
frame["y"] = total + 0.13 * frame["x"] + random.normal(0, 0.6, ROWS)
for column in frame:
    kind = np.float64 if column in "xy" else np.uint32
    frame[column].to_numpy(kind).tofile(folder / column)

took = []
for _ in range(TIMES):
    start = time.perf_counter()
    fit = pf.feols("y ~ x | f0 + f1 + f2 + f3 + f4", frame, vcov={"CRV1": "person"})
    took.append(time.perf_counter() - start)
# The first one compiles.
median = float(np.median(took[1:]))
(folder / "peer.txt").write_text(f"{median!r} {float(fit.coef()['x'])!r} {float(fit.se()['x'])!r}\n")

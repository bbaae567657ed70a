"""Makes random designs and writes them with the numbers of pyfixest and statsmodels, for examples/parity_linear.rs.

    python linear.py FOLDER [--designs 100] [--seed 20260616]

Each design is two files: NNN.design.csv has the columns y, w (if weighted), x0…, f0… (fixed effects), g0… (clusters);
NNN.peer.csv has a line for each peer, covariance and coefficient. Without fixed effects statsmodels is asked for all
covariances by one variable or none, with fixed effects for HC3 through dummies, which pyfixest refuses.

p values are computed from the peer's t and degrees of freedom as 2 · sf(|t|), for pyfixest takes one minus the lower
tail, which is 0 where p is small. Cluster variables never have the name of a fixed effect: pyfixest 0.60 looks the
name up in the order of the formula, but the number of levels in that of its columns, which is another one, and then
counts the wrong effect as nested. HC3 of statsmodels is multiplied by n / (n − k), pyfixest's factor.
"""

import argparse
import csv
import pathlib
import warnings

import numpy as np
import pandas as pd
import pyfixest as pf
import statsmodels.api as sm
from pyfixest.demeaners import MapDemeaner
from scipy import stats

warnings.filterwarnings("ignore")

TIGHT = MapDemeaner(fixef_tol=1e-13, fixef_maxiter=1_000_000)
HEADER = ["peer", "covariance", "name", "estimate", "std_error", "t", "p", "conf_low", "conf_high"]
HEADER += ["rows", "degrees_of_freedom", "r_squared", "r_squared_within", "root_mean_squared_error"]


def make(random, number):
    """One design: unbalanced and crossed effects, some nested in clusters, few clusters or many."""
    # One in ten has two large effects, so that conjugate gradients are needed.
    large = number % 10 == 9
    rows = int(random.integers(5_000, 8_000)) if large else int(random.integers(40, 800))
    frame = pd.DataFrame(index=range(rows))
    effects = 2 if large else int(random.choice([0, 0, 1, 1, 2, 3, 4]))
    total = np.zeros(rows)
    for effect in range(effects):
        levels = int(random.integers(1_100, 1_500)) if large else int(random.integers(2, 12))
        if effect == 0 and not large and random.random() < 0.4:
            levels = rows // 3
        shares = random.dirichlet(np.full(levels, 20.0 if large else 1.5))
        codes = random.choice(levels, rows, p=shares)
        frame[f"f{effect}"] = codes * int(random.choice([1, 7, 3_000_000 if levels < 1_000 else 9])) + 5
        total += random.normal(0, 1, levels)[codes]
    regressors = int(random.integers(1, 5))
    for regressor in range(regressors):
        kind = random.integers(3)
        if kind == 0:
            values = random.normal(random.normal(0, 10), 2, rows) + total
        elif kind == 1:
            values = (random.random(rows) < 0.3).astype(float)
        else:
            values = np.exp(random.normal(0, 1, rows))
        frame[f"x{regressor}"] = values
        total = total + values * random.choice([0.0, 0.01, 0.3, 2.0])
    if random.random() < 0.3:
        # Spanned by the regressors, or by a fixed effect.
        spanned = frame["f0"] % 3.0 if effects and random.random() < 0.5 else 1.5 * frame["x0"] - 3.0
        frame[f"x{regressors}"] = spanned
    frame["y"] = total + random.normal(0, 1, rows) * np.exp(0.3 * random.normal(0, 1, rows))
    if random.random() < 0.4:
        frame["w"] = random.gamma(2.0, 1.0, rows) + 0.05
    for cluster in range(2):
        levels = int(random.choice([3, 8, 40]))
        codes = random.choice(levels, rows)
        if effects and cluster == 0 and random.random() < 0.5:
            # The first effect is nested in this one.
            codes = pd.factorize(frame["f0"])[0] % levels
        if effects and cluster == 0 and random.random() < 0.3:
            codes = frame["f0"].to_numpy()
        frame[f"g{cluster}"] = codes
        frame["y"] += random.normal(0, 0.5, levels)[codes % levels]
    if random.random() < 0.3:
        # Missing values: pyfixest leaves their rows out by itself, the other side when it reads them.
        for column in ["y", "x0"]:
            frame.loc[random.random(rows) < 0.04, column] = np.nan
    return frame


def lines(peer, covariance, names, estimates, errors, freedom, fit_numbers):
    t = estimates / errors
    p = 2 * stats.t.sf(np.abs(t), freedom)
    reach = stats.t.isf(0.025, freedom) * errors
    for index, name in enumerate(names):
        numbers = [estimates[index], errors[index], t[index], p[index]]
        numbers += [estimates[index] - reach[index], estimates[index] + reach[index], *fit_numbers]
        yield [peer, covariance, name, *(repr(float(number)) for number in numbers)]


def ask_pyfixest(frame, regressors, effects, weighted):
    formula = f"y ~ {' + '.join(regressors)}" + (f" | {' + '.join(effects)}" if effects else "")
    weights = {"weights": "w", "weights_type": "aweights"} if weighted else {}
    fit = pf.feols(formula, frame, vcov="iid", demeaner=TIGHT, **weights)
    covariances = {"iid": "iid", "HC1": "HC1", "CRV1:g0": {"CRV1": "g0"}, "CRV1:g0+g1": {"CRV1": "g0 + g1"}}
    if not effects:
        covariances["HC3"] = "HC3"
    for covariance, vcov in covariances.items():
        fit.vcov(vcov)
        numbers = [fit._N, fit._df_t, fit._r2, fit._r2_within if effects else np.nan, fit._rmse]
        names, errors = fit.coef().index, fit.se().to_numpy()
        yield from lines("pyfixest", covariance, names, fit.coef().to_numpy(), errors, fit._df_t, numbers)
    return fit


def ask_statsmodels(frame, names, effects, weighted, parameters):
    """With the rows and the regressors that pyfixest keeps."""
    names = [name for name in names if name != "Intercept"]
    columns = [frame[name].to_numpy() for name in names]
    columns = [np.ones(len(frame)), *columns]
    for effect in effects:
        columns += list(pd.get_dummies(frame[effect], drop_first=True, dtype=float).to_numpy().T)
    design = np.column_stack(columns)
    model = sm.WLS(frame["y"], design, weights=frame["w"]) if weighted else sm.OLS(frame["y"], design)
    fit = model.fit()
    rows, shown = len(frame), slice(1, 1 + len(names)) if effects else slice(0, 1 + len(names))
    if not effects:
        names = ["Intercept", *names]
    clusters = {"cov_type": "cluster", "cov_kwds": {"groups": frame["g0"]}}
    asked = {"HC3": {"cov_type": "HC3"}}
    if not effects:
        asked |= {"iid": {"cov_type": "nonrobust"}, "HC1": {"cov_type": "HC1"}, "CRV1:g0": clusters}
    for covariance, arguments in asked.items():
        errors = np.asarray(fit.get_robustcov_results(**arguments["cov_kwds"], cov_type="cluster").bse) \
            if covariance.startswith("CRV1") else np.asarray(model.fit(**arguments).bse)
        freedom = rows - parameters
        if covariance == "HC3":
            errors = errors * np.sqrt(rows / freedom)
        if covariance.startswith("CRV1"):
            freedom = frame["g0"].nunique() - 1
        numbers = [rows, freedom, fit.rsquared, np.nan, np.nan]
        estimates = np.asarray(fit.params)[shown]
        yield from lines("statsmodels", covariance, names, estimates, errors[shown], freedom, numbers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--designs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20260616)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for number in range(arguments.designs):
        frame = make(np.random.default_rng([arguments.seed, number]), number)
        regressors = sorted(name for name in frame if name.startswith("x"))
        effects = sorted(name for name in frame if name.startswith("f"))
        weighted = "w" in frame
        frame.to_csv(arguments.folder / f"{number:03}.design.csv", index=False, float_format="%.17g")
        peers = list(ask_pyfixest(frame.copy(), regressors, effects, weighted))
        fit = pf.feols(
            f"y ~ {' + '.join(regressors)}" + (f" | {' + '.join(effects)}" if effects else ""),
            frame.copy(), vcov="iid", store_data=True, **({"weights": "w"} if weighted else {}),
        )
        if len(frame) < 1_000:
            kept = frame.loc[sorted(set(frame.index) - set(fit._na_index))]
            peers += ask_statsmodels(kept, list(fit._coefnames), effects, weighted, fit._df_k)
        with open(arguments.folder / f"{number:03}.peer.csv", "w", newline="") as file:
            csv.writer(file).writerows([HEADER, *peers])
    print(f"{arguments.designs} designs in {arguments.folder}")


if __name__ == "__main__":
    main()

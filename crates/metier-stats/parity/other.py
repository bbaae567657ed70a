"""Seeded random cases and what Python's packages make of them, for `examples/parity_other.rs`.

    python other.py FOLDER

Needs numpy, scipy, mpmath, statsmodels 0.15, ppi-python 0.2.3 and PySensemakr 0.0.8. Each file in the folder is a
case: its kind in the first line, then columns of numbers, one a line, after their names. Columns whose names begin
with "=" are the peer's results.
"""

import sys
import warnings
from pathlib import Path

import mpmath
import numpy as np
import sensemakr
import statsmodels.api as sm
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate, ppi_ols_ci
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import power_proportions_2indep

warnings.simplefilter("ignore")
mpmath.mp.dps = 40
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(20260616)
written = 0


def case(kind, columns, results):
    global written
    lines = [kind]
    for name, values in [*columns.items(), *(("=" + k, v) for k, v in results.items())]:
        lines.append(" ".join([name, *(repr(float(value)) for value in np.atleast_1d(values))]))
    (folder / f"{written:04}.txt").write_text("\n".join(lines) + "\n")
    written += 1


def student_tail(t, df):
    """mpmath's incomplete beta; scipy's where that is slow."""
    if df > 5000:
        return 2 * stats.t.sf(t, df)
    a, x = mpmath.mpf(df) / 2, mpmath.mpf(df) / (df + mpmath.mpf(t) ** 2)
    return mpmath.betainc(a, 0.5, 0, x, regularized=True)


def distributions():
    for df in [0.5, 1, 2, 3.7, 10, 29, 100, 783, 12345, 1e6, 1e9]:
        ts = [t for t in [1e-6, 0.1, 0.7, 1, 2, 5, 12, 40, 300] if student_tail(t, df) > 1e-290]
        case("student_two_sided", {"x": ts, "df": df}, {"p": [student_tail(t, df) for t in ts]})
        # scipy's own quantile is off by 1e-8 in places, such as p = 1e-300; mpmath's root is not.
        ps = [1e-30, 1e-12, 1e-5, 0.025, 0.3, 0.7, 0.975, 0.999]
        if df <= 1000:
            roots = []
            for p in ps:
                q = mpmath.mpf(min(p, 1 - p))
                start = mpmath.log(abs(float(stats.t.ppf(p, df))))
                root = mpmath.findroot(lambda u: mpmath.log(student_tail(mpmath.exp(u), df) / 2 / q), start)
                roots.append(float(mpmath.exp(root)) * (-1 if p < 0.5 else 1))
        else:
            roots = stats.t.ppf(ps, df)
        case("student_quantile", {"x": ps, "df": df}, {"t": roots})
    for d1, d2 in [(1, 5), (3, 10), (7, 300), (50, 3), (200, 480)]:
        fs = [0.01, 0.5, 1, 1.5, 4, 30]
        tail = [mpmath.betainc(d2 / 2, d1 / 2, 0, mpmath.mpf(d2) / (d2 + d1 * mpmath.mpf(f)), regularized=True) for f in fs]
        keep = [i for i, p in enumerate(tail) if p > 1e-290]
        case("f_upper", {"x": [fs[i] for i in keep], "d": [d1, d2]}, {"p": [tail[i] for i in keep]})
    for df in [0.5, 1, 2, 7, 40, 400]:
        xs = [df * k for k in [0.01, 0.5, 1, 1.2, 3, 8]]
        tail = [mpmath.gammainc(mpmath.mpf(df) / 2, mpmath.mpf(x) / 2, mpmath.inf, regularized=True) for x in xs]
        keep = [i for i, p in enumerate(tail) if p > 1e-290]
        case("chi_squared_upper", {"x": [xs[i] for i in keep], "df": df}, {"p": [tail[i] for i in keep]})
    zs = [-3, 0, 1e-5, 0.5, 1, 2, 6, 10, 20, 37]
    case("normal_upper", {"x": zs}, {"p": [mpmath.erfc(mpmath.mpf(z) / mpmath.sqrt(2)) / 2 for z in zs]})
    ps = [1e-300, 1e-30, 1e-5, 0.025, 0.3, 0.500001, 0.7, 0.975, 0.999]
    case("normal_quantile", {"x": ps}, {"z": stats.norm.ppf(ps)})


def robust(y, x, clusters, weights=None):
    """Least squares with standard errors that are clustered, or HC1; the t quantile."""
    weights = np.ones(len(y)) if weights is None else weights
    model = sm.WLS(y, x, weights=weights)
    if clusters is None:
        fit = model.fit(cov_type="HC1", use_t=True)
        return fit, stats.t.ppf(0.975, len(y) - x.shape[1])
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    return fit, stats.t.ppf(0.975, len(np.unique(clusters)) - 1)


def estimate(value, error, critical):
    return {"estimate": value, "std_error": error, "low": value - critical * error, "high": value + critical * error}


def means():
    for n, g, weighted in [(30, None, False), (40, 12, False), (200, 25, True), (3000, 60, True), (500, None, True)]:
        clusters = None if g is None else rng.integers(0, g, n)
        level = np.zeros(n) if g is None else rng.normal(size=g)[clusters]
        y = np.exp(level + rng.normal(size=n))
        w = rng.uniform(0.2, 3, n) if weighted else None
        columns = {"y": y} | ({} if w is None else {"w": w}) | ({} if g is None else {"c": clusters})
        one = np.ones((n, 1))
        fit, t = robust(y, one, clusters, w)
        case("mean", columns, estimate(fit.params[0], fit.bse[0], t))
        fit, t = robust(np.log(y), one, clusters, w)
        m, s = fit.params[0], fit.bse[0]
        case("geometric_mean", columns, {"estimate": np.exp(m), "std_error": np.exp(m) * s, "low": np.exp(m - t * s), "high": np.exp(m + t * s)})
        binary = (y > 1).astype(float)
        fit, t = robust(binary, one, clusters, w)
        case("share", columns | {"y": binary}, estimate(fit.params[0], fit.bse[0], t))
        bottom = np.exp(level + rng.normal(size=n)) + 0.1
        # A ratio of sums is least squares through the origin, with weights 1 / bottom.
        fit, t = robust(y, bottom[:, None], clusters, (1 if w is None else w) / bottom)
        case("ratio", columns | {"b": bottom}, estimate(fit.params[0], fit.bse[0], t))
        second = rng.random(n) < 0.4
        design = sm.add_constant((~second).astype(float))
        fit, t = robust(y, design, clusters, w)
        split = columns | {"s": second}
        case("difference", split, estimate(fit.params[1], fit.bse[1], t))
        first_mean, second_mean = fit.params.sum(), fit.params[0]
        gradient = np.array([1 / first_mean - 1 / second_mean, 1 / first_mean])
        log, s = np.log(first_mean / second_mean), np.sqrt(gradient @ fit.cov_params() @ gradient)
        case("ratio_of_means", split, {"estimate": np.exp(log), "std_error": np.exp(log) * s, "low": np.exp(log - t * s), "high": np.exp(log + t * s)})
        if w is None:
            for p in [0.25, 0.5, 0.9]:
                q = np.quantile(y, p)
                fit, t = robust((y <= q).astype(float), one, clusters)
                reach = t * fit.bse[0]
                if p + reach < 1:
                    low, high = np.quantile(y, [p - reach, p + reach])
                    case("quantile", columns | {"p": p}, {"estimate": q, "std_error": (high - low) / (2 * t), "low": low, "high": high})


def coefficients(fit):
    interval = np.asarray(fit.conf_int())
    return {"estimate": fit.params, "std_error": fit.bse, "p": fit.pvalues, "low": interval[:, 0], "high": interval[:, 1]}


def logits():
    for n, k, g, weighted in [(67, 1, 10, False), (400, 3, 20, False), (3000, 6, 80, True), (500, 2, 25, True)]:
        x = rng.normal(size=(n, k))
        x[:, -1] = rng.random(n) < 0.4
        if k > 2:
            x[:, 1] = 200 + 5 * x[:, 1]
        score = 0.3 * (x - x.mean(0)).sum(1) / (1 + x.std(0).max())
        y = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(float)
        clusters = rng.integers(0, g, n)
        w = rng.integers(1, 4, n).astype(float) if weighted else None
        design = sm.add_constant(x)
        columns = {"y": y, "c": clusters, "k": k} | {f"x{i}": x[:, i] for i in range(k)}
        columns |= {} if w is None else {"w": w}
        model = sm.GLM(y, design, family=sm.families.Binomial(), var_weights=w)
        options = {"tol": 1e-14, "maxiter": 200, "tol_criterion": "params"}
        for kind, given in [("nonrobust", {}), ("HC0", {}), ("cluster", {"groups": clusters})]:
            fit = model.fit(cov_type=kind, cov_kwds=given, **options) if given else model.fit(cov_type=kind, **options)
            case(f"logit_{kind}", columns, coefficients(fit) | {"log_likelihood": fit.llf})
        # statsmodels does the same for HC0 and HC1 here; the factor is the usual one.
        fit = model.fit(cov_type="HC0", **options)
        case("logit_HC1", columns, {"std_error": fit.bse * np.sqrt(n / (n - k - 1))})
        if w is None:
            for kind, given in [("nonrobust", None), ("cluster", {"groups": clusters})]:
                fit = sm.Logit(y, design).fit(disp=0, method="newton", tol=1e-14, cov_type=kind, cov_kwds=given)
                effects = fit.get_margeff(at="overall", dummy=True)
                case(f"margins_{kind}", columns, {"effect": effects.margeff, "effect_error": effects.margeff_se})


def prediction_powered():
    for n, many, noise in [(40, 300, 0.3), (200, 2000, 1.0), (100, 150, 5.0), (300, 5000, 0.1)]:
        x = rng.normal(size=(n + many, 2))
        y = 1 + x @ [0.5, -1] + rng.normal(size=n + many)
        guess = 0.7 * y + 0.2 + noise * rng.normal(size=n + many) + 0.3 * x[:, 0]
        a, b = slice(0, n), slice(n, None)
        columns = {"y": y[a], "f": guess[a], "u": guess[b]}
        critical = stats.norm.ppf(0.975)
        for lam in [0, 0.5, 1, None]:
            tuning = {} if lam is None else {"l": lam}
            low, high = ppi_mean_ci(y[a], guess[a], guess[b], alpha=0.05, lam=lam)
            case("ppi_mean", columns | tuning, {"estimate": ppi_mean_pointestimate(y[a], guess[a], guess[b], lam=lam), "low": low, "high": high})
            for coord in [None, 1] if lam is None else [None]:
                design = sm.add_constant(x)
                low, high = ppi_ols_ci(design[a], y[a], guess[a], design[b], guess[b], alpha=0.05, lam=lam, coord=coord)
                given = {"x0": x[a, 0], "x1": x[a, 1], "z0": x[b, 0], "z1": x[b, 1]} | ({} if coord is None else {"j": coord})
                case("ppi_ols", columns | tuning | given, {"estimate": (low + high) / 2, "std_error": (high - low) / 2 / critical, "low": low, "high": high})


def sensitivity():
    for t, df in [(4.18, 783), (-2.4, 60), (1.2, 40), (25.0, 30)]:
        error = rng.uniform(0.1, 2)
        value = t * error
        for q in [0.5, 1]:
            # sensemakr refuses its own default, alpha = 1, for which the critical value is 0.
            results = {"partial": sensemakr.partial_r2(t_statistic=t, dof=df), "rv": sensemakr.robustness_value(t_statistic=t, dof=df, q=q, alpha=1 - 1e-15)}
            results["rva"] = sensemakr.robustness_value(t_statistic=t, dof=df, q=q, alpha=0.05)
            case("sensitivity", {"e": value, "s": error, "df": df, "q": q}, results)
        for dz, yz in [(0.05, 0.1), (0.3, 0.6)]:
            given = dict(estimate=value, se=error, dof=df, r2dz_x=dz, r2yz_dx=yz)
            case("adjusted", {"e": value, "s": error, "df": df, "d": dz, "y": yz}, {"estimate": sensemakr.adjusted_estimate(**given), "std_error": sensemakr.adjusted_se(se=error, dof=df, r2dz_x=dz, r2yz_dx=yz), "t": sensemakr.adjusted_t(**given)})
    for k in [1, 2, 3]:
        from sensemakr.sensitivity_bounds import ovb_partial_r2_bound

        bound = ovb_partial_r2_bound(benchmark_covariates=["female"], r2dxj_x=[0.00908], r2yxj_dx=[0.109], kd=k, ky=k)
        case("benchmark", {"k": k}, {"d": bound["r2dz_x"], "y": bound["r2yz_dx"]})


def powers():
    solver = TTestIndPower()
    for effect, first, ratio, alpha in [(0.5, 64, 1, 0.05), (0.2, 300, 2.5, 0.01), (1.5, 8, 0.5, 0.05), (0.05, 20000, 1, 0.001), (3, 3, 1, 0.05), (0.4, 40.5, 1.3, 0.1)]:
        power = solver.power(effect, first, alpha, ratio=ratio)
        columns = {"e": effect, "n": first, "r": ratio, "a": alpha}
        case("power", columns, {"power": power})
        if 0.1 < power < 0.9999:
            case("power_solved", columns | {"p": power}, {"n": first, "e": effect})
    for one, other, first, ratio, alpha in [(0.6, 0.5, 388, 1, 0.05), (0.1, 0.3, 50, 2, 0.01), (0.95, 0.9, 900, 0.7, 0.05)]:
        columns = {"s": [one, other], "n": first, "r": ratio, "a": alpha}
        case("power_shares", columns, {"power": power_proportions_2indep(one - other, other, first, ratio=ratio, alpha=alpha, return_results=False)})


def holm():
    for count in [1, 2, 7, 40]:
        p = rng.random(count) ** 3
        p[count // 2] = p[0]
        case("holm", {"p": p}, {"p": multipletests(p, method="holm")[1]})


for part in [distributions, means, logits, prediction_powered, sensitivity, powers, holm]:
    part()
print(f"{written} cases in {folder}")

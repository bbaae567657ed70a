//! Tail probabilities and quantiles of the normal, Student's t, F and χ² distributions, right in relative terms
//! however far out in the tail. Tests and intervals are elsewhere.
//!
//! Like `f64::ln`, these functions give NaN outside their domain; each names its own. `statrs` has the same
//! functions, but its normal tail is right to ten digits, and it takes the upper tails of t and F as one minus the
//! lower ones, so that p = 1e-30 comes out as 0.

use std::f64::consts::{PI, SQRT_2};

use statrs::function::erf::erfc_inv;

/// Continued fractions stop when a step changes them by less than this share.
const ENOUGH: f64 = 1e-16;
/// Stands for 0 in a denominator (Thompson and Barnett, 1986).
const TINY: f64 = 1e-300;
/// Continued fractions need about √a steps, and series for Γ about 10 √a; this is enough for a = 10¹⁰.
const MOST_STEPS: usize = 2_000_000;
/// Below this, Stirling's series is not used as it is, but after steps of the recurrence.
const STIRLING_FROM: f64 = 16.0;

/// P(Z > z) for a standard normal Z. NaN if `z` is.
///
/// ```
/// # use metier_stats::distribution::normal_upper;
/// assert!((normal_upper(1.959_963_984_540_054) - 0.025).abs() < 1e-15);
/// ```
pub fn normal_upper(z: f64) -> f64 {
    let tail = normal_two_sided(z) / 2.0;
    if z < 0.0 { 1.0 - tail } else { tail }
}

/// P(|Z| > |z|) for a standard normal Z: the two-sided p value. NaN if `z` is.
///
/// It is P(X > z²) for a χ²-distributed X with one degree of freedom.
///
/// ```
/// # use metier_stats::distribution::normal_two_sided;
/// assert!((normal_two_sided(-10.0) / 1.523_970_604_832_105e-23 - 1.0).abs() < 1e-12);
/// ```
pub fn normal_two_sided(z: f64) -> f64 {
    if z.is_nan() { f64::NAN } else { gamma_upper(0.5, z * z / 2.0) }
}

/// The z for which P(Z ≤ z) is `p`, for a standard normal Z. NaN unless 0 < `p` < 1.
///
/// ```
/// # use metier_stats::distribution::normal_quantile;
/// assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-15);
/// assert!(normal_quantile(1.0).is_nan());
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    // Newton's steps on ln P(Z > z), from an approximation that is right to ten digits.
    let mut z = SQRT_2 * erfc_inv(2.0 * p);
    for _ in 0..2 {
        let upper = normal_upper(z);
        let density = (-z * z / 2.0).exp() / (2.0 * PI).sqrt();
        z += (upper / p).ln() * upper / density;
    }
    -z
}

/// P(|T| > |t|) for Student's T with `df` degrees of freedom, not always whole: the two-sided p value. NaN unless
/// `df` > 0, and if `t` is. With endless `df` it is the normal one.
///
/// Source: Iₓ(df/2, 1/2) with x = df / (df + t²) (Abramowitz and Stegun, 1964, 26.5.27).
///
/// ```
/// # use metier_stats::distribution::student_two_sided;
/// // With one degree of freedom P(|T| > 1) is a half.
/// assert!((student_two_sided(-1.0, 1.0) - 0.5).abs() < 1e-15);
/// ```
pub fn student_two_sided(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df.is_infinite() {
        return normal_two_sided(t);
    }
    let (x, y) = shares(t, df);
    beta(df / 2.0, 0.5, x, y)
}

/// df / (df + t²) and t² / (df + t²), where t² itself may overflow.
fn shares(t: f64, df: f64) -> (f64, f64) {
    let root = t.abs() / df.sqrt();
    if root < 1.0 {
        let ratio = root * root;
        (1.0 / (1.0 + ratio), ratio / (1.0 + ratio))
    } else {
        let ratio = (1.0 / root) * (1.0 / root);
        (ratio / (1.0 + ratio), 1.0 / (1.0 + ratio))
    }
}

/// The t for which P(T ≤ t) is `p`, for Student's T with `df` degrees of freedom. NaN unless 0 < `p` < 1 and
/// `df` > 0, and where t would be beyond 1e150. With endless `df` it is the normal one.
///
/// ```
/// # use metier_stats::distribution::student_quantile;
/// assert!((student_quantile(0.975, 10.0) - 2.228_138_851_986_274).abs() < 1e-13);
/// assert_eq!(student_quantile(0.5, 3.0), 0.0);
/// ```
pub fn student_quantile(p: f64, df: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df.is_infinite() {
        return normal_quantile(p);
    }
    if p == 0.5 {
        return 0.0;
    }
    let tail = p.min(1.0 - p);
    // ln P(T > t) falls in ln t, and is concave in it: from the right, Newton's steps come down to the root and
    // never pass it.
    let upper = |t: f64| student_two_sided(t, df) / 2.0;
    let (mut t, mut factor) = (1.0_f64, 4.0_f64);
    while upper(t) > tail {
        while upper(t * factor) == 0.0 {
            // Too far: no number is as small.
            factor = factor.sqrt();
            if factor - 1.0 < 1e-6 {
                return f64::NAN;
            }
        }
        t *= factor;
    }
    for _ in 0..200 {
        let (x, y) = shares(t, df);
        let here = upper(t);
        // The density times t is x^(df/2) y^(1/2) / B(df/2, 1/2).
        let step = (here / tail).ln() * here / beta_front(df / 2.0, 0.5, x, y);
        t *= step.exp();
        // Steps go to the left; the first that does not is rounding.
        if step > -1e-16 {
            break;
        }
    }
    if tail > 0.25 {
        // Near the middle P(0 < T ≤ t) has more digits than the tail.
        let (x, y) = shares(t, df);
        let inner = beta(0.5, df / 2.0, y, x) / 2.0;
        t *= 1.0 + (0.5 - tail - inner) / beta_front(df / 2.0, 0.5, x, y);
    }
    if p < 0.5 { -t } else { t }
}

/// P(X > f) for an F-distributed X with `d1` and `d2` degrees of freedom. NaN unless both are above 0 and `f` ≥ 0.
/// With endless `d2` it is that of χ² over `d1`.
///
/// Source: Iₓ(d2/2, d1/2) with x = d2 / (d2 + d1 f) (Abramowitz and Stegun, 1964, 26.6.2).
///
/// ```
/// # use metier_stats::distribution::{f_upper, student_two_sided};
/// // F with one degree of freedom is t².
/// assert!((f_upper(9.0, 1.0, 7.0) / student_two_sided(3.0, 7.0) - 1.0).abs() < 1e-14);
/// ```
pub fn f_upper(f: f64, d1: f64, d2: f64) -> f64 {
    if !(f >= 0.0 && d1 > 0.0 && d2 > 0.0) || d1.is_infinite() {
        return f64::NAN;
    }
    if d2.is_infinite() {
        return chi_squared_upper(d1 * f, d1);
    }
    if f.is_infinite() {
        return 0.0;
    }
    let (x, y) = (d2 / (d2 + d1 * f), d1 * f / (d2 + d1 * f));
    beta(d2 / 2.0, d1 / 2.0, x, y)
}

/// P(X > x) for a χ²-distributed X with `df` degrees of freedom. NaN unless `df` > 0 and `x` ≥ 0.
///
/// Source: Q(df/2, x/2) (Abramowitz and Stegun, 1964, 26.4.19).
///
/// ```
/// # use metier_stats::distribution::chi_squared_upper;
/// // With two degrees of freedom it is e^(−x/2).
/// assert!((chi_squared_upper(120.0, 2.0) / (-60.0_f64).exp() - 1.0).abs() < 1e-13);
/// ```
pub fn chi_squared_upper(x: f64, df: f64) -> f64 {
    if !(x >= 0.0 && df > 0.0) || df.is_infinite() {
        return f64::NAN;
    }
    gamma_upper(df / 2.0, x / 2.0)
}

/// xᵃ e⁻ˣ / Γ(a), for a, x > 0.
pub(crate) fn gamma_front(a: f64, x: f64) -> f64 {
    // Loader (2000): the Poisson probability at a, times a.
    (-stirling_error(a) - deviance(a, x, x - a)).exp() * (a / (2.0 * PI)).sqrt()
}

/// The regularised incomplete gamma function Q(a, x): the series for P = 1 − Q where x < a + 1 (Abramowitz and
/// Stegun, 1964, 6.5.29), Legendre's continued fraction beyond (6.5.31).
fn gamma_upper(a: f64, x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let front = gamma_front(a, x);
    if x < a + 1.0 {
        let mut term = 1.0 / a;
        let mut sum = term;
        for step in 1..MOST_STEPS {
            term *= x / (a + step as f64);
            sum += term;
            if term < sum * ENOUGH {
                break;
            }
        }
        return 1.0 - front * sum;
    }
    // Too far out for a double; the fraction may never come to rest there.
    if front == 0.0 {
        return 0.0;
    }
    let start = x + 1.0 - a;
    front
        * lentz(start, |step| {
            let i = step as f64;
            (-i * (i - a), start + 2.0 * i)
        })
}

/// The regularised incomplete beta function Iₓ(a, b), with `y` = 1 − `x` given apart so that no digit of it is lost:
/// the continued fraction of DiDonato and Morris (1992), which unlike the older ones takes no difference of
/// near numbers where a is large.
fn beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    // Beyond the mean the fraction is slow, and the other tail is the smaller one.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_fraction(b, a, y, x);
    }
    beta_fraction(a, b, x, y)
}

fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let lambda = excess(a, b, x, y);
    let fraction = lentz(a * (lambda + 1.0) / (a + 1.0), |step| {
        let m = step as f64;
        let odd = a + 2.0 * m - 1.0;
        let numerator = (a + m - 1.0) / odd * ((a + b + m - 1.0) / odd) * m * (b - m) * x * x;
        let denominator =
            m + m * (b - m) * x / odd + (a + m) * (lambda + 1.0 + m * (1.0 + y)) / (a + 2.0 * m + 1.0);
        (numerator, denominator)
    });
    beta_front(a, b, x, y) * fraction
}

/// xᵃ yᵇ / B(a, b), for y = 1 − x.
fn beta_front(a: f64, b: f64, x: f64, y: f64) -> f64 {
    // Loader (2000): the binomial probability of a among a + b, times ab / (a + b).
    let n = a + b;
    let lambda = excess(a, b, x, y);
    let exponent = stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * x, -lambda)
        - deviance(b, n * y, lambda);
    exponent.exp() * (a / n * b / (2.0 * PI)).sqrt()
}

/// (a + b) y − b, which is a − (a + b) x, from the smaller of x and y, which has more digits.
fn excess(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if y < x { (a + b) * y - b } else { a - (a + b) * x }
}

/// 1 / (b₀ + a₁ / (b₁ + a₂ / (b₂ + …))): the modified method of Lentz (1976; Thompson and Barnett, 1986).
/// `parts` gives aₖ and bₖ from k = 1.
fn lentz(first: f64, parts: impl Fn(usize) -> (f64, f64)) -> f64 {
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut d = 1.0 / away(first);
    let mut c = 1.0 / TINY;
    let mut fraction = d;
    for step in 1..MOST_STEPS {
        let (numerator, denominator) = parts(step);
        d = 1.0 / away(denominator + numerator * d);
        c = away(denominator + numerator / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() <= ENOUGH {
            break;
        }
    }
    fraction
}

/// ln Γ(x + 1) − (x + ½) ln x + x − ½ ln 2π: what Stirling's formula misses (Loader, 2000), for x > 0.
fn stirling_error(x: f64) -> f64 {
    // δ(x) = δ(x + 1) + (x + ½) ln(1 + 1/x) − 1 leads up to where the series is exact in double precision.
    let (mut x, mut error) = (x, 0.0);
    while x < STIRLING_FROM {
        error += (x + 0.5) * (1.0 / x).ln_1p() - 1.0;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let terms = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    error + terms.iter().rev().fold(1.0 / 156.0, |sum, term| sum * square + term) / x
}

/// x ln(x / m) + m − x, without cancellation where x is near m (Loader, 2000, `bd0`). `more` is m − x.
fn deviance(x: f64, m: f64, more: f64) -> f64 {
    if more.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + more;
    }
    let v = -more / (x + m);
    let mut sum = -more * v;
    let mut power = 2.0 * x * v;
    for step in 1..1000 {
        power *= v * v;
        let next = sum + power / (2 * step + 1) as f64;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

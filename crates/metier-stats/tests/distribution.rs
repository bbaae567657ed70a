//! Tails and quantiles: numbers of mpmath 1.4.1 with 40 digits, which scipy 1.17.1 agrees with to 13 digits, and what
//! lies outside of their domains.

use metier_stats::distribution::{
    chi_squared_upper, f_upper, normal_quantile, normal_two_sided, normal_upper, student_quantile,
    student_two_sided,
};

/// Right in relative terms, however small.
#[track_caller]
fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-13 * theirs.abs(), "{ours} is not {theirs}");
}

#[test]
fn normal_tails() {
    // erfc(z / √2) / 2
    for (z, theirs) in [
        (-3.0, 0.9986501019683699),
        (0.0, 0.5),
        (0.5, 0.3085375387259869),
        (1.0, 0.15865525393145705),
        (2.0, 0.02275013194817921),
        (6.0, 9.86587645037698e-10),
        (10.0, 7.619853024160525e-24),
        (37.0, 5.725571222524577e-300),
    ] {
        close(normal_upper(z), theirs);
        close(normal_two_sided(z), 2.0 * if z < 0.0 { 1.0 - theirs } else { theirs });
    }
}

#[test]
fn normal_quantiles() {
    for (p, theirs) in [
        (1e-300, -37.0470962993612),
        (1e-30, -11.464024688443615),
        (1e-5, -4.264890793922825),
        (0.025, -1.9599639845400543),
        (0.3, -0.5244005127080408),
        (0.500001, 2.5066282747057052e-6),
        (0.7, 0.5244005127080407),
        (0.975, 1.9599639845400538),
        (0.999, 3.090232306167813),
    ] {
        close(normal_quantile(p), theirs);
    }
}

#[test]
fn student_tails() {
    // betainc(df / 2, 1 / 2, 0, df / (df + t²))
    for (t, df, theirs) in [
        (0.1, 3.7, 0.9255252674701903),
        (1.0, 0.5, 0.6022432216826442),
        (2.0, 10.0, 0.07338803477074037),
        (2.5, 783.0, 0.012622835235896992),
        (12.0, 29.0, 9.06070833313718e-13),
        (40.0, 29.0, 6.346877329729348e-27),
        (300.0, 4.0, 7.406858742568023e-10),
    ] {
        close(student_two_sided(t, df), theirs);
        assert_eq!(student_two_sided(-t, df), student_two_sided(t, df));
    }
}

#[test]
fn student_quantiles() {
    // The root of the tail.
    for (p, df, theirs) in [
        (0.025, 1.0, -12.706204736174705),
        (0.3, 3.7, -0.5724353841388498),
        (0.975, 29.0, 2.045229642132704),
        (0.999, 783.0, 3.100673351105151),
        (1e-5, 2.0, -223.60344363403718),
        (1e-30, 10.0, -2564.5239317426153),
        (0.6, 0.5, 0.3979754267847906),
    ] {
        close(student_quantile(p, df), theirs);
    }
}

#[test]
fn f_tails() {
    // betainc(d2 / 2, d1 / 2, 0, d2 / (d2 + d1 f))
    for (f, d1, d2, theirs) in [
        (0.01, 3.0, 10.0, 0.9985345070506094),
        (1.0, 1.0, 5.0, 0.3632174676491226),
        (1.5, 7.0, 300.0, 0.16671071491455844),
        (4.0, 50.0, 3.0, 0.13904341749741136),
        (30.0, 3.0, 10.0, 2.5917092737191237e-5),
        (4.0, 200.0, 480.0, 1.8996358835424603e-35),
    ] {
        close(f_upper(f, d1, d2), theirs);
    }
}

#[test]
fn chi_squared_tails() {
    // gammainc(df / 2, x / 2, ∞)
    for (x, df, theirs) in [
        (0.005, 0.5, 0.7534262343659699),
        (1.0, 1.0, 0.3173105078629141),
        (6.9, 7.0, 0.4393656604236281),
        (40.0, 40.0, 0.47025726683923996),
        (120.0, 40.0, 6.351918340378976e-10),
        (900.0, 400.0, 1.6334389670300398e-40),
    ] {
        close(chi_squared_upper(x, df), theirs);
    }
    // 1.6e-430
    assert_eq!(chi_squared_upper(3200.0, 400.0), 0.0);
}

#[test]
fn quantiles_undo_tails() {
    for p in [1e-12, 0.001, 0.025, 0.2, 0.4] {
        close(normal_upper(-normal_quantile(p)), p);
        for df in [0.7, 1.0, 3.0, 30.5, 1e4, 1e7] {
            let t = student_quantile(p, df);
            // t to 13 digits is p to fewer in the far tail.
            assert!((student_two_sided(t, df) / 2.0 / p - 1.0).abs() < 1e-11, "{p} {df}");
        }
    }
}

#[test]
fn both_sides_are_the_same() {
    for p in [0.03125, 0.25, 0.4375] {
        assert_eq!(normal_quantile(1.0 - p), -normal_quantile(p));
        for df in [0.7, 1.0, 30.5, 1e7] {
            assert_eq!(student_quantile(1.0 - p, df), -student_quantile(p, df));
        }
    }
}

#[test]
fn distributions_meet() {
    // T is normal with endless degrees of freedom, T² is F with one, χ² with two is exponential, F with endless d2 is
    // χ² over d1.
    close(student_two_sided(2.3, f64::INFINITY), normal_two_sided(2.3));
    close(student_quantile(0.9, f64::INFINITY), normal_quantile(0.9));
    assert!((student_two_sided(2.3, 1e12) / normal_two_sided(2.3) - 1.0).abs() < 1e-9);
    close(f_upper(2.3 * 2.3, 1.0, 17.0), student_two_sided(2.3, 17.0));
    close(chi_squared_upper(60.0, 2.0), (-30.0_f64).exp());
    close(f_upper(1.7, 8.0, f64::INFINITY), chi_squared_upper(8.0 * 1.7, 8.0));
    // With one degree of freedom T is Cauchy.
    close(student_two_sided(5.0, 1.0), 1.0 - 2.0 / std::f64::consts::PI * 5.0_f64.atan());
}

#[test]
fn ends_of_the_line() {
    assert_eq!((normal_upper(f64::INFINITY), normal_upper(f64::NEG_INFINITY)), (0.0, 1.0));
    for z in [40.0, 1e3, 1.37e12, 1e200, f64::MAX] {
        assert_eq!((normal_upper(z), normal_upper(-z), chi_squared_upper(z * 40.0, 3.0)), (0.0, 1.0, 0.0));
    }
    assert_eq!((normal_two_sided(0.0), student_two_sided(0.0, 3.0)), (1.0, 1.0));
    assert_eq!(student_two_sided(f64::INFINITY, 3.0), 0.0);
    assert_eq!((f_upper(0.0, 2.0, 3.0), f_upper(f64::INFINITY, 2.0, 3.0)), (1.0, 0.0));
    assert_eq!(chi_squared_upper(0.0, 3.0), 1.0);
    assert_eq!((normal_quantile(0.5), student_quantile(0.5, 2.0)), (0.0, 0.0));
    // The last t whose square is a double, about: 2 / (π t).
    close(student_two_sided(1e150, 1.0), 2.0 / std::f64::consts::PI * 1e-150);
}

#[test]
fn outside_the_domain_there_is_no_number() {
    let nan = f64::NAN;
    for p in [0.0, 1.0, -0.1, 1.1, nan] {
        assert!(normal_quantile(p).is_nan() && student_quantile(p, 5.0).is_nan());
    }
    for df in [0.0, -1.0, nan] {
        assert!(student_two_sided(1.0, df).is_nan() && student_quantile(0.9, df).is_nan());
        assert!(f_upper(1.0, df, 3.0).is_nan() && f_upper(1.0, 3.0, df).is_nan());
        assert!(chi_squared_upper(1.0, df).is_nan());
    }
    assert!(
        normal_upper(nan).is_nan() && normal_two_sided(nan).is_nan() && student_two_sided(nan, 3.0).is_nan()
    );
    for below in [-1.0, nan] {
        assert!(f_upper(below, 2.0, 3.0).is_nan() && chi_squared_upper(below, 2.0).is_nan());
    }
    assert!(f_upper(1.0, f64::INFINITY, 3.0).is_nan() && chi_squared_upper(1.0, f64::INFINITY).is_nan());
    // Beyond 1e150.
    assert!(student_quantile(1e-200, 0.5).is_nan());
}

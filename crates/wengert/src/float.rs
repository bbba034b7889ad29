//! Functions of `f64` that `std` has and `core` has not. All but `cbrt` are correctly rounded, so they have the same bits
//! with and without `std`.

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($x:ident $(, $y:ident)*) = $without:expr;)+) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name($x: f64 $(, $y: f64)*) -> f64 {
            #[cfg(feature = "std")]
            return $x.$name($($y),*);
            #[cfg(not(feature = "std"))]
            $without
        }
    )+};
}
functions! {
    sqrt(x) = libm::sqrt(x);
    floor(x) = libm::floor(x);
    ceil(x) = libm::ceil(x);
    round(x) = libm::round(x);
    round_ties_even(x) = libm::roundeven(x);
    trunc(x) = libm::trunc(x);
    fract(x) = x - libm::trunc(x);
    mul_add(x, y, z) = libm::fma(x, y, z);
    cbrt(x) = libm::cbrt(x);
}

/// `2^n`, for a normal result.
pub(crate) fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((1023 + n) as u64) << 52)
}

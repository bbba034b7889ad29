//! Relations between two values.

use core::fmt;

/// Makes the relations from one row each: the name in files, the words of messages, and when it holds.
macro_rules! relations {
    ($($(#[doc = $doc:literal])+ $Name:ident $name:literal $words:literal |$x:ident, $y:ident| $holds:expr;)+) => {
        /// What a guard compares.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Relation { $($(#[doc = $doc])+ $Name,)+ }

        impl Relation {
            /// Every relation.
            pub const ALL: &'static [Relation] = &[$(Relation::$Name),+];

            /// Whether the relation holds.
            ///
            /// ```
            /// use wengert::Relation;
            ///
            /// assert!(Relation::Less.holds(1.0, 2.0));
            /// assert!(!Relation::Equal.holds(f64::NAN, f64::NAN));
            /// ```
            pub fn holds(self, x: f64, y: f64) -> bool {
                match (self, x, y) {
                    $((Relation::$Name, $x, $y) => $holds,)+
                }
            }

            /// The name that files use.
            ///
            /// ```
            /// assert_eq!(wengert::Relation::Less.name(), "lt");
            /// ```
            pub const fn name(self) -> &'static str {
                match self {
                    $(Relation::$Name => $name,)+
                }
            }
        }

        impl fmt::Display for Relation {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Relation::$Name => $words,)+
                })
            }
        }
    };
}

relations! {
    /// `x < y`
    Less "lt" "<" |x, y| x < y;
    /// `x <= y`
    LessEqual "le" "<=" |x, y| x <= y;
    /// `x == y`
    Equal "eq" "==" |x, y| x == y;
    /// At least one of them is NaN.
    Unordered "unordered" "unordered with" |x, y| x.is_nan() || y.is_nan();
    /// `x` and `y` have the same bits. Guards a recorded value that was read as a plain number.
    SameBits "same_bits" "identical to" |x, y| x.to_bits() == y.to_bits();
    /// `x` and `y` have the same sign bit.
    SameSign "same_sign" "of the same sign as" |x, y| x.is_sign_negative() == y.is_sign_negative();
}

//! The Greeks of a book of options: first derivatives of its value by one gradient, second ones by one Hessian. They
//! are checked against the closed forms of Black and Scholes (1973), as in the chapter on Greek letters of Hull's
//! Options, Futures, and Other Derivatives, and against his example: delta 0.522, gamma 0.066, vega 12.1, rho 8.91.

use wengert::{Real, Scalar, value_gradient_hessian};

/// The number of options, 1 for a call or -1 for a put, the strike, and the years to expiry.
type Position = (f64, f64, f64, f64);

/// The value of a position at this spot, volatility and rate.
fn price<T: Real>(&(count, sign, strike, years): &Position, x: &[T]) -> T {
    let [spot, volatility, rate] = [x[0], x[1], x[2]];
    let spread = volatility * years.sqrt();
    let d1 = ((spot / strike).ln() + (rate + volatility * volatility * 0.5) * years) / spread;
    let stock = spot * (d1 * sign).norm_cdf();
    let cash = (rate * -years).exp() * strike * ((d1 - spread) * sign).norm_cdf();
    (stock - cash) * (sign * count)
}

fn greeks(book: &[Position], market: &[f64; 3]) -> [f64; 6] {
    let (_, first, second) = value_gradient_hessian(|x| book.iter().map(|position| price(position, x)).sum(), market);
    [first[0], first[1], first[2], second[0][0], second[0][1], second[1][1]]
}

/// The same by hand: delta, vega, rho; gamma, vanna, volga.
fn by_hand(&(count, sign, strike, years): &Position, [spot, volatility, rate]: [f64; 3]) -> [f64; 6] {
    let spread = volatility * years.sqrt();
    let d1 = ((spot / strike).ln() + (rate + volatility * volatility / 2.0) * years) / spread;
    let d2 = d1 - spread;
    let bell = (-d1 * d1 / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let delta = sign * Scalar::norm_cdf(sign * d1);
    let vega = spot * bell * years.sqrt();
    let rho = sign * strike * years * (-rate * years).exp() * Scalar::norm_cdf(sign * d2);
    let [gamma, vanna, volga] = [bell / (spot * spread), -bell * d2 / volatility, vega * d1 * d2 / volatility];
    [delta, vega, rho, gamma, vanna, volga].map(|x| x * count)
}

pub(crate) fn main() {
    let [delta, vega, rho, gamma, ..] = greeks(&[(1.0, 1.0, 50.0, 20.0 / 52.0)], &[49.0, 0.2, 0.05]);
    let hull = format!("{delta:.3} {gamma:.3} {vega:.1} {rho:.2}");
    assert_eq!(hull, "0.522 0.066 12.1 8.91");

    let (bought, sold) = ((10.0, 1.0, 100.0, 0.5), (-20.0, 1.0, 110.0, 0.5));
    let (near, far) = ((5.0, -1.0, 90.0, 0.25), (-3.0, -1.0, 105.0, 2.0));
    let (book, market) = ([bought, sold, near, far], [101.5, 0.23, 0.03]);
    let names = ["delta", "vega", "rho", "gamma", "vanna", "volga"];
    for (k, (name, found)) in names.into_iter().zip(greeks(&book, &market)).enumerate() {
        let closed: f64 = book.iter().map(|position| by_hand(position, market)[k]).sum();
        println!("{name:>6} {found:>20.12}");
        assert!((found - closed).abs() < 1e-12 * closed.abs().max(100.0), "{name}: {found}, {closed}");
    }
}

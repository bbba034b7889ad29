//! Times what solvers ask for beside the same by hand: `just host-speed`. CPU time of one thread, the minimum of rounds in
//! which contenders take turns.

mod chain;
mod fit;
mod schools;

use rustix::time::{ClockId, clock_gettime};

/// CPU seconds of this thread.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// The least CPU seconds of a call of each contender, in rounds of so many calls.
fn least<const N: usize>(rounds: usize, calls: usize, mut contenders: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
    for _ in 0..rounds {
        for (contender, least) in contenders.iter_mut().zip(&mut least) {
            let begun = cpu();
            (0..calls).for_each(|_| contender());
            *least = least.min((cpu() - begun) / calls as f64);
        }
    }
    least
}

fn main() {
    chain::time();
    fit::time();
    schools::time();
}

//! Pictures of schedules.

use wengert_scan::{Schedule, fewest_advances, schedule_svg};

/// How many lines a group of a picture has.
fn lines(svg: &str, class: &str) -> usize {
    let group = svg.split(&format!("<g class=\"{class}\">")).nth(1).unwrap();
    group.split("</g>").next().unwrap().matches("<path").count()
}

#[test]
fn a_picture_has_a_line_for_each_sweep_run_and_state() {
    for (schedule, what) in [
        (Schedule::all(), "30 blocks, 30 states, 0 runs again"),
        (Schedule::sqrt(30), "30 blocks, 9 states, 20 runs again"),
        (Schedule::binomial(30, 3), "30 blocks, 3 states, 56 runs again"),
        (Schedule::online(3), "30 blocks, 3 states, "),
    ] {
        let svg = schedule_svg(schedule.clone(), 30);
        assert!(svg.contains(what), "{what}: {}", svg.lines().find(|line| line.contains("blocks")).unwrap());
        assert_eq!(lines(&svg, "sweeps"), 30, "{what}");
        assert!(lines(&svg, "runs") > 0 && lines(&svg, "states") > 0);
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
    }
    assert_eq!(fewest_advances(30, 3) - 29, 56);
}

#[test]
fn pictures_of_nothing_and_of_one_block_are_pictures_too() {
    for schedule in [Schedule::sqrt(0), Schedule::binomial(0, 2), Schedule::all(), Schedule::online(2)] {
        let svg = schedule_svg(schedule, 0);
        assert!(svg.contains("0 blocks, 0 states, 0 runs again") && !svg.contains("<path"), "{svg}");
    }
    assert!(schedule_svg(Schedule::binomial(1, 1), 1).contains("1 blocks, 0 states, 0 runs again"));
}

//! The bits of one run of `Program::eval_batch`, however the blocks are shared.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use wengert_program::{Blocks, Workspace};

use crate::asian;
use crate::command::{command, fail, numbers, save_small, small, small_part, succeed};

const PATHS: usize = 1500;
const SET: &str = "--set spot=100 --set rate=0.03 --set volatility=0.2";

fn bytes(numbers: impl IntoIterator<Item = f64>) -> Vec<u8> {
    numbers.into_iter().flat_map(f64::to_le_bytes).collect()
}

/// Writes the program of an Asian option and the same paths in each format.
fn save_asian(folder: &Path, columns: &[Vec<f64>]) {
    asian::program().expect("compiles").save(folder.join("asian.program")).expect("is written");
    let row = |k: usize| columns.iter().map(move |column| column[k]);
    let line = |k| row(k).map(|z| format!("{z:?}")).collect::<Vec<_>>().join(",") + "\n";
    let count = columns[0].len();
    fs::write(folder.join("paths.csv"), (0..count).map(line).collect::<String>()).expect("is written");
    fs::write(folder.join("paths.rows"), bytes((0..count).flat_map(row))).expect("is written");
    fs::write(folder.join("paths.columns"), bytes(columns.iter().flatten().copied())).expect("is written");
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_price_and_its_greeks_have_the_bits_of_one_process() {
    let folder = tempfile::tempdir().expect("is made");
    let here = folder.path();
    let columns = asian::columns(PATHS);
    save_asian(here, &columns);
    let sums = asian::sums(&columns);
    let expected = (bits(&sums), bits(&sums.map(|sum| sum / PATHS as f64)));
    // More parts than blocks, too.
    for (format, of) in [("csv", 3), ("rows", 1), ("rows", 5), ("columns", 40)] {
        let names: Vec<String> = (0..of).rev().map(|part| format!("{format}-{part}-{of}.part")).collect();
        for (part, name) in (0..of).rev().zip(&names) {
            let which = format!("--part {part} --of {of} --threads {}", 1 + part % 2);
            succeed(here, &format!("sums asian.program paths.{format} --format {format} {SET} {which} -o {name}"));
        }
        let csv = succeed(here, &format!("fold --format csv {}", names.join(" ")));
        assert_eq!(numbers(&csv), expected, "{format} in {of} parts");
    }
}

#[test]
fn any_ranges_of_any_cut_have_the_bits_of_its_blocks() {
    let folder = small(5000);
    let here = folder.path();
    let program = save_small(&here.join("small.program"));
    let [x, y]: [Vec<f64>; 2] =
        [|k: f64| 1.0 / (k + 0.3), f64::sqrt].map(|f| (0..5000).map(|k| f(f64::from(k))).collect());
    for (most, cuts) in [(64, [0, 7, 7, 40, 40]), (79, [0, 1, 30, 78, 79]), (3, [0, 1, 1, 2, 3])] {
        let blocks = Blocks::at_most(5000, most);
        let own = program.block_sums(blocks, 0..blocks.count(), &[&[0.7], &x, &y], &mut Workspace::new());
        let expected = bits(&own.and_then(|sums| sums.total()).expect("runs"));
        assert_eq!(blocks.count(), cuts[4], "the cut of {most}");
        for (k, pair) in cuts.windows(2).enumerate() {
            small_part(here, &format!("--blocks {}..{} --cut {most}", pair[0], pair[1]), &format!("{k}.part"));
        }
        let csv = succeed(here, "fold --format csv 2.part 0.part 3.part 1.part");
        assert_eq!(numbers(&csv).0, expected);
        small_part(here, &format!("--part 0 --of 2 --cut {most}"), "first");
        small_part(here, &format!("--part 1 --of 2 --cut {most}"), "second");
        assert_eq!(succeed(here, "fold --format csv second first"), csv);
    }
}

#[test]
fn killed_jobs_leave_a_whole_part_or_none_and_their_rerun_has_the_same_bits() {
    let folder = tempfile::tempdir().expect("is made");
    let here = folder.path();
    let columns = asian::columns(PATHS);
    save_asian(here, &columns);
    let expected = bits(&asian::sums(&columns));
    let sums =
        |part: usize| format!("sums asian.program paths.rows --format rows {SET} --part {part} --of 2 -o {part}.part");
    succeed(here, &sums(1));
    let fold = "fold 0.part 1.part --format csv";
    for wait in (0..30).map(|k| Duration::from_millis(3 * k)) {
        let mut job = command(here, &sums(0)).spawn().expect("starts");
        sleep(wait);
        job.kill().expect("is killed, or has ended");
        job.wait().expect("has ended");
        if here.join("0.part").exists() {
            assert_eq!(numbers(&succeed(here, fold)).0, expected);
            fs::remove_file(here.join("0.part")).expect("is there");
        } else {
            assert!(fail(here, fold, 1).contains("0.part: No such file"));
        }
    }
    succeed(here, &sums(0));
    assert_eq!(numbers(&succeed(here, fold)).0, expected);
}

#[test]
fn a_part_of_a_huge_raw_file_is_read_alone() {
    let folder = small(1);
    let here = folder.path();
    // 4 TiB of zeros, which take no room. A checksum of them would take hours.
    let file = fs::File::create(here.join("zeros")).expect("is made");
    file.set_len(1 << 42).expect("the file system has sparse files");
    for format in ["rows", "columns"] {
        let which =
            format!("--format {format} --set a=0 --blocks 1000000..1000002 --cut 1073741824 --points-name zeros");
        succeed(here, &format!("sums small.program zeros {which} -o zeros.part"));
        assert!(fail(here, "fold zeros.part", 1).contains("blocks 0..1000000, 1000002..1073741824 are missing"));
    }
}

//! The parser of formula files: what it reads, and how it refuses.

use conformance::dag::{Case, parse};
use conformance::formula::{Instruction, Malformed};

const GOOD: &str = "\
case a(b=c),é core 2 4 1 1
x 3ff0000000000000 4000000000000000
i input 0
i input 1
i powi 0 -3
i mul 2 1
y 3 4000000000000000 0000000000000000 1.5e+00
g 3ff0000000000000 0000000000000000 0.5 3ff0000000000000 0000000000000000 -1
h 0000000000000000 0000000000000000 -1 0000000000000000 0000000000000000 -1 0000000000000000 0000000000000000 -1
v 3ff0000000000000 4000000000000000 3ff0000000000000 4000000000000000
a 3ff0000000000000 4000000000000000 3ff0000000000000 4000000000000000
end
";

fn read(text: &str) -> Result<Vec<Case>, Malformed> {
    parse(text.as_bytes())
}

/// `GOOD` with line `line` (from 1) replaced.
fn with(line: usize, text: &str) -> String {
    let lines = GOOD.lines().enumerate();
    let changed = lines.map(|(k, old)| if k + 1 == line { text } else { old });
    changed.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_case_is_read_with_its_expected_values() {
    let cases = read(GOOD).unwrap();
    let [case] = &cases[..] else { panic!("one case expected") };
    assert_eq!((case.id.as_str(), case.tier.as_str(), case.line), ("a(b=c),é", "core", 1));
    assert_eq!((case.formula.inputs, case.formula.code.len(), case.hessian), (2, 4, true));
    assert_eq!(case.outputs, [3]);
    assert_eq!(case.points[0].x, [1.0, 2.0]);
    let Instruction::Apply { word, operands, integer } = &case.formula.code[2] else { panic!() };
    assert_eq!((word.name, &operands[..], *integer), ("powi", &[0][..], -3));
    let output = &case.points[0].outputs[0];
    assert_eq!(output.value.unwrap().bound, 1.5);
    assert_eq!(output.gradient.as_ref().unwrap()[1].bound, -1.0);
    assert_eq!(output.hessian.as_ref().unwrap().len(), 3);
}

#[test]
fn several_outputs_and_several_points_are_read() {
    let text = "case k t 1 2 2 0\ni input 0\ni exp 0\n\
        x 3ff0000000000000\ny 1\ny 0\nx 4000000000000000\ny 0\ny 1\nend\n";
    for announced in ["2", "4"] {
        let text = text.replacen("2 2 0", &format!("2 {announced} 0"), 1);
        let case = read(&text).unwrap().remove(0);
        assert_eq!(case.outputs, [1, 0]);
        let asked = |k: usize| case.points[k].outputs.iter().map(|o| o.output).collect::<Vec<_>>();
        assert_eq!((asked(0), asked(1)), (vec![0, 1], vec![1, 0]));
    }
}

#[test]
fn expected_values_may_be_left_out() {
    let text = "case k t 1 2 1 1\r\nx 3ff0000000000000\r\ni input 0\r\ni exp 0\r\n\r\nend";
    let case = read(text).unwrap().remove(0);
    assert_eq!(case.outputs, [1]);
    assert_eq!(case.points[0].outputs[0].value, None);
    assert_eq!(read("").unwrap(), []);
    assert_eq!(read("\n \n").unwrap(), []);
}

#[test]
fn every_malformed_line_is_refused_with_its_number() {
    let one = "3ff0000000000000";
    let bad = [
        (1, "what"),
        (1, "case"),
        (1, "case a core 2 4 1"),
        (1, "case a core 2 4 1 1 1"),
        (1, "case a core 2 4 1 2"),
        (1, "case a core -2 4 1 1"),
        (1, "case a core 2 +4 1 1"),
        (1, "case a core 2 5 1 1"),
        (1, "case a core 2 4 2 1"),
        (2, "x 3ff0000000000000"),
        (2, "x 3ff0000000000000 400000000000000"),
        (2, "x 3ff0000000000000 400000000000000g"),
        (2, "x 3ff0000000000000 4000000000000000 4000000000000000"),
        (3, "i"),
        (3, "i input"),
        (3, "i input 2"),
        (3, "i input -1"),
        (3, "i input 0 0"),
        (3, "i const"),
        (3, "i const 1.5"),
        (5, "i powi 0"),
        (5, "i powi"),
        (5, "i powi 0 2147483648"),
        (5, "i powi 0 1 2"),
        (5, "i frobnicate 0"),
        (5, "i exp"),
        (5, "i exp 0 1"),
        (5, "i add 0"),
        (5, "i add 0 2"),
        (5, "i add 0 99999999999999999999999"),
        (5, "i mean"),
        (7, "y"),
        (7, "y 4"),
        (7, "y x"),
        (7, "y 3 4000000000000000"),
        (7, "y 3 4000000000000000 0000000000000000 abc"),
        (7, "y 3 4000000000000000 0000000000000000 1 odd"),
        (8, "g 3ff0000000000000 0000000000000000 0.5"),
        (8, "i input 0"),
        (8, "z"),
        (8, "case a core 2 4 1 1"),
        (9, "h"),
        (9, "h 0000000000000000 0000000000000000"),
        (10, "v 3ff"),
        (12, "end end"),
        (12, ""),
    ];
    for (line, text) in bad {
        let error = read(&with(line, text)).expect_err(text);
        assert_eq!(error.line, line, "{text:?}: {error}");
        assert!(error.to_string().starts_with(&format!("line {line}: ")));
    }
    let twice = format!("{GOOD}case b core 1 1 1 0\nx {one}\ni input 1\nend\n");
    assert_eq!(read(&twice).unwrap_err().line, 15);
    assert_eq!(read("case a b 0 0 0 0\nend").unwrap_err().line, 1);
    assert_eq!(read("case a b 0 1 1 0\ny 0").unwrap_err().line, 2);
    assert_eq!(read("case a b 1 1 1 0\ng").unwrap_err().line, 2);
    assert_eq!(parse(b"case a b 1 1 1 0\nx \xff").unwrap_err().line, 2);
}

#[test]
fn counts_in_a_header_are_not_believed() {
    let huge = usize::MAX.to_string();
    for line in
        [format!("case a core {huge} 4 1 1"), format!("case a core 2 {huge} 1 1"), format!("case a core 2 4 {huge} 1")]
    {
        assert!(read(&with(1, &line)).is_err());
    }
    let empty = format!("case a core {huge} 1 1 1\ni const 3ff0000000000000\nx\nh\nend");
    assert!(read(&empty).is_err());
}

#[test]
fn mutated_files_never_panic() {
    // A linear congruential generator: the same mutations every time.
    let mut state = 42_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 33) as usize) % below
    };
    let alphabet = b" \n0123456789abcdefxyihgv-+.\xff";
    let mut refused = 0;
    for _ in 0..20_000 {
        let mut bytes = GOOD.as_bytes().to_vec();
        for _ in 0..=random(5) {
            let at = random(bytes.len() - 1);
            match random(4) {
                0 => bytes[at] = alphabet[random(alphabet.len())],
                1 => bytes.insert(at, alphabet[random(alphabet.len())]),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(50)),
            }
        }
        let lines = bytes.split(|&b| b == b'\n').count();
        if let Err(error) = parse(&bytes) {
            assert!((1..=lines).contains(&error.line), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 10_000);
}

#![doc = include_str!("../../../docs/guide/README.md")]
#![forbid(unsafe_code)]

/// Makes a module of each page, so that its code runs as a doctest, and a test that no page is missing.
macro_rules! pages {
    ($($name:ident = $file:literal;)+) => {
        $(#[doc = include_str!(concat!("../../../docs/guide/", $file))]
        pub mod $name {})+

        #[test]
        fn every_page_is_here_and_in_the_list() {
            let pages = [$($file),+];
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide");
            let list = include_str!("../../../docs/guide/README.md");
            for entry in std::fs::read_dir(folder).expect("the guide is there") {
                let name = entry.expect("a page").file_name().into_string().expect("a name");
                assert!(name == "README.md" || pages.contains(&name.as_str()), "{name} is not run");
                assert!(name == "README.md" || list.contains(&format!("]({name})")), "{name} is not listed");
            }
        }
    };
}
pages! {
    keys = "keys.md";
    programs = "programs.md";
    fit = "fit.md";
    monte_carlo = "monte-carlo.md";
    train = "train.md";
    branches = "branches.md";
    own_functions = "own-functions.md";
    implicit = "implicit.md";
    checkpointing = "checkpointing.md";
    clusters = "clusters.md";
    sparse = "sparse.md";
    linear_algebra = "linear-algebra.md";
    nan = "nan.md";
    generic = "generic.md";
    nesting = "nesting.md";
}

/// The examples of the README of the repository.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

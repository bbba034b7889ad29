//! Every file of the corpus, through its target.

use std::fs;
use std::path::Path;

use fuzz_targets::TARGETS;

#[test]
fn every_target_passes_its_files() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut files = 0;
        for file in fs::read_dir(&folder).expect("a folder of files for each target") {
            let path = file.expect("it is there").path();
            // Printed if it panics.
            println!("{}", path.display());
            target(&fs::read(&path).expect("a file"));
            files += 1;
        }
        assert!(files >= 5, "{files} files in {}", folder.display());
    }
}

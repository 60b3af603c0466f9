//! Keeps the web UI's examples equal to what the reply types give. `UPDATE_EXPECT=1 cargo test -p testkit` writes them anew.

use std::path::Path;

#[test]
fn committed_examples_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/test/fixtures");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut stale = Vec::new();
    for (name, text) in testkit::pages::files() {
        assert!(text.len() > 3 && !text.starts_with("null"), "{name} is empty");
        let path = folder.join(name);
        if update {
            std::fs::create_dir_all(&folder).expect("the folder can be made");
            std::fs::write(&path, text).expect("an example can be written");
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "stale: {stale:?}; run UPDATE_EXPECT=1 cargo test -p testkit --test fixtures");
}

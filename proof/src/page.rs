//! Pages of `docs/` that are made from the code.

use std::fs;
use std::path::Path;

/// Holds a page against the one that is kept in `docs/` under this name, or writes it where `STANDIN_WRITE_PAGES` is set.
///
/// # Panics
/// Where the two differ, or the page cannot be written.
pub fn check_page(name: &str, page: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    if std::env::var_os("STANDIN_WRITE_PAGES").is_some() {
        let written = fs::write(&file, page);
        assert!(written.is_ok(), "{}: {written:?}", file.display());
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let mut lines = kept.lines().zip(page.lines());
    let differs = lines.find(|(kept, page)| kept != page);
    assert!(
        kept == page,
        "docs/{name} is not true any more; scripts/pages writes it anew: {differs:#?}"
    );
}

//! The application's SDK, as far as the server must know it.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// The version of `@clerk/backend` in these `node_modules`, if it is one that cannot be given a nonce: from 1.33 on it
/// exchanges one, and before 2.20 it leaves it in the address that it sends the browser back to, for ever.
pub fn without_nonces(folders: &[PathBuf]) -> Option<String> {
    let manifest = |folder: &PathBuf| fs::read(folder.join("@clerk/backend/package.json")).ok();
    let manifest: Value = serde_json::from_slice(&folders.iter().find_map(manifest)?).ok()?;
    let version = manifest["version"].as_str()?;
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    match (numbers.next()??, numbers.next()??) {
        (1, 33..) | (2, ..20) => Some(version.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_follow_a_nonce_in_circles_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("@clerk/backend");
        let folders = [folder.path().join("none"), folder.path().to_owned()];
        assert_eq!(without_nonces(&folders), None);
        fs::create_dir_all(&package).unwrap();
        for (version, is_one) in [
            ("1.32.3", false),
            ("1.33.0", true),
            ("2.0.0", true),
            ("2.19.3", true),
            ("2.20.0", false),
            ("3.25.0", false),
            ("next", false),
        ] {
            let manifest = format!("{{\"version\": \"{version}\"}}");
            fs::write(package.join("package.json"), manifest).unwrap();
            let found = without_nonces(&folders);
            assert_eq!(found, is_one.then(|| version.to_owned()), "{version}");
        }
    }
}

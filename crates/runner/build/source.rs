//! Where sources come from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What of the sources is compiled into the program, as git names it. Tests and documents are not.
const COMPILED: [&str; 3] = ["Cargo.toml", "Cargo.lock", "crates"];
const UNKNOWN: &str = "unknown";

/// The commit that is checked out in `root`, followed by `-dirty` if something that is compiled has been edited since;
/// `unknown` where git is missing, or does not keep these sources: an archive may lie in the checkout of something else.
pub fn commit(root: &Path) -> String {
    let checked_out = || {
        git(root, &["ls-files", "--error-unmatch", "Cargo.toml"])?;
        let commit = git(root, &["rev-parse", "--verify", "HEAD"])?;
        let edits = git(root, &[&["status", "--porcelain", "--untracked-files=no", "--"], &COMPILED[..]].concat())?;
        Some(if edits.is_empty() { commit } else { commit + "-dirty" })
    };
    checked_out().unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The files and folders that [`commit`] depends on: what is compiled, and where git keeps what is checked out.
pub fn inputs(root: &Path) -> Vec<PathBuf> {
    let kept = ["HEAD", "logs/HEAD", "packed-refs"];
    let kept = kept.iter().filter_map(|name| Some(root.join(git(root, &["rev-parse", "--git-path", name])?)));
    // A path that is missing would count as changed at every build.
    COMPILED.iter().map(|name| root.join(name)).chain(kept).filter(|path| path.exists()).collect()
}

/// The version of `package` in the lock file.
pub fn locked(root: &Path, package: &str) -> String {
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    let name = format!("name = \"{package}\"");
    let version = lock.lines().skip_while(|line| line.trim() != name).find_map(|line| line.strip_prefix("version = "));
    version.map_or(UNKNOWN, |version| version.trim_matches('"')).to_owned()
}

/// What git prints about `root`; `None` if it is missing or fails.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).arg("--no-optional-locks").args(arguments);
    // A hook that builds sets these for its own repository.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
        git.env_remove(variable);
    }
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

//! Files that are written completely or not at all, and read up to a limit.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Prefix of the names of files that are still being written.
const UNFINISHED: &str = ".writing-";

/// Replaces the file at `path` atomically: readers, and a crash at any moment, see all of the old content or of the
/// new. Where `path` is a symbolic link, the file behind it is replaced. The new file has the permissions of the old
/// one, and its owner if the system allows that.
///
/// With `keep`, the old file (or link) is first renamed to that name. A crash between the two renames leaves no file at
/// `path`.
///
/// # Errors
///
/// If the folder, or the old file, cannot be written. The old content is then still at `path`.
pub fn write_atomically(path: &Path, bytes: &[u8], keep: Option<&Path>) -> Result<()> {
    let write = || -> io::Result<()> {
        let path = &if keep.is_some() { path.to_owned() } else { behind_links(path)? };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = unfinished(folder)?;
        if keep.is_none() {
            keep_permissions(path, file.as_file())?;
        }
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        if let Some(keep) = keep {
            fs::rename(path, keep)?;
        }
        if let Err(error) = file.persist(path) {
            if let Some(keep) = keep {
                fs::rename(keep, path)?;
            }
            return Err(error.error);
        }
        // The rename is durable only once the folder is synced.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    };
    write().with_context(|| format!("{}: cannot write", path.display()))
}

/// The path at the end of a chain of symbolic links. There need not be a file.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    /// As many as Linux follows.
    const LONGEST_CHAIN: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LONGEST_CHAIN {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links one after another"))
}

/// Gives `file`, which is to replace `old`, its permissions and owner. Fails if `old` must not be written.
fn keep_permissions(old: &Path, file: &File) -> io::Result<()> {
    let Ok(metadata) = fs::metadata(old) else { return Ok(()) };
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "there is something else than a file"));
    }
    // A rename would replace a file that is protected against writing.
    File::options().write(true).open(old)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        // Only a privileged process may give a file away.
        let _ = fchown(file, Some(metadata.uid()), Some(metadata.gid()));
    }
    file.set_permissions(metadata.permissions())
}

/// Writes `bytes` to where a user names `path`. Returns whether there is then a file of that name.
///
/// A file is replaced as by [`write_atomically`], its folder made if needed. A pipe or device, such as `/dev/stdout`, is
/// written to.
///
/// # Errors
///
/// As for [`write_atomically`], or if the file has other names (hard links), which would keep the old content.
pub fn write_where_named(path: &Path, bytes: &[u8]) -> Result<bool> {
    let metadata = fs::metadata(path);
    // What is open already must not be replaced: its reader would wait for the old file.
    let open = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"].iter().any(|folder| path.starts_with(folder));
    if metadata.as_ref().is_ok_and(|metadata| open || !(metadata.is_file() || metadata.is_dir())) {
        let write = || File::options().append(true).open(path)?.write_all(bytes);
        write().with_context(|| format!("{}: cannot write", path.display()))?;
        return Ok(false);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let names = metadata.map_or(1, |metadata| if metadata.is_file() { metadata.nlink() } else { 1 });
        ensure!(names == 1, "{}: the file has {names} names (hard links); remove this one first", path.display());
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| format!("{}: cannot create", folder.display()))?;
    }
    write_atomically(path, bytes, None)?;
    Ok(true)
}

/// A temporary file in the folder of the final one: a rename cannot cross file systems.
fn unfinished(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The permissions of any new file. By default a temporary file is readable by its owner only.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Removes the temporary files that a process killed while writing left in `folder`. Ignores errors.
pub fn remove_unfinished(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_unfinished(&entry.file_name().to_string_lossy()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether `name` is that of a temporary file, which is still being written or was left by a killed process.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED)
}

/// Checks that `path` is a regular file: reading a pipe may block forever.
///
/// # Errors
///
/// If it is missing or is not a regular file.
pub fn regular(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() { Ok(()) } else { Err(io::Error::new(ErrorKind::InvalidInput, "not a file")) }
}

/// The content of a file of at most `limit` bytes. Uses at most twice the memory of the content.
///
/// # Errors
///
/// If the file cannot be read, or is larger: kind [`FileTooLarge`](ErrorKind::FileTooLarge).
pub fn read_at_most(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let too_large = || io::Error::new(ErrorKind::FileTooLarge, format!("larger than the limit of {limit} bytes"));
    let file = File::open(path)?;
    // The length of a pipe or a device says nothing about its content, which is therefore limited again below.
    let length = file.metadata()?.len();
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    bytes.reserve_exact(usize::try_from(length).unwrap_or(0).saturating_add(1));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

/// The content of a text file of at most `limit` bytes.
///
/// # Errors
///
/// As for [`read_at_most`], or if it is not UTF-8.
pub fn read_text_at_most(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read_at_most(path, limit)?).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests;

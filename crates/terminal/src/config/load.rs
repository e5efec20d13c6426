//! Reading the file, and what stands beside it.

use super::file::Config;
use super::parse::parse;
use super::pins::Pins;
use crate::error::{Error, Result};
use etcetera::BaseStrategy;
use std::path::{Path, PathBuf};

/// `countersign/config.toml` in the XDG configuration folder.
///
/// # Errors
/// There is no home folder.
pub fn default_path() -> Result<PathBuf> {
    let folders = etcetera::choose_base_strategy()
        .map_err(|_| Error::invalid("no home folder; say --config FILE"))?;
    Ok(folders.config_dir().join("countersign/config.toml"))
}

/// Reads the configuration at `path` and the pins beside it.
///
/// # Errors
/// The file cannot be read, or a key or value in it is wrong.
pub fn load(path: &Path) -> Result<Config> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::read(path, e))?;
    let mut config: Config = parse(path, &text)?;
    if let Some((whose, why)) = config.flawed() {
        return Err(Error::invalid(format!("{}: {whose}: {why}", path.display())));
    }
    if let Some((aor, require)) = config.unmet() {
        let (path, policy) = (path.display(), config.policy.require);
        return Err(Error::invalid(format!(
            "{path}: {aor}: its `require` is {require}, that of [policy] {policy}, and both hold for who \
             calls: no proof does for both; let one of them take more"
        )));
    }
    config.folder = path.parent().map(Path::to_owned).unwrap_or_default();
    config.pins = Pins::load(&config.pins_path())?;
    Ok(config)
}

/// Reads `path`, or the default path, or takes the defaults where there is no file at it.
///
/// # Errors
/// As [`load`]; a `path` that was given must be there.
pub fn load_or_default(path: Option<&Path>) -> Result<Config> {
    if let Some(path) = path {
        return load(path);
    }
    let path = default_path()?;
    if path.exists() {
        return load(&path);
    }
    Ok(Config {
        folder: path.parent().map(Path::to_owned).unwrap_or_default(),
        ..Config::default()
    })
}

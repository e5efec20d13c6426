//! What is linked: an unstripped `bare` terminal holds no symbol of the security manager, and the
//! same search finds it in `full`.

use crate::command::{Failure, cargo, run, target};

const SYMBOL: &[u8] = b"sec_manager";

pub(super) fn check() -> Vec<String> {
    let wanted = [("bare", false), ("full", true)];
    wanted.into_iter().filter_map(|(flavour, there)| look(flavour, there).err()).collect()
}

fn look(flavour: &str, wanted: bool) -> Result<(), Failure> {
    // A folder of its own, so that no other flavour's binary is looked at by mistake.
    let folder = target().join("tidy").join(flavour);
    let mut build = cargo(&[
        "build",
        "--quiet",
        "--package",
        "terminal",
        "--bin",
        "countersign",
        "--no-default-features",
    ]);
    if flavour != "bare" {
        build.args(["--features", flavour]);
    }
    run(&mut build)?;
    let built = target().join("debug/countersign");
    std::fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let copy = folder.join("countersign");
    std::fs::copy(&built, &copy).map_err(|why| format!("{}: {why}", built.display()))?;
    let binary = std::fs::read(&copy).map_err(|why| format!("{}: {why}", copy.display()))?;
    let found = binary.windows(SYMBOL.len()).any(|window| window == SYMBOL);
    match (found, wanted) {
        (true, false) => Err(format!("the {flavour} terminal contains symbols of sec_manager")),
        (false, true) => Err(format!("no symbol of sec_manager in the {flavour} terminal")),
        (true, true) | (false, false) => Ok(()),
    }
}

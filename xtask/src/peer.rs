//! The peer that the benchmarks stand beside: ccusage, which reads the same transcripts for what they cost. Only its installation and its commands.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The version that the figures in `docs/performance.md` are of.
pub const VERSION: &str = "20.0.24";

/// An installed peer.
pub struct Peer {
    native: PathBuf,
    launcher: PathBuf,
}

impl Peer {
    /// Installs it from npm into `cache`, unless it is there.
    ///
    /// # Errors
    /// If there is no npm, no registry, or no build of it for this machine.
    pub fn install(cache: &Path) -> Result<Peer> {
        let folder = cache.join(format!("ccusage-{VERSION}"));
        let modules = folder.join("node_modules");
        let peer = Peer {
            native: modules.join("@ccusage").join(package()).join("bin").join("ccusage"),
            launcher: modules.join("ccusage").join("src").join("cli.js"),
        };
        if !(peer.native.is_file() && peer.launcher.is_file()) {
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let output = Command::new("npm")
                .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"])
                .arg(&folder)
                .arg(format!("ccusage@{VERSION}"))
                .output()
                .context("npm cannot be run")?;
            if !output.status.success() {
                let told = String::from_utf8_lossy(&output.stderr);
                bail!(
                    "npm could not install ccusage {VERSION}: {}",
                    told.lines().next().unwrap_or("").trim()
                );
            }
        }
        if !peer.native.is_file() {
            bail!("ccusage {VERSION} has no native build {}", package());
        }
        make_executable(&peer.native)?;
        Ok(peer)
    }

    /// Its native program: the peer at its best.
    pub fn native(&self) -> Command {
        Command::new(&self.native)
    }

    /// Through node, as `npx ccusage` starts it.
    pub fn launcher(&self) -> Command {
        let mut command = Command::new("node");
        command.arg(&self.launcher);
        command
    }
}

/// The package leaves that to its launcher's first run.
fn make_executable(program: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755))
            .with_context(|| format!("cannot make {} executable", program.display()))?;
    }
    #[cfg(not(unix))]
    let _ = program;
    Ok(())
}

fn package() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("ccusage-{system}-{machine}")
}

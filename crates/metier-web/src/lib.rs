//! The findings, and a person's own sessions, as pages in the browser of the same machine.
//!
//! A store is held in memory and watched; a page is made when it is asked for, from the same findings that the terminal prints.
//! `guard.rs` decides who may ask; text of transcripts is read from them at the moment it is shown and kept nowhere. Of a store of
//! many people there are only findings that passed the gate. This crate estimates nothing and writes no label but those that the
//! person gives.

mod answer;
mod assets;
mod frame;
mod guard;
mod held;
mod kept;
mod pages;
mod reading;
mod watch;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use metier_session::discover::Found;
use metier_store::{Rows, Store};
use metier_study::{Finding, Settings, Study, Summary};

pub use guard::Token;

/// Why something that was given to the pages from outside could not be done.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Looks for transcripts.
pub type Find = dyn Fn() -> Result<Found, Failure> + Send + Sync;

/// Makes findings of a store: an owner's as they are, those of many people through the gate, entered into the ledger.
pub type Released = dyn Fn(&Store, &Rows, &Settings, &[&'static Study]) -> Result<(Summary, Vec<Finding>), Failure>
    + Send
    + Sync;

/// What is served.
pub struct Site {
    /// The store's folder.
    pub folder: PathBuf,
    /// Where transcripts are.
    pub find: Box<Find>,
    /// How findings are made.
    pub released: Box<Released>,
    /// Whose labels findings rest on; `None` for the built-in labeller's.
    pub labels: Option<String>,
    /// Who judges sessions here, such as "person:ada".
    pub rater: String,
    /// Threads to read with.
    pub threads: usize,
    /// Whether to look for new sessions, again and again.
    pub watch: bool,
}

/// Answers until the process ends. `opened` is told the address to open first, which holds the token.
///
/// # Errors
/// If the address cannot be listened at.
pub fn serve(site: Site, listener: TcpListener, token: Token, opened: impl FnOnce(&str)) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let app = Arc::new(held::App::new(site, guard::Guard::new(token, address)));
    watch::start(&app);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        opened(&app.guard.first_address());
        axum::serve(listener, pages::router(app)).await
    })
}

/// Listens at this port of this machine alone, or at any free one.
///
/// # Errors
/// If the port is taken.
pub fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)))
}

//! What the tests stand on: a browser, a server, and transcripts for it to serve.

mod browser;
mod corpus;
mod driver;
mod http;
mod pages;
mod running;
mod served;
mod visit;

pub use browser::{Programs, programs, said};
pub use corpus::{folder, hostile, long, metier, sample, team};
pub use http::{Reply, ask};
pub use pages::{pages, session_pages};
pub use running::Running;
pub use served::Served;
pub use visit::{DESK, PHONE, Visit};

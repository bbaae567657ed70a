//! A process that ends when its owner goes out of scope, on a panic too.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use super::said;

/// A process of ours.
pub struct Running(Child);

impl Running {
    /// Starts it, and gives the first line of its output that `wanted` takes. What it says afterwards is read and dropped, so that
    /// it never waits for a reader.
    pub fn start<T>(command: &mut Command, wanted: impl Fn(&str) -> Option<T>) -> (Running, T) {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let running = Running(child);
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(
                said.read_line(&mut line).unwrap(),
                0,
                "{command:?} ended without saying where it listens"
            );
            if let Some(found) = wanted(line.trim_end()) {
                thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
                return (running, found);
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that ended by itself did so for a reason, which is not to be lost.
        if let Ok(Some(status)) = self.0.try_wait() {
            said(&format!("a process of the tests had ended before them: {status}"));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

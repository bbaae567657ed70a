//! Work on many things at once.

use std::sync::{Mutex, PoisonError};
use std::{panic, thread};

/// What the work makes of each thing, in their order; threads take the next one when they are done.
pub(crate) fn side_by_side<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    each(things.iter().collect(), true, work)
}

/// The same of things that are given away. Where it is not `worth` a thread they are worked on one after another.
pub(crate) fn each<T: Send, R: Send>(things: Vec<T>, worth: bool, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get()).min(things.len());
    if threads < 2 || !worth {
        return things.into_iter().map(work).collect();
    }
    let left = Mutex::new(things.into_iter().enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take = || {
        let mut done = Vec::new();
        while let Some((at, thing)) = next() {
            done.push((at, work(thing)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(take)).collect();
        let mut done = take();
        for worker in workers {
            done.extend(worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|one| one.0);
    done.into_iter().map(|one| one.1).collect()
}

/// Sessions from which on it is worth a thread to estimate a part of a finding.
pub(crate) const WORTH: usize = 20_000;

//! Any bytes, as the beginning and end of a file of which nobody knows yet whose it is.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| metier_fuzz::recognises(bytes));

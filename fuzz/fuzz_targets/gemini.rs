//! Any bytes, read as transcripts of this agent and measured.
#![no_main]

use libfuzzer_sys::fuzz_target;
use metier_session::Agent;

fuzz_target!(|bytes: &[u8]| metier_fuzz::reads(Agent::Gemini, bytes));

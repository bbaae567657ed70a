//! Nothing: the tests stand in `tests/browser`.

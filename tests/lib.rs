//! Nothing to build: the black-box tests live in `it/`.

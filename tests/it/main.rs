//! Black-box tests of the real binary, one file per feature. Unit tests live beside the code.

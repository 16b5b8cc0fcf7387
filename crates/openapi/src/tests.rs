//! What the tests share.

use crate::Description;

/// A description with these lines behind its head.
pub(crate) fn described(rest: &str) -> Description {
    let text = format!("openapi: 3.1.0\ninfo: {{ title: Orders, version: '1' }}\n{rest}");
    Description::read(&text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"))
}

/// The same in the words of 3.0.
pub(crate) fn described_30(rest: &str) -> Description {
    let text = format!("openapi: 3.0.3\ninfo: {{ title: Orders, version: '1' }}\n{rest}");
    Description::read(&text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"))
}

//! The known path that a wrong one was probably meant to be, for the words of a 404.

use super::Surface;

/// A path is not compared beyond this: no known one is longer.
const COMPARED_MAX: usize = 64;

/// Method and path of the surface that is nearest to what was asked for.
#[must_use]
pub fn nearest(method: &str, path: &str) -> (&'static str, &'static str) {
    let path = path.as_bytes();
    let path = &path[..path.len().min(COMPARED_MAX)];
    let mut best = (usize::MAX, ("POST", "/v1/chat/completions"));
    for surface in Surface::ALL {
        for pattern in surface.paths() {
            let other = usize::from(surface.method() != method);
            let distance = distance(path, pattern.as_bytes()) * 2 + other;
            if distance < best.0 {
                best = (distance, (surface.method(), pattern));
            }
        }
    }
    best.1
}

/// How many bytes are to be put in, taken out or changed.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row = [0; COMPARED_MAX + 1];
    for (place, cell) in row.iter_mut().enumerate() {
        *cell = place;
    }
    let right = &right[..right.len().min(COMPARED_MAX)];
    for (line, one) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (place, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(one != other);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[right.len()]
}

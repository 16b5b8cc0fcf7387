//! What a request that no surface has was probably meant to be, for the words of a 404 or 405.

use super::Surface;

/// A path is not compared beyond this: no known one is longer.
const COMPARED_MAX: usize = 64;

/// What may differ of a path that was meant as another: one byte of so many. More is no slip but
/// another path, and naming any for it would only mislead.
const BYTES_A_SLIP: usize = 4;

/// Method and path of the surface that is nearest to what was asked for, where one is near enough
/// to be meant.
#[must_use]
pub fn nearest(method: &str, path: &str) -> Option<(&'static str, &'static str)> {
    let path = path.as_bytes();
    let path = &path[..path.len().min(COMPARED_MAX)];
    let mut best = (path.len() / BYTES_A_SLIP * 2 + 2, None);
    for surface in Surface::ALL {
        for pattern in surface.paths() {
            let other = usize::from(surface.method() != method);
            let distance = distance(path, pattern.as_bytes()) * 2 + other;
            if distance < best.0 {
                best = (distance, Some((surface.method(), *pattern)));
            }
        }
    }
    best.1
}

/// The methods with which a path is known, each once, in the order of the table.
#[must_use]
pub fn methods(path: &str, query: &str) -> Vec<&'static str> {
    let mut methods = Vec::new();
    for surface in Surface::ALL {
        let method = surface.method();
        if !methods.contains(&method) && Surface::of(method, path, query).is_some() {
            methods.push(method);
            if method == "GET" && Surface::of("HEAD", path, query).is_some() {
                methods.push("HEAD");
            }
        }
    }
    methods
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

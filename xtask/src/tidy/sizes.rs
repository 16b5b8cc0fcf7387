//! The largest files and functions, to look at; a size is never an error.

use super::source::Source;

/// Lines to print: the medians, and the largest of each kind.
pub(super) fn largest(sources: &[Source], shown: usize) -> Vec<String> {
    let mut files: Vec<(usize, String)> = Vec::new();
    let mut functions: Vec<(usize, String)> = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        files.push((source.shipped_lines().count(), source.path.clone()));
        for (lines, number, name) in functions_of(source) {
            functions.push((lines, format!("{name} at {}:{number}", source.path)));
        }
    }
    let mut report = Vec::new();
    for (kind, mut all) in [("file", files), ("function", functions)] {
        all.sort_by(|a, b| b.cmp(a));
        let Some((middle, _)) = all.get(all.len() / 2) else { continue };
        report.push(format!("{} {kind}s, median {middle} lines; the largest:", all.len()));
        report
            .extend(all.into_iter().take(shown).map(|(lines, name)| format!("{lines:>6} {name}")));
    }
    report
}

/// Length, line and name of each function. rustfmt puts the closing brace of a function under its
/// first letter, so the end is found by indentation.
fn functions_of(source: &Source) -> Vec<(usize, usize, String)> {
    let lines: Vec<(usize, &str)> = source.shipped_lines().collect();
    let mut found = Vec::new();
    for (at, (number, line)) in lines.iter().enumerate() {
        let body = line.trim_start();
        let Some((before, after)) = body.split_once("fn ") else { continue };
        let is_definition = before.split_whitespace().all(|word| {
            ["pub", "async", "const", "unsafe"].contains(&word) || word.starts_with("pub(")
        });
        if !is_definition || body.ends_with(';') || body.starts_with("//") {
            continue;
        }
        let end = format!("{}}}", " ".repeat(line.len() - body.len()));
        let length = lines[at..].iter().position(|(_, line)| *line == end).map_or(1, |end| end + 1);
        let name = after.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        found.push((length, *number, name.to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_as_long_as_its_braces_say() {
        let text = "//! A.\npub async fn a() {\n    b();\n}\n\nimpl C {\n    fn d() {}\n}\n";
        let source = Source { path: "a.rs".to_owned(), text: text.to_owned(), is_test: false };
        let found = functions_of(&source);
        assert_eq!(found[0], (3, 2, "a".to_owned()));
        assert_eq!(found[1].2, "d");
    }
}

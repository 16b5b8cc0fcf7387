//! Tells what is made of a description: `cargo run --release -p architrave-openapi --example
//! describe < FILE`. For trying out published ones.

use std::collections::BTreeMap;
use std::time::Instant;

use architrave_config::ApiRequest;
use architrave_openapi::mock::Mock;
use architrave_openapi::{Description, lint};

#[expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a tool of one's own")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = std::io::read_to_string(std::io::stdin())?;
    let begun = Instant::now();
    let description = match Description::read(&text) {
        Ok(description) => description,
        Err(faults) => {
            faults.iter().take(10).for_each(|fault| println!("{fault}"));
            return Err(format!("{} faults", faults.len()).into());
        }
    };
    let count = description.operations().len();
    println!(
        "{} {}: {count} operations, read in {:?}",
        description.title(),
        description.version(),
        begun.elapsed()
    );
    let begun = Instant::now();
    let findings = lint(&description);
    println!("{} findings in {:?}", findings.len(), begun.elapsed());
    let mut rules: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for finding in &findings {
        let told = rules.entry(finding.rule.name).or_default();
        told.0 += 1;
        told.1 = format!("line {} {}: {}", finding.line, finding.pointer, finding.message);
    }
    rules.iter().for_each(|(rule, (count, last))| println!("  {count} {rule}, such as {last}"));
    let begun = Instant::now();
    let mock = Mock::new(description);
    println!("a mock in {:?}", begun.elapsed());
    let begun = Instant::now();
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    let mut slowest = std::time::Duration::ZERO;
    for operation in mock.description().operations() {
        let path = operation.path.replace(['{', '}'], "");
        let at = Instant::now();
        let answer = mock.answer(&ApiRequest {
            method: &operation.method,
            path: &path,
            query: "",
            headers: &[],
            body: b"",
        });
        slowest = slowest.max(at.elapsed());
        *statuses.entry(answer.status).or_default() += 1;
    }
    println!("answers {statuses:?} in {:?}, the slowest in {slowest:?}", begun.elapsed());
    Ok(())
}

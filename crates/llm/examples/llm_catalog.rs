//! Writes `catalog/models.txt` anew from a price list of LiteLLM's form.
//!
//! `cargo run -p architrave-llm --example llm_catalog < model_prices.json`

use std::path::Path;

use architrave_llm::catalog::PriceMap;

const HEAD: &str = "\
# Models: provider/name kind input-max output-max abilities prices, USD a million tokens.
# Facts from LiteLLM's model price list (MIT licence), written by the example `llm_catalog`.
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = std::io::read_to_string(std::io::stdin())?;
    let list = PriceMap::read(&text, |_| false)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog/models.txt");
    std::fs::write(target, format!("{HEAD}{}", list.rows))?;
    Ok(())
}

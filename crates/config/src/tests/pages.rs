//! The examples of the pages about models: each is valid where there is a listener.

use super::world::World;
use crate::load;

const PAGES: [(&str, &str); 3] = [
    ("models.md", include_str!("../../../../docs/models.md")),
    ("prompts.md", include_str!("../../../../docs/prompts.md")),
    ("budgets.md", include_str!("../../../../docs/budgets.md")),
];

#[test]
fn every_example_of_a_page_is_valid() {
    for (page, text) in PAGES {
        let examples: Vec<_> = text.split("```yaml\n").skip(1).collect();
        assert!(!examples.is_empty(), "{page}");
        for example in examples {
            let example = example.split("```").next().unwrap();
            let file = format!(
                "version: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n{example}"
            );
            let loaded = load(&file, page, &World);
            assert!(loaded.is_ok(), "{:#?}", loaded.unwrap_err());
        }
    }
}

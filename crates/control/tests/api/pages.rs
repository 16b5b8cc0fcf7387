//! The pages of docs/ that are made from the code are fresh. Run with `ARCHITRAVE_GOLDEN=write` in
//! the environment of the build, this writes them.

use std::path::{Path, PathBuf};

use architrave_control::{Page, pages};

fn path(page: &Page) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page.path)
}

/// The page with the piece in it.
fn whole(page: &Page) -> String {
    let Some(mark) = page.mark else { return page.text.clone() };
    let text = std::fs::read_to_string(path(page)).unwrap();
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->"));
    let (head, rest) = text.split_once(&begin).expect("the piece has a place");
    let (_, tail) = rest.split_once(&end).expect("the piece has an end");
    format!("{head}{begin}{}{end}{tail}", page.text)
}

#[test]
fn generated_pages_are_fresh() {
    for page in pages() {
        let wanted = whole(&page);
        if option_env!("ARCHITRAVE_GOLDEN") == Some("write") {
            std::fs::write(path(&page), &wanted).unwrap();
        }
        let is_fresh = std::fs::read_to_string(path(&page)).is_ok_and(|text| text == wanted);
        assert!(is_fresh, "{} is stale: run `make gen` and commit it", page.path);
    }
}

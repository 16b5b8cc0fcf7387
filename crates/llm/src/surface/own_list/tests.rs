//! Pages of lists without what is others', and how one leads to the next.

use super::*;

/// Things whose id ends so are one's own.
fn is_own((_, id): &KeptId) -> bool {
    id.ends_with('a')
}

fn asked(surface: Surface, query: &str) -> ListAsk {
    ListAsk::of(surface, query).expect("a list")
}

#[track_caller]
fn told(ask: &ListAsk, page: &str) -> (String, bool) {
    let own = ask.own(page.as_bytes(), is_own).expect("a page");
    (String::from_utf8(own.body).unwrap(), own.has_any)
}

#[test]
fn a_page_has_ones_own_things_alone_as_they_came() {
    let ask = asked(Surface::OpenaiBatchList, "");
    let page = r#"{"object":"list","data":[{"id":"b1a", "n":1.0},{"id":"b2"},{"x":{"id":"b3a"}},{"id":"b4a"}],"first_id":"b1a","last_id":"b5","has_more":true}"#;
    let own = r#"{"object":"list","data":[{"id":"b1a", "n":1.0},{"id":"b4a"}],"first_id":"b1a","last_id":"b4a","has_more":true}"#;
    assert_eq!(told(&ask, page), (own.to_owned(), true));
    let none = r#"{"data":[{"id":"b2"}],"first_id":"b2","last_id":"b2","has_more":false}"#;
    let left = r#"{"data":[],"first_id":null,"last_id":null,"has_more":false}"#;
    assert_eq!(told(&ask, none), (left.to_owned(), false));
    for bad in ["<html>", "[]", r#"{"data":["#] {
        assert!(ask.own(bad.as_bytes(), is_own).is_err(), "{bad}");
    }
}

#[test]
fn a_page_has_no_more_than_was_asked_for() {
    let page = r#"{"data":[{"id":"1a"},{"id":"2a"},{"id":"3a"}],"last_id":"3a","has_more":false}"#;
    let ask = asked(Surface::AnthropicBatchList, "limit=2");
    assert_eq!(ask.query(), "limit=1000");
    let first = r#"{"data":[{"id":"1a"},{"id":"2a"}],"last_id":"2a","has_more":true}"#;
    assert_eq!(told(&ask, page).0, first);
    // Who goes back wants what is next to where it comes from.
    let ask = asked(Surface::AnthropicBatchList, "before_id=4a&limit=2");
    let last = r#"{"data":[{"id":"2a"},{"id":"3a"}],"last_id":"3a","has_more":true}"#;
    assert_eq!(told(&ask, page).0, last);
    // What is no number is for the provider to refuse.
    for query in ["limit=0", "limit=x", "limit=1001"] {
        let ask = asked(Surface::AnthropicBatchList, query);
        assert_eq!((ask.query(), ask.wanted), (query, None));
    }
}

#[test]
fn one_page_leads_to_the_next_until_the_last() {
    let page = |ask: &ListAsk, page: &str| ask.own(page.as_bytes(), is_own).expect("a page");
    let mut ask = asked(Surface::OpenaiChatList, "model=m&after=x");
    assert_eq!(ask.query(), "model=m&after=x&limit=100");
    let more = page(&ask, r#"{"data":[{"id":"1"},{"id":"2 &"}],"has_more":true}"#);
    assert!(!more.has_any && ask.next(&more));
    assert_eq!(ask.query(), "model=m&limit=100&after=2%20%26");
    let last = page(&ask, r#"{"data":[{"id":"3"}],"has_more":false}"#);
    assert!(!ask.next(&last));
    let mut ask = asked(Surface::AnthropicFileList, "before_id=9");
    let more = page(&ask, r#"{"data":[{"id":"7"},{"id":"8"}],"has_more":true}"#);
    assert!(ask.next(&more));
    assert_eq!(ask.query(), "limit=1000&before_id=7");
    // A page of nothing leads nowhere, whatever it says.
    let nothing = page(&ask, r#"{"data":[],"has_more":true}"#);
    assert!(!ask.next(&nothing));
}

#[test]
fn a_page_of_geminis_leads_on_by_its_token() {
    let mut ask = asked(Surface::GeminiCacheList, "page_token=t0");
    assert_eq!(ask.query(), "page_token=t0&pageSize=100");
    let page = r#"{"cachedContents":[{"name":"cachedContents/1a"},{"name":"cachedContents/2"}],"nextPageToken":"t/1"}"#;
    let own = r#"{"cachedContents":[{"name":"cachedContents/1a"}],"nextPageToken":"t/1"}"#;
    assert_eq!(told(&ask, page), (own.to_owned(), true));
    let page = ask.own(page.as_bytes(), is_own).unwrap();
    assert!(ask.next(&page));
    assert_eq!(ask.query(), "pageSize=100&pageToken=t%2F1");
    assert_eq!(told(&ask, "{}"), ("{}".to_owned(), false));
    assert_eq!(asked(Surface::GeminiFileList, "pageSize=3").query(), "pageSize=3");
    let files = asked(Surface::GeminiFileList, "");
    assert_eq!(told(&files, r#"{"files":[{"name":"files/1"}]}"#).0, r#"{"files":[]}"#);
}

#[test]
fn every_list_of_what_all_keep_can_be_told() {
    for surface in Surface::ALL {
        let lists = surface.operation().lists_kept();
        assert_eq!(ListAsk::of(*surface, "").is_some(), lists, "{surface:?}");
    }
}

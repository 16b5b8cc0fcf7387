//! Lists of what a provider keeps, told to one of the many consumers that keep things there: its own
//! things alone, page by page.
//!
//! Nothing is made up: a page told is a page of the provider's with what is others' taken out. Of a
//! page that has nothing of one's own, clients would take it that it is the last; so the next one is
//! asked for in its place, which [`ListAsk::next`] says how.

use std::ops::Range;

use super::{Family, Kept, KeptId, Operation, Surface};
use crate::json::{Cursor, JsonError, Kind, Writer};
use crate::scan::Splice;
use crate::segment::{decode, encode};

/// How a list is asked for and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ListForm {
    /// What is listed.
    kept: Kept,
    /// The field that has the list.
    field: &'static str,
    pages: Pages,
}

/// How one page leads to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pages {
    /// By the id of its last thing: what follows it, or what comes before its first, is asked for.
    Ids {
        after: &'static str,
        before: &'static str,
        /// How many things a page has where the client does not say it, and at most. Where the
        /// default is the most, nothing is said.
        size: Option<(usize, usize)>,
    },
    /// By a token that the page says.
    Tokens,
}

/// How many things a page of Gemini's is asked to have where the client does not say it.
const TOKEN_PAGE: &str = "100";

impl ListForm {
    fn of(surface: Surface) -> Option<Self> {
        let operation = surface.operation();
        let kept = operation.kept().filter(|_| operation.lists_kept())?;
        let form = |field, pages| Some(Self { kept, field, pages });
        match (surface.family(), operation) {
            (Family::Gemini, Operation::FileList) => form("files", Pages::Tokens),
            (Family::Gemini, Operation::BatchList) => form("operations", Pages::Tokens),
            (Family::Gemini, _) => form("cachedContents", Pages::Tokens),
            (Family::Anthropic, _) => {
                let size = Some((20, 1_000));
                form("data", Pages::Ids { after: "after_id", before: "before_id", size })
            }
            (_, operation) => {
                let size = (operation != Operation::FileList).then_some((20, 100));
                form("data", Pages::Ids { after: "after", before: "before", size })
            }
        }
    }
}

/// A list as a client asks for it, and from page to page as the provider is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAsk {
    form: ListForm,
    query: String,
    /// How many things the client wants at most, where a page may have more.
    wanted: Option<usize>,
    is_backward: bool,
}

/// What is to be told of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPage {
    /// The page without what is others'.
    pub body: Vec<u8>,
    /// Whether anything is left of it.
    pub has_any: bool,
    next: Option<String>,
}

/// A page of the provider's.
#[derive(Debug, Default)]
struct Page {
    things: Vec<(Range<usize>, Option<String>)>,
    list: Option<Range<usize>>,
    first_id: Option<Range<usize>>,
    last_id: Option<Range<usize>>,
    has_more: Option<(Range<usize>, bool)>,
    token: Option<String>,
}

impl ListAsk {
    /// What a query asks for at a surface that lists what all keep; nothing where it is another one.
    #[must_use]
    pub fn of(surface: Surface, query: &str) -> Option<Self> {
        let form = ListForm::of(surface)?;
        let mut ask = Self { form, query: query.to_owned(), wanted: None, is_backward: false };
        match form.pages {
            Pages::Tokens => {
                if !["pageSize", "page_size"].iter().any(|name| said(query, name).is_some()) {
                    ask.set("pageSize", TOKEN_PAGE);
                }
            }
            Pages::Ids { after, before, size } => {
                ask.is_backward = said(query, before).is_some() && said(query, after).is_none();
                if let Some((usual, most)) = size {
                    let stated = said(query, "limit");
                    let wanted = match &stated {
                        None => Some(usual),
                        // What is no number, or too high a one, the provider refuses.
                        Some(text) => text.parse().ok().filter(|it| (1..=most).contains(it)),
                    };
                    if let Some(wanted) = wanted {
                        ask.wanted = Some(wanted);
                        ask.set("limit", itoa::Buffer::new().format(most));
                    }
                }
            }
        }
        Some(ask)
    }

    /// The model whose answers alone are asked for.
    #[must_use]
    pub fn model(&self) -> Option<String> {
        said(&self.query, "model")
    }

    /// Asks for those of that model.
    pub fn set_model(&mut self, model: &str) {
        self.set("model", model);
    }

    /// The query of the page that is to be asked for.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Goes on to the page behind that one; `false` where that is the last.
    pub fn next(&mut self, page: &OwnPage) -> bool {
        let Some(next) = &page.next else { return false };
        match self.form.pages {
            Pages::Tokens => {
                self.take_out("page_token");
                self.set("pageToken", next);
            }
            Pages::Ids { after, before, .. } => {
                self.set(if self.is_backward { before } else { after }, next);
            }
        }
        true
    }

    /// A page of the provider's without what is others'.
    ///
    /// # Errors
    /// That it is no page of such a list.
    pub fn own(&self, body: &[u8], is_own: impl Fn(&KeptId) -> bool) -> Result<OwnPage, JsonError> {
        let not_text = || JsonError { at: 0, path: String::new(), why: "is not UTF-8" };
        let text = std::str::from_utf8(body).map_err(|_not_text| not_text())?;
        let page = self.read(text)?;
        let owns = |(_, id): &&(Range<usize>, Option<String>)| {
            id.as_ref().is_some_and(|id| is_own(&(self.form.kept, id.clone())))
        };
        let mut own: Vec<_> = page.things.iter().filter(owns).collect();
        let all = own.len();
        if let Some(wanted) = self.wanted.filter(|wanted| *wanted < all) {
            match self.is_backward {
                true => drop(own.drain(..all - wanted)),
                false => own.truncate(wanted),
            }
        }
        let mut splice = Splice::new();
        if let Some(list) = page.list.clone() {
            let things = own.iter().map(|(span, _)| &text[span.clone()]);
            let things = things.collect::<Vec<_>>().join(",");
            splice.edit(list, format!("[{things}]").into_bytes());
        }
        let ends = [(&page.first_id, own.first()), (&page.last_id, own.last())];
        for (span, thing) in ends {
            let Some(span) = span else { continue };
            let id = thing.and_then(|(_, id)| id.as_deref());
            splice.edit(span.clone(), text_or_null(id));
        }
        if let Some((span, false)) = page.has_more.clone().filter(|_| own.len() < all) {
            splice.edit(span, b"true".to_vec());
        }
        let next = self.next_of(&page);
        Ok(OwnPage { body: splice.apply(body), has_any: !own.is_empty(), next })
    }

    /// What says where the page behind that one begins.
    fn next_of(&self, page: &Page) -> Option<String> {
        match self.form.pages {
            Pages::Tokens => page.token.clone().filter(|token| !token.is_empty()),
            Pages::Ids { .. } => {
                let has_more = page.has_more.as_ref().is_some_and(|(_, has_more)| *has_more);
                let end = if self.is_backward { page.things.first() } else { page.things.last() };
                end.filter(|_| has_more)?.1.clone()
            }
        }
    }

    fn read(&self, text: &str) -> Result<Page, JsonError> {
        let mut page = Page::default();
        let mut cursor = Cursor::new(text);
        let span_of = |cursor: &mut Cursor<'_>| {
            let from = cursor.at();
            cursor.skip()?;
            Ok(from..cursor.at())
        };
        cursor.object(|cursor, name| {
            match (name, cursor.kind()) {
                (name, Kind::Array) if name == self.form.field => {
                    let from = cursor.at();
                    cursor.array(|cursor| {
                        let thing = self.thing(cursor)?;
                        page.things.push(thing);
                        Ok(())
                    })?;
                    page.list = Some(from..cursor.at());
                }
                ("first_id", _) => page.first_id = Some(span_of(cursor)?),
                ("last_id", _) => page.last_id = Some(span_of(cursor)?),
                ("has_more", Kind::Scalar) => {
                    let span = span_of(cursor)?;
                    page.has_more = Some((span.clone(), &text[span] == "true"));
                }
                ("nextPageToken", Kind::Text) => page.token = Some(cursor.text()?.into_owned()),
                _ => cursor.skip()?,
            }
            Ok(())
        })?;
        cursor.end()?;
        Ok(page)
    }

    /// Where a thing of the list lies, and its id, where it says one.
    fn thing(&self, cursor: &mut Cursor<'_>) -> Result<(Range<usize>, Option<String>), JsonError> {
        let (from, mut id) = (cursor.at(), None);
        if cursor.kind() != Kind::Object {
            cursor.skip()?;
            return Ok((from..cursor.at(), None));
        }
        let is_named = self.form.pages == Pages::Tokens;
        cursor.object(|cursor, name| match (name, cursor.kind()) {
            ("id", Kind::Text) if !is_named => {
                id = Some(cursor.text()?.into_owned());
                Ok(())
            }
            // With its collection before the id.
            ("name", Kind::Text) if is_named => {
                id = cursor.text()?.rsplit('/').next().map(str::to_owned);
                Ok(())
            }
            _ => cursor.skip(),
        })?;
        Ok((from..cursor.at(), id))
    }

    fn set(&mut self, name: &str, value: &str) {
        self.take_out(name);
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(name);
        self.query.push('=');
        encode(value, &mut self.query);
    }

    fn take_out(&mut self, name: &str) {
        let pairs = self.query.split('&').filter(|pair| !is_called(pair, name));
        self.query = pairs.collect::<Vec<_>>().join("&");
    }
}

/// What a query says under a name, the first time.
fn said(query: &str, name: &str) -> Option<String> {
    let pair = query.split('&').find(|pair| is_called(pair, name))?;
    let value = pair.split_once('=').map_or("", |(_, value)| value);
    Some(decode(value).map_or_else(String::new, |value| value.into_owned()))
}

/// Whether a parameter has a name, however that is written.
fn is_called(pair: &str, name: &str) -> bool {
    let own = pair.split('=').next().unwrap_or_default();
    decode(own).is_some_and(|own| own == name)
}

fn text_or_null(text: Option<&str>) -> Vec<u8> {
    let mut value = Vec::new();
    let mut writer = Writer::new(&mut value);
    match text {
        Some(text) => writer.text(text),
        None => writer.null(),
    };
    value
}

#[cfg(test)]
mod tests;

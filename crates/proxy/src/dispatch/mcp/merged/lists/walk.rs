//! Lists that are read to their end before anybody is told of them, where names stay as they are.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use architrave_mcp::list::ListKind;

use super::{Page, in_its_place, read};
use crate::dispatch::mcp::Missed;
use crate::dispatch::mcp::fan::ask_all;
use crate::dispatch::mcp::gathered::foreign;
use crate::dispatch::mcp::merged::Said;
use crate::exchange::Exchange;
use crate::mcp::Known;
use crate::worker::Worker;

/// More pages than this are not asked for.
const PAGES_MAX: usize = 64;

/// More names of one server are not kept: each of them is known as long as the server is.
const NAMES_MAX: usize = 16 * 1024;

/// A walk is not gone on with after this, however quickly each page comes.
const WALK_MAX: Duration = Duration::from_secs(30);

/// Asks for the pages that follow, and notes what each server has that was read to its end. One that
/// has more than is taken, or breaks off, is missing.
pub(super) async fn follow(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    said: &Said<'_>,
    (kind, page): (ListKind, &mut Page),
) -> Result<(), Missed> {
    let began = worker.now();
    let mut walks: BTreeMap<usize, Vec<Known>> = BTreeMap::new();
    page.lists.drain(..).for_each(|(place, known)| walks.entry(place).or_default().push(known));
    for _ in 1..PAGES_MAX {
        if worker.now().since(began) > WALK_MAX {
            break;
        }
        let id = worker.with_random(|random| format!("\"page-{}\"", random.u64(..)));
        let further = walks.iter().filter(|(_, pages)| names_of(pages) <= NAMES_MAX);
        let further = further.filter_map(|(place, pages)| {
            let cursor = pages.last()?.list.next.as_deref()?;
            Some(in_its_place(said, *place, (kind, &id, Some(cursor))))
        });
        let asked: Vec<_> = further.collect();
        if asked.is_empty() {
            break;
        }
        for (place, answer) in pin!(ask_all(worker, exchange, said.service, asked, Some(&id))).await
        {
            if let Ok(gathered) = &answer {
                said.hold_session(place, gathered)?;
            }
            match answer.and_then(|gathered| read(kind, gathered, &id)) {
                Ok(Some(known)) => walks.entry(place).or_default().push(known),
                Ok(None) => {
                    walks.remove(&place);
                    page.failure = Some(foreign("the server gave a part of its list"));
                }
                Err(failure) => {
                    walks.remove(&place);
                    page.failure = Some(failure);
                }
            }
        }
    }
    for place in &page.without {
        said.service.servers[*place].list(kind).learn(std::iter::empty());
    }
    for (place, pages) in walks {
        let server = &said.service.servers[place];
        let is_whole = pages.last().is_some_and(|last| last.list.next.is_none());
        if !is_whole || names_of(&pages) > NAMES_MAX {
            tracing::warn!(
                server = server.name(),
                "an MCP server is left out: its list is too long"
            );
            page.failure = Some(foreign("the server's list is too long"));
            continue;
        }
        let entries = pages.iter().flat_map(|known| &known.list.entries);
        server.list(kind).learn(entries.map(|entry| entry.key.as_str()));
        page.lists.extend(pages.into_iter().map(|known| (place, known)));
    }
    Ok(())
}

fn names_of(pages: &[Known]) -> usize {
    pages.iter().map(|known| known.list.entries.len()).sum()
}

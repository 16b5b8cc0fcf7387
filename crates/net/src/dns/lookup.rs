//! The queries behind an answer.
//!
//! Both address families are asked at once, and the targets of SRV records side by side.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError as Negative, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::DnsError;
use super::answer::{Found, Gathered, plain_name};
use super::sources::Sources;

/// How many targets of SRV records are asked about; more than that is a mistake or an attack.
const TARGETS_MAX: usize = 256;

/// The addresses of a name. An address literal is its own answer.
pub(super) async fn addresses(sources: &Sources, name: &str) -> Result<Found, DnsError> {
    if let Ok(address) = name.parse() {
        return Ok(Found { addresses: vec![address], ..Found::default() });
    }
    let parsed = parse(name)?;
    let families = [RecordType::A, RecordType::AAAA];
    let known: Vec<_> = families
        .into_iter()
        .filter_map(|family| {
            sources.hosts.lookup_static_host(&Query::query(parsed.clone(), family))
        })
        .collect();
    if !known.is_empty() {
        return Ok(found_in(&known, None));
    }
    let (v4, v6) = tokio::join!(
        query(sources, name, parsed.clone(), families[0]),
        query(sources, name, parsed.clone(), families[1])
    );
    match (v4, v6) {
        (Ok(v4), Ok(v6)) => Ok(found_in(&[v4, v6], None)),
        (Ok(v4), Err(error)) => Ok(found_in(&[v4], (!error.is_about_the_name()).then_some(true))),
        (Err(error), Ok(v6)) => Ok(found_in(&[v6], (!error.is_about_the_name()).then_some(false))),
        // Of two failures, the one that says less about the name itself is the one to act on.
        (Err(first), Err(second)) => Err(if first.is_about_the_name() { second } else { first }),
    }
    .and_then(|found| {
        let nothing = || DnsError::NoRecords { name: name.to_owned(), wanted: "A or AAAA" };
        if found.addresses.is_empty() { Err(nothing()) } else { Ok(found) }
    })
}

/// The SRV records of a name with the addresses of their targets.
pub(super) async fn services(sources: &Sources, name: &str) -> Result<Gathered, DnsError> {
    let records = query(sources, name, parse(name)?, RecordType::SRV).await?;
    let services: Vec<&SRV> = records
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            // A target of "." says that the service is decidedly not to be had (RFC 2782).
            RData::SRV(service) if !service.target.is_root() => Some(service),
            _ => None,
        })
        .collect();
    if services.is_empty() {
        return Err(DnsError::NoRecords { name: name.to_owned(), wanted: "SRV" });
    }
    let mut targets = BTreeMap::new();
    for service in services.iter().take(TARGETS_MAX) {
        let target = plain_name(&service.target.to_utf8());
        targets.entry(target).or_insert_with(Vec::new).push(*service);
    }
    let asked = targets.keys().map(|target| async move {
        // With the final dot the search list of the system is left alone.
        addresses(sources, &format!("{target}.")).await
    });
    let outcomes = join_all(asked).await;
    let mut gathered = Gathered::default();
    gathered.limit_ttl(shortest_ttl(&records));
    for ((target, services), outcome) in targets.iter().zip(outcomes) {
        match outcome {
            Ok(found) => add_target(&mut gathered, &found, services, target),
            Err(failure) => gathered.add_failure(failure, target),
        }
    }
    Ok(gathered)
}

fn add_target(gathered: &mut Gathered, found: &Found, services: &[&SRV], target: &Arc<str>) {
    for service in services {
        let (port, weight) = (service.port, service.weight);
        gathered.add_addresses(found, port, weight, service.priority, target);
    }
}

async fn query(
    sources: &Sources,
    text: &str,
    name: Name,
    wanted: RecordType,
) -> Result<Lookup, DnsError> {
    let failed = |detail: String| DnsError::Failed { name: text.to_owned(), detail };
    let Some(name_servers) = &sources.name_servers else {
        return Err(failed("the resolver could not be set up".to_owned()));
    };
    name_servers.lookup(name, wanted).await.map_err(|error| match error {
        NetError::Timeout => DnsError::Timeout { name: text.to_owned() },
        NetError::Dns(Negative::NoRecordsFound(none)) => {
            if none.response_code == ResponseCode::NXDomain {
                return DnsError::NoSuchName { name: text.to_owned() };
            }
            DnsError::NoRecords { name: text.to_owned(), wanted: wanted.into() }
        }
        other => failed(other.to_string()),
    })
}

fn found_in(lookups: &[Lookup], missing: Option<bool>) -> Found {
    let records = lookups.iter().flat_map(|lookup| lookup.answers());
    Found {
        addresses: records.filter_map(|record| record.data.ip_addr()).collect(),
        ttl: lookups.iter().filter_map(shortest_ttl).min(),
        missing,
    }
}

/// The shortest TTL of all records, those of aliases on the way included.
fn shortest_ttl(lookup: &Lookup) -> Option<Duration> {
    let seconds = lookup.answers().iter().map(|record| record.ttl).min()?;
    Some(Duration::from_secs(u64::from(seconds)))
}

fn parse(name: &str) -> Result<Name, DnsError> {
    let not_a_name = || DnsError::Name { name: name.to_owned() };
    let parsed = Name::from_utf8(name).map_err(|_| not_a_name())?;
    if parsed.num_labels() == 0 { Err(not_a_name()) } else { Ok(parsed) }
}

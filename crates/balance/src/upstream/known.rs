//! What is known of an upstream's endpoints, and who they are where the configuration does not say
//! it, for the process that goes on in this one's place.
//!
//! It is told whole once and then again what has changed. Endpoints are the same by their upstream,
//! address and name, as in a reload.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use architrave_core::name::UpstreamName;
use architrave_core::{Moment, Parcel, ParcelReader};

use super::{Upstream, lock};
use crate::endpoint::{Endpoint, Judged, Known};
use crate::membership::{Discovered, LookedUp};

/// What another process knows of endpoints already, by what was put into parcels for it.
#[derive(Debug, Default)]
pub struct SentEndpoints(HashMap<UpstreamName, Sent>);

#[derive(Debug, Default)]
struct Sent {
    added_by_hand: Vec<Discovered>,
    judged: HashMap<SocketAddr, Judged>,
}

impl Upstream {
    /// Puts a block into a parcel: its name, answers of DNS, what was added by hand, endpoints.
    pub(crate) fn pack(&self, sent: &mut SentEndpoints, parcel: &mut Parcel) {
        let control = lock(&self.control);
        let is_first = !sent.0.contains_key(self.name());
        let sent = sent.0.entry(self.name().clone()).or_default();
        let added = control.membership.added_by_hand();
        let is_other = added != sent.added_by_hand;
        parcel.block(|parcel| {
            parcel.text(self.name().as_str());
            parcel.block(|parcel| {
                // Whoever asks by itself from the beginning knows as much as we do.
                let looked_up = control.membership.looked_up(&self.config);
                for (asked, answer) in looked_up.filter(|_| is_first) {
                    parcel.block(|parcel| pack_answer(asked, answer, parcel));
                }
            });
            parcel.maybe(is_other.then_some(added), |parcel, added| pack_list(added, parcel));
            parcel.block(|parcel| {
                for member in control.membership.members() {
                    let mut known = member.endpoint.known();
                    let address = member.endpoint.address();
                    let before = sent.judged.insert(address, known.judged);
                    if !is_first {
                        known.set = known.judged.set_since(before);
                    }
                    if before != Some(known.judged) {
                        parcel.block(|parcel| {
                            parcel.address(address);
                            parcel.maybe(member.endpoint.server_name(), Parcel::text);
                            known.pack(parcel);
                        });
                    }
                }
            });
        });
        if is_other {
            sent.added_by_hand = added.to_vec();
        }
    }

    /// Goes on from what such a block says behind the name. What it does not say stays as it is.
    pub(crate) fn unpack(&self, mut parcel: ParcelReader<'_>, now: Moment) {
        let Some(answers) = parcel.block() else { return };
        let mut control = lock(&self.control);
        let mut gone = Vec::new();
        for mut answer in answers.blocks() {
            let Some((asked, endpoints)) = unpack_answer(&mut answer) else { continue };
            let told = (asked, endpoints.as_slice());
            gone.extend(control.membership.recover_source(&self.config, told, &self.cohort));
        }
        let added = parcel.maybe(|parcel| Some(unpack_list(parcel.block()?)));
        if let Some(Some(added)) = added {
            gone.extend(control.membership.set_added_by_hand(added, &self.cohort));
        }
        self.after_change(&mut control, gone, now);
        if let Some(endpoints) = parcel.block() {
            let members = control.membership.members().iter();
            let members: HashMap<SocketAddr, &Arc<Endpoint>> =
                members.map(|member| (member.endpoint.address(), &member.endpoint)).collect();
            for mut block in endpoints.blocks() {
                let endpoint = block.address().and_then(|address| members.get(&address));
                let name = block.maybe(ParcelReader::text);
                let (Some(endpoint), Some(name)) = (endpoint, name) else { continue };
                if endpoint.server_name() == name
                    && let Some(known) = Known::unpack(&mut block)
                {
                    endpoint.recover(&known);
                }
            }
        }
        drop(control);
        // Requests are to see it at once, and not at the next tick.
        self.refresh(now);
    }
}

fn pack_answer(asked: LookedUp<'_>, answer: &[Discovered], parcel: &mut Parcel) {
    parcel.text(asked.name);
    parcel.maybe(asked.port, Parcel::u16);
    pack_list(answer, parcel);
}

fn unpack_answer<'a>(parcel: &mut ParcelReader<'a>) -> Option<(LookedUp<'a>, Vec<Discovered>)> {
    let asked = LookedUp { name: parcel.text()?, port: parcel.maybe(ParcelReader::u16)? };
    Some((asked, unpack_list(parcel.block()?)))
}

fn pack_list(endpoints: &[Discovered], parcel: &mut Parcel) {
    parcel.block(|parcel| {
        for endpoint in endpoints {
            parcel.block(|parcel| {
                parcel.address(endpoint.address);
                parcel.u32(endpoint.weight);
                parcel.u16(endpoint.priority);
                parcel.maybe(endpoint.server_name.as_deref(), Parcel::text);
            });
        }
    });
}

fn unpack_list(list: ParcelReader<'_>) -> Vec<Discovered> {
    let one = |mut block: ParcelReader<'_>| {
        Some(Discovered {
            address: block.address()?,
            weight: block.u32()?,
            priority: block.u16()?,
            server_name: block.maybe(ParcelReader::text)?.map(str::to_owned),
        })
    };
    list.blocks().filter_map(one).collect()
}

#[cfg(test)]
mod tests;

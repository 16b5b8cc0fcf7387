//! Other gateways of models beside ours at the same work, with nginx, which passes the bytes on, as
//! the yardstick.
//!
//! They cost ten to a thousand times what it costs, so what matters here is another thing than in
//! `llm`: a turn is long and has few connections where a request is dear, for what is under way when
//! a turn ends has cost and does not count.

use anyhow::{Context, Result, bail, ensure};

use super::scripts::Script;
use super::{LlmWork, ORIGIN, first};
use crate::bench::Options;
use crate::bench::llm_origin::CHUNKS;
use crate::bench::load::Load;
use crate::bench::peer::{Peer, Work};
use crate::bench::report::{Claim, Report, median, spread};
use crate::bench::stand::{BUSY_LEAST, Candidate, Running, Sample, Stand};
use crate::say;

/// All of them, the cheap first.
const PEERS: [Peer; 5] = [Peer::Architrave, Peer::Nginx, Peer::Smg, Peer::Portkey, Peer::Litellm];
/// A turn that left the core idle is taken again so often.
const TRIES: u32 = 4;

/// A sort of chat.
struct Chat {
    title: &'static str,
    /// What its cost is counted in.
    unit: &'static str,
    /// So many units to a request.
    units: usize,
    script: Script,
    /// The same for a plain proxy.
    plain: Script,
}

const CHATS: [Chat; 2] = [
    Chat {
        title: "Not streamed",
        unit: "CPU µs/request",
        units: 1,
        script: Script::Chat,
        plain: Script::Plain,
    },
    Chat {
        title: "Streamed, 200 chunks at once",
        unit: "CPU µs/chunk",
        units: CHUNKS,
        script: Script::Burst,
        plain: Script::PlainBurst,
    },
];

/// A program that is measured.
struct Measured {
    peer: Peer,
    running: Running,
    /// Resident after its first answers.
    idle_mib: f64,
}

/// A program that could not be had, and why.
struct Missing(Peer, String);

/// What one program showed in all rounds of one sort of chat.
struct Costs {
    label: &'static str,
    connections: u32,
    idle_mib: f64,
    samples: Vec<Sample>,
    costs: Vec<f64>,
}

/// Runs the bench.
pub(super) fn run(options: &Options) -> Result<()> {
    let (peers, missing) = installed(options)?;
    let stand = Stand::start("llm-peers", ORIGIN)?;
    let mut all = Vec::new();
    for peer in &peers {
        say::line(format_args!("   starting {}", peer.name()));
        all.push(start(&stand, *peer)?);
    }
    let mut report = Report::new(
        "llm-peers",
        "chat completion through gateways of models, small body, OpenAI in and out",
    );
    report.versions(&peers)?;
    peers.iter().for_each(|peer| report.line(&format!("- {}: {}.", peer.name(), does(*peer))));
    for Missing(peer, why) in &missing {
        report.line(&format!("- {} is missing: {why}", peer.name()));
    }
    report.line("");
    let mut claims = Vec::new();
    for chat in CHATS {
        let costs = measure(&stand, &mut all, &chat, options)?;
        report.line(&format!("{}:\n", chat.title));
        tell(&mut report, &chat, &costs, &missing);
        claims.extend(against_the_leanest(&chat, &costs));
    }
    report.claims(&claims);
    report.finish()
}

/// What each is set to do, which not all of them can.
fn does(peer: Peer) -> &'static str {
    match peer {
        Peer::Nginx => "passes the request on as it is, buffering off",
        Peer::Smg => {
            "checks the key, renames the model, shows the provider the key that it has checked"
        }
        Peer::Portkey => {
            "checks no key; renames the model and shows the credential as a field of each request says"
        }
        _ => "checks the key, renames the model, shows the provider's credential",
    }
}

/// Connections of the load: as many as in `llm`, and fewer where a request takes milliseconds.
const fn connections(peer: Peer) -> u32 {
    match peer {
        Peer::Litellm => 2,
        Peer::Portkey => 32,
        _ => 64,
    }
}

/// Installs those that are wanted. Without nginx and Architrave there is nothing to compare; a
/// gateway that the registries do not give stands in the table as missing.
fn installed(options: &Options) -> Result<(Vec<Peer>, Vec<Missing>)> {
    let candidate = |peer| Candidate::alone(peer, WORK, Load::wrk(connections(peer)));
    let mut wanted: Vec<Candidate> = PEERS.map(candidate).into();
    options.keep_wanted(&mut wanted)?;
    let (mut peers, mut missing) = (Vec::new(), Vec::new());
    for peer in wanted.iter().filter_map(|candidate| candidate.peer) {
        match peer.install() {
            Ok(()) => peers.push(peer),
            Err(error) if matches!(peer, Peer::Architrave | Peer::Nginx) => return Err(error),
            Err(error) => {
                let whole = format!("{error:#}");
                say::line(format_args!("   {} is missing: {whole}", peer.name()));
                let last = whole.trim_end().lines().last().unwrap_or_default();
                missing.push(Missing(peer, format!("{error}: {last}")));
            }
        }
    }
    ensure!(!peers.is_empty(), "nobody is there to be measured");
    Ok((peers, missing))
}

const WORK: Work = Work::Llm(LlmWork::Chat);

/// Starts one, and holds it to what it is said to do.
fn start(stand: &Stand, peer: Peer) -> Result<Measured> {
    let load = Load::wrk(connections(peer));
    let mut running = stand.up(Candidate::alone(peer, WORK, load))?;
    let fields = peer.chat_fields(stand.origin());
    for chat in &CHATS {
        first::wait_until_right(&mut running, chat.script_for(peer), &fields)?;
    }
    let is_gate = !matches!(peer, Peer::Nginx | Peer::Portkey);
    if is_gate && !first::refuses_wrong_key(&running, Script::Chat, &fields)? {
        bail!("{} lets a client in whose key is another", peer.name());
    }
    let kib = running.process.as_ref().context("a program")?.resident_kib()?;
    Ok(Measured { peer, running, idle_mib: kib as f64 / 1024.0 })
}

impl Chat {
    fn script_for(&self, peer: Peer) -> Script {
        if peer == Peer::Nginx { self.plain } else { self.script }
    }
}

/// All rounds of one sort of chat, the programs taking turns.
fn measure(
    stand: &Stand,
    all: &mut [Measured],
    chat: &Chat,
    options: &Options,
) -> Result<Vec<Costs>> {
    let mut measured = Vec::new();
    for Measured { peer, running, idle_mib } in &mut *all {
        let (peer, connections) = (*peer, connections(*peer));
        let fields = peer.chat_fields(stand.origin());
        let script = chat.script_for(peer).written_with(peer.name(), &fields)?;
        running.candidate.load =
            Load::Wrk { connections, fields: Vec::new(), script: Some(script) };
        measured.push(Costs {
            label: peer.name(),
            connections,
            idle_mib: *idle_mib,
            samples: Vec::new(),
            costs: Vec::new(),
        });
    }
    for round in 1..=options.rounds {
        for (Measured { running, .. }, of) in all.iter_mut().zip(&mut measured) {
            let sample = busy_turn(stand, running, options.seconds)?;
            let units = sample.seen.requests as f64 * chat.units as f64;
            let cost = sample.cpu.as_secs_f64() * 1e6 / units;
            say::line(format_args!(
                "   round {round} {:<12} {cost:>9.2} {} ({} requests, core {:.0} % busy)",
                of.label,
                chat.unit,
                sample.seen.requests,
                sample.busy() * 100.0
            ));
            of.costs.push(cost);
            of.samples.push(sample);
        }
    }
    Ok(measured)
}

/// A turn in which the program was kept busy.
fn busy_turn(stand: &Stand, running: &mut Running, seconds: u32) -> Result<Sample> {
    let mut busy = 0.0;
    for _ in 0..TRIES {
        let sample = stand.measure(running, seconds)?;
        busy = sample.busy();
        if busy >= BUSY_LEAST {
            return Ok(sample);
        }
    }
    bail!("the load kept {} no more than {:.0} % busy", running.candidate.label, busy * 100.0)
}

fn tell(report: &mut Report, chat: &Chat, measured: &[Costs], missing: &[Missing]) {
    let nginx = measured.iter().find(|of| of.label == Peer::Nginx.name());
    let mut rows = Vec::new();
    for of in measured {
        let ratios: Option<Vec<f64>> = nginx
            .map(|nginx| of.costs.iter().zip(&nginx.costs).map(|(of, nginx)| of / nginx).collect());
        let percent = |share: fn(&Sample) -> f64| {
            let shares: Vec<f64> = of.samples.iter().map(|sample| share(sample) * 100.0).collect();
            format!("{:.0}", median(&shares))
        };
        rows.push(vec![
            of.label.to_owned(),
            of.connections.to_string(),
            format!("{:.2}", median(&of.costs)),
            spread(&of.costs),
            ratios.as_ref().map_or("–".to_owned(), |ratios| format!("{:.2}", median(ratios))),
            ratios.as_ref().map_or("–".to_owned(), |ratios| spread(ratios)),
            percent(Sample::busy),
            percent(Sample::share),
            format!("{:.0}", of.idle_mib),
        ]);
    }
    for Missing(peer, _) in missing {
        let mut row = vec![peer.name().to_owned(), "missing".to_owned()];
        row.resize(9, "–".to_owned());
        rows.push(row);
    }
    let head = [
        "candidate",
        "connections",
        chat.unit,
        "spread",
        "× nginx",
        "spread",
        "busy %",
        "had %",
        "MiB idle",
    ];
    report.table(&head, &rows);
}

/// Ours costs at most half of what the leanest other gateway of models costs.
fn against_the_leanest(chat: &Chat, measured: &[Costs]) -> Option<Claim> {
    let ours = measured.iter().find(|of| of.label == Peer::Architrave.name())?;
    let others = measured
        .iter()
        .filter(|of| of.label != Peer::Architrave.name() && of.label != Peer::Nginx.name());
    let leanest =
        others.min_by(|one, other| median(&one.costs).total_cmp(&median(&other.costs)))?;
    let ratios: Vec<f64> =
        ours.costs.iter().zip(&leanest.costs).map(|(ours, other)| ours / other).collect();
    Some(Claim {
        what: format!("architrave / {}, {}", leanest.label, chat.unit),
        value: median(&ratios),
        limit: 0.5,
        at_least: false,
    })
}

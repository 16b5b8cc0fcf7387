//! The life of a running gateway: start, ready, signals, drain, end.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use architrave_control::{Api, Platform};
use architrave_core::shutdown::Shutdown;
use architrave_core::{Clock, task};
use architrave_net::handover::HandoverSocket;
use sd_notify::NotifyState;

use crate::admin::ApiServers;
use crate::cli::RunOptions;
use crate::engine::Engine;
use crate::greeting::Greeting;
use crate::setup_code::SetupCode;
use crate::signals::{Signal, Signals};
use crate::sockets::Inherited;
use crate::upgrade::Successor;
use crate::workers::Workers;
use crate::{complaint, demo, logging, upgrade, watch};

/// How long a thread that looked at files is kept for the next look: not for the second until then.
/// When a thread ends, the allocator gives back what has been free for a while; while nobody
/// allocates, it does so at no other time.
const LOOK_KEEP_ALIVE: Duration = Duration::from_millis(100);

/// Threads of the control runtime: probes, DNS, reloads, the admin API.
const CONTROL_THREADS: usize = 2;

/// How often what has expired in the database is thrown away.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Between two looks for what is due by a date: traffic goes by the date itself.
const DUE_EVERY: Duration = Duration::from_secs(20);

/// How long the last lines of the access log may take.
const LOG_FLUSH: Duration = Duration::from_secs(2);

/// The exit code when the command line, or a variable in its place, makes no sense; clap's as well.
const COMMAND_LINE_WRONG: u8 = 2;

/// Runs until a signal ends it.
pub(crate) fn run(options: RunOptions) -> ExitCode {
    let code = run_logged(options);
    logging::flush();
    code
}

fn run_logged(options: RunOptions) -> ExitCode {
    if let Err(error) = logging::start(options.is_log_json) {
        complaint::tell(&error, options.config.as_deref());
        return ExitCode::from(COMMAND_LINE_WRONG);
    }
    // The end of the pair that an old process left here, when this one is to take over from it.
    let predecessor = match HandoverSocket::from_stdin() {
        Ok(predecessor) => predecessor.filter(|_| upgrade::is_successor()),
        Err(error) => {
            tracing::error!(%error, "cannot take over from the old process");
            return ExitCode::FAILURE;
        }
    };
    let predecessor = predecessor.map(Arc::new);
    match start_and_serve(&options, predecessor.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let why = complaint::in_full(&error);
            if let Some(predecessor) = &predecessor {
                // When it is gone too, the log below is all there is.
                let _gone = predecessor.say_failed(&why);
            }
            if predecessor.is_some() || options.is_log_json {
                why.lines().for_each(|line| tracing::error!("{line}"));
            } else {
                logging::flush();
                complaint::tell(&error, options.config.as_deref());
            }
            ExitCode::FAILURE
        }
    }
}

fn start_and_serve(
    options: &RunOptions,
    predecessor: Option<&Arc<HandoverSocket>>,
) -> anyhow::Result<()> {
    let inherited = match predecessor {
        Some(predecessor) => Inherited::receive(predecessor, upgrade::is_told())?,
        None => Inherited::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("control")
        .thread_keep_alive(LOOK_KEEP_ALIVE)
        .enable_all()
        .build()
        .context("the control runtime")?;
    runtime.block_on(serve(options, predecessor, inherited))
}

async fn serve(
    options: &RunOptions,
    predecessor: Option<&Arc<HandoverSocket>>,
    mut inherited: Inherited,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("signals")?;
    if options.demo {
        demo::start()?;
    }
    let shutdown = Shutdown::default();
    let clock = match &inherited.beginning {
        Some(beginning) => Clock::system_from(beginning.clock),
        None => Clock::system(),
    };
    let left = (predecessor.map(|predecessor| &**predecessor), &mut inherited);
    let (engine, workers) = Engine::start(options, &clock, &shutdown, left).await?;
    let platform = engine
        .store()
        .map(|store| Platform::new(store.clone(), clock.clone(), engine.backups_folder()));
    let admin = ApiServers::new(&engine, platform.as_ref(), &clock, &shutdown.signal());
    let ourselves = platform.is_some().then(|| admin.of_ourselves());
    engine.open_admin(admin, &mut inherited)?;
    // What nobody wants any more must not queue connections for nobody.
    drop(inherited);
    let sweeping = platform.map(|platform| task::spawn(sweep(Arc::clone(&engine), platform)));
    let acting = ourselves.map(|api| task::spawn(act_by_date(api)));
    let watching = task::spawn(watch::watch(Arc::clone(&engine)));
    let following = task::spawn(Arc::clone(&engine).follow_database());
    // Whoever goes on with a gateway was told before.
    let code = match predecessor {
        None => engine.renew_setup_code().await.context("the set-up code")?,
        Some(_) => None,
    };
    announce(&engine, options);
    if let Some(code) = code {
        announce_setup(&engine, options, &code);
    }
    if let Some(predecessor) = predecessor {
        tokio::task::block_in_place(|| predecessor.say_ready()).context("the old process")?;
        engine.hear_left(Arc::clone(predecessor)).context("a thread")?;
    }
    let successor = until_drained(&engine, &mut signals).await;
    match &successor {
        // Still the main process: "stopping" would end the new one with us.
        Some(successor) => notify(&[NotifyState::MainPid(successor.pid)]),
        None => notify(&[NotifyState::Stopping]),
    }
    watching.abort();
    following.abort();
    for task in [sweeping, acting].into_iter().flatten() {
        task.abort();
    }
    drain(options, &engine, &shutdown, Staff { workers, signals }).await;
    engine.close_leases(successor).await;
    engine.close_usage().await;
    engine.flush_log(LOG_FLUSH).await;
    engine.close_database().await;
    tracing::info!("ended");
    Ok(())
}

/// Throws away, for as long as it is polled, what has expired in the database.
async fn sweep(engine: Arc<Engine>, platform: Platform) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let snapshot = Arc::clone(&engine.gateway().assembly.load().snapshot);
        let audit = snapshot.admin.as_ref().map(|admin| admin.audit.clone()).unwrap_or_default();
        platform.sweep(audit.keep).await;
    }
}

/// Does what is due by a date, for as long as it is polled.
async fn act_by_date(api: Api) {
    let mut ticks = tokio::time::interval(DUE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        api.act_by_date().await;
    }
}

/// Obeys signals until one of them ends the process' work; the process that goes on with it, if
/// there is one.
async fn until_drained(engine: &Arc<Engine>, signals: &mut Signals) -> Option<Successor> {
    loop {
        match signals.next().await {
            Signal::Reload => {
                notify_reloading();
                // The outcome is in the log, in the metrics and in `/readyz`.
                let _told = engine.reload("SIGHUP").await;
                notify(&[NotifyState::Ready]);
            }
            Signal::Drain => return None,
            Signal::Upgrade => {
                let successor = upgrade::upgrade(Arc::clone(engine)).await;
                if successor.is_some() {
                    return successor;
                }
            }
        }
    }
}

/// Who is still there while the process drains.
struct Staff {
    workers: Workers,
    signals: Signals,
}

async fn drain(options: &RunOptions, engine: &Arc<Engine>, shutdown: &Shutdown, staff: Staff) {
    let Staff { workers, mut signals } = staff;
    let (exchanges, connections) = engine.open();
    let timeout_s = options.drain_timeout.as_secs();
    tracing::info!(timeout_s, exchanges, connections, "draining");
    engine.begin_draining();
    shutdown.drain();
    tokio::select! {
        is_drained = workers.ended(options.drain_timeout) => if !is_drained {
            let (exchanges, connections) = engine.open();
            let why = "the time for draining is over: what is left is dropped";
            tracing::warn!(exchanges, connections, "{why}");
        },
        () = until_told_again(&mut signals) => {
            let (exchanges, connections) = engine.open();
            tracing::warn!(exchanges, connections, "told again to end: what is left is dropped");
        }
    }
    shutdown.end();
    workers.ended(Duration::from_secs(2)).await;
}

/// Waits for another signal to end; whoever sends one does not want to wait for the rest.
async fn until_told_again(signals: &mut Signals) {
    while signals.next().await != Signal::Drain {
        tracing::warn!("draining: neither reload nor upgrade is possible any more");
    }
}

/// Says that we serve: to people, to programs (one JSON line on stderr) and to systemd.
fn announce(engine: &Engine, options: &RunOptions) {
    // A contract, and not a log: as it is, whatever is logged.
    logging::tell(&engine.addresses().ready_line());
    if options.demo {
        logging::tell(&greeting(engine, options));
    }
    let pid = std::process::id();
    notify(&[NotifyState::MainPid(pid), NotifyState::Ready]);
}

/// Says how the first user is made, while there is none.
fn announce_setup(engine: &Engine, options: &RunOptions, code: &SetupCode) {
    let Some(console) = engine.console_url() else { return };
    if options.is_log_json {
        tracing::info!(console, setup_code = code.as_str(), "nobody has set this gateway up yet");
        return;
    }
    // Told to the person at the terminal.
    logging::tell(&format!(
        "\n  Nobody has set this gateway up yet. Its first admin is made by this code, within half an\n  \
         hour (`architrave setup-code` makes another one):\n\n    \
         console      {console}\n    set-up code  {}\n",
        code.as_str()
    ));
}

/// What `--demo` says on top of that.
fn greeting(engine: &Engine, options: &RunOptions) -> String {
    let assembly = engine.gateway().assembly.load();
    let upstreams = engine.registry().upstreams();
    let demos = assembly.snapshot.upstreams.iter().filter_map(|upstream| {
        let endpoints = upstreams.get(&upstream.name)?.endpoints();
        let endpoints: Vec<_> = endpoints.iter().map(|endpoint| endpoint.address()).collect();
        let is_demo = endpoints.iter().any(|address| demo::is_one(*address));
        is_demo.then(|| (upstream.name.to_string(), endpoints))
    });
    Greeting {
        addresses: &engine.addresses(),
        file: options.config.as_deref(),
        snapshot: &assembly.snapshot,
        demos: demos.collect(),
        is_terminal: logging::is_coloured(&std::io::stderr()),
    }
    .text()
}

fn notify_reloading() {
    let states = NotifyState::monotonic_usec_now().map(|now| vec![NotifyState::Reloading, now]);
    notify(&states.unwrap_or_else(|_| vec![NotifyState::Reloading]));
}

/// Tells systemd, when it listens; nobody else needs to know when it does not.
fn notify(states: &[NotifyState<'_>]) {
    let _nobody_listens = sd_notify::notify(states);
}

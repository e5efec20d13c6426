//! A terminal as a command runs it: configuration, agent, recorder, and the way down.

use super::args::{Global, Records};
use super::audio::{Record, Say};
use super::binds::{Purpose, Started, binds, start};
#[cfg(feature = "pgp")]
use super::global::program;
use super::json::Object;
use super::network::network;
use super::output::{Output, octets};
#[cfg(feature = "pgp")]
use super::own_keys;
#[cfg(feature = "pgp")]
use super::passphrase;
use super::person::Person;
use super::placing::{Found, Placement};
#[cfg(feature = "digest")]
use super::prompts::Prompts;
use super::recording::{recorder, write_records};
#[cfg(feature = "pgp")]
use super::repin::Repin;
use super::stop::Stop;
#[cfg(feature = "pgp")]
use crate::agent::{Agent, Ask, Program};
#[cfg(feature = "pgp")]
use crate::assembly::Settings;
use crate::assembly::{
    Entropy as _, Event, Events, Finder, Invitation, Names, Ports, SystemEntropy, Terminal,
    settings,
};
use crate::capture::Secrets;
use crate::config::{Account, Config, instance, load_or_default};
use crate::error::{Error, Result};
use crate::file;
use crate::record::{Recorder, redacted};
use crate::voice::Reserved;
use media_ctl::audio::Ends;
use net::Runtime;
use net::tokio::TokioRuntime;
use sip_core::manager::{CallId, NextHop};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long calls and registrations may take to end.
pub(super) const END_WITHIN: Duration = Duration::from_secs(5);

/// How long the end of a call may take that nobody has answered: 64*T1, for which its INVITE is sent
/// again. CANCEL is owed once a provisional response comes; before, none may be sent. RFC 3261 §9.1,
/// §17.1.1.2.
pub(super) const UNANSWERED_END_WITHIN: Duration = Duration::from_secs(32);

/// A running terminal and what belongs to it.
pub(super) struct Session {
    pub(super) config: Config,
    pub(super) terminal: Terminal,
    pub(super) events: Events,
    /// Who can be asked.
    pub(super) person: Option<Person>,
    #[cfg(feature = "pgp")]
    repin: Repin,
    recorder: Option<Arc<Recorder>>,
    name: String,
    records: Records,
    /// The configured port that was in use, and the one that was taken instead.
    moved: Option<(u16, u16)>,
    /// The security application, where one is configured.
    #[cfg(feature = "pgp")]
    agent: Option<Agent>,
    /// Whether calls can be signed.
    #[cfg(feature = "pgp")]
    has_key: bool,
    /// What a person types to run the program with this configuration.
    #[cfg(feature = "pgp")]
    program: String,
}

/// What a session tells.
#[cfg_attr(
    feature = "pgp",
    expect(clippy::large_enum_variant, reason = "it is taken apart as soon as it is made")
)]
pub(super) enum Next {
    /// Something happened to the terminal; `None`: it has stopped.
    Event(Option<Event>),
    /// The pins were changed on the disk, and the security manager knows them; or they cannot be
    /// read, and are as they were.
    #[cfg(feature = "pgp")]
    Pins(Result<usize>),
}

impl Session {
    /// Reads the configuration and starts the terminal; without `--bind` and configuration it
    /// listens at all addresses, at port 5060 or for a call at any.
    ///
    /// # Errors
    /// A record cannot be written where it is to be, the configuration is wrong, the security
    /// application does not start, a registrar's name has no address, or an address cannot be
    /// bound.
    pub(super) async fn open(
        global: &Global, purpose: Purpose<'_>, records: Records,
    ) -> Result<Self> {
        for path in [&records.ladder, &records.capture].into_iter().flatten() {
            file::check(path)?;
        }
        if records.secrets() == Secrets::Shown {
            tracing::warn!(
                "the capture will hold Digest responses, passwords in URIs and media keys: \
                 whoever reads it can use them"
            );
        }
        let mut config = configuration(global).await?;
        if let Purpose::Call(Some(account)) = purpose {
            config.call_as(account)?;
        }
        let network = network(&config).await?;
        let binds = binds(global, &config, purpose)?;
        let runtime: Arc<dyn Runtime> =
            Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
        let names = Arc::new(Names::new(Arc::clone(&network)));
        let finder = Finder::new(Arc::clone(&runtime), names, Arc::new(SystemEntropy), &binds);
        for account in &mut config.accounts {
            let tls_name = account.tls_name.clone();
            for place in account.places_mut() {
                finder.look_up(place, &binds).await?;
                if let Some(name) = &tls_name {
                    place.known_as(name);
                }
            }
        }
        let (config, settings) = file::apart("a file that the configuration names", move || {
            if config.accounts.iter().any(Account::tells_instance) {
                let path = config.at(Path::new("instance"));
                config.instance = Some(instance(&path, |octets| SystemEntropy.fill(octets))?);
            }
            let settings = settings(&config, binds)?;
            Ok((config, settings))
        })
        .await?;
        let recorder = recorder(global, &config, &records, &settings.identity, &runtime)?;
        let person = Person::at_terminal(&runtime);
        #[cfg(feature = "digest")]
        let clock = Arc::clone(&runtime);
        let name = settings.identity.clone();
        let ports = Ports {
            #[cfg(feature = "isolated")]
            manager: Some(crate::isolated::Program::find(&config)?),
            #[cfg(feature = "digest")]
            prompts: Arc::new(Prompts {
                person: person.clone(),
                pins: config.pins_path(),
                runtime: Arc::clone(&clock),
            }),
            tap: recorder.as_ref().map(|recorder| recorder.tap(&name)),
            ..Ports::of(runtime, network)
        };
        #[cfg(feature = "pgp")]
        let ask = person.as_ref().map(|person| passphrase::ask(person, &ports.runtime));
        #[cfg(feature = "pgp")]
        let (agent, settings, ports) = with_agent(&config, ask, settings, ports).await?;
        #[cfg(feature = "pgp")]
        let has_key = settings
            .security
            .identities
            .iter()
            .any(|own| own.aor == settings.identity && own.fingerprint.is_some());
        let may_move = matches!(purpose, Purpose::Call(_)) && global.bind.is_empty();
        let Started { terminal, events, moved } = start(settings, ports, may_move)?;
        Ok(Self {
            #[cfg(feature = "pgp")]
            repin: Repin::new(&config, &terminal, clock),
            config,
            terminal,
            events,
            person,
            recorder,
            name,
            records,
            moved,
            #[cfg(feature = "pgp")]
            agent,
            #[cfg(feature = "pgp")]
            has_key,
            #[cfg(feature = "pgp")]
            program: program(global.config.as_deref()),
        })
    }

    /// What happens next. Cancel-safe.
    #[cfg(feature = "pgp")]
    pub(super) async fn next(&mut self) -> Next {
        tokio::select! {
            event = self.events.next() => Next::Event(event),
            pins = self.repin.next() => Next::Pins(pins),
        }
    }

    /// What happens next. Cancel-safe.
    #[cfg(not(feature = "pgp"))]
    pub(super) async fn next(&mut self) -> Next {
        Next::Event(self.events.next().await)
    }

    /// Where SIP is received.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.terminal.local_addrs().iter().map(ToString::to_string).collect()
    }

    /// Says what is missing for a call that requires OpenPGP.
    ///
    /// # Errors
    /// There is no security application, or no key.
    #[cfg(feature = "pgp")]
    pub(super) fn can_sign(&self) -> Result<()> {
        if self.config.agent.is_none() {
            return Err(Error::invalid(
                "the call requires pgp, but no [agent] is configured; see `countersign init`",
            ));
        }
        if !self.has_key {
            return Err(Error::invalid(format!(
                "the call requires pgp, but {} has no key; run `{} keys generate`",
                self.name, self.program
            )));
        }
        Ok(())
    }

    /// Where a request to `uri` goes first: to the contact's address, or to the account's
    /// registrar, or where the URI points.
    pub(super) fn next_hop(&self, uri: &str) -> Option<NextHop> {
        let contact = self.config.contact(uri).and_then(|contact| contact.at.as_ref());
        let registrar = || self.config.own_account().map(|account| &account.registrar);
        contact.or_else(registrar).map(NextHop::from)
    }

    /// Says where the call comes from, if not from where the configuration says.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn tell_moved(&self, out: Output) -> Result<()> {
        let Some((from, to)) = self.moved else { return Ok(()) };
        let line = format!("port {from} is in use, calling from port {to}");
        out.say(&line, Object::Moved { in_use: from, port: to })
    }

    /// Has the presence of accounts published, of which the configuration wants that.
    ///
    /// # Errors
    /// There is no randomness.
    #[cfg(feature = "watch")]
    pub(super) fn publish(&self) -> Result<()> {
        let mut accounts = self.config.accounts.iter().filter(|account| account.publish);
        accounts.try_for_each(|account| {
            let hop = NextHop::from(&account.registrar);
            self.terminal.publish_presence(account.aor.as_str(), Some(hop))
        })
    }

    /// Finds where a call to `uri` goes first.
    pub(super) fn find(&self, uri: &str) -> Found {
        let (terminal, uri, first) = (self.terminal.clone(), uri.to_owned(), self.next_hop(uri));
        Box::pin(async move { terminal.locate(&uri, first).await })
    }

    /// Places a call over the way that was found, under the proof that is required of whom it calls;
    /// nothing is recorded.
    ///
    /// # Errors
    /// No way was found, or the call cannot be placed; what a peer asks for is declined then, or was
    /// decided before.
    pub(super) fn place(
        &self, wanted: &Placement, found: Result<Option<NextHop>>, say: &Say,
    ) -> Result<CallId> {
        let invitation = found.and_then(|next_hop| self.invitation(wanted.uri(), next_hop, say));
        let (id, reserved) = match wanted {
            Placement::Call(_) => {
                let (invitation, reserved) = invitation?;
                (self.terminal.call(invitation)?, reserved)
            }
            Placement::Follow(transfer) => {
                let (invitation, reserved) = invitation.inspect_err(|_| {
                    self.terminal.decline_transfer(transfer);
                })?;
                (self.terminal.follow(transfer, invitation)?, reserved)
            }
        };
        self.seat(reserved, id, wanted.uri());
        Ok(id)
    }

    fn invitation(
        &self, uri: &str, next_hop: Option<NextHop>, say: &Say,
    ) -> Result<(Invitation, Option<Reserved>)> {
        let (Ends { source, sink }, reserved) = say.ends(None)?;
        let invitation = Invitation {
            to: uri.to_owned(),
            next_hop,
            require: self.config.required_of(uri),
            late_offer: false,
            source,
            sink,
        };
        Ok((invitation, reserved))
    }

    /// Gives a call that was placed to the agent that was taken for it; without that, it ends.
    pub(super) fn seat(&self, reserved: Option<Reserved>, call: CallId, uri: &str) {
        let calling = Object::Calling { call: call.to_string(), to: &redacted(uri) };
        if reserved.is_some_and(|agent| !agent.serves(&call.to_string(), &octets(&calling))) {
            self.terminal.hang_up(call);
        }
    }

    /// Answers a call, and records it where wanted; where it cannot be, it is refused, and the log
    /// says why.
    ///
    /// # Errors
    /// It does not wait to be answered, or cannot be.
    pub(super) fn answer(&self, id: CallId, say: &Say, record: Option<Record<'_>>) -> Result<()> {
        let ends = say.ends_of(id, record);
        let answered =
            ends.and_then(|Ends { source, sink }| self.terminal.accept(id, source, sink));
        answered.inspect_err(|error| match error {
            // The caller gave up meanwhile, and `Over` says so; or no agent is there yet.
            Error::NotWaiting | Error::NotNow(_) => {}
            error => {
                tracing::warn!(reason = error.line(), "a call is not answered");
                _ = self.terminal.reject(id, 500);
            }
        })
    }

    /// Ends these calls.
    pub(super) fn hang_up(&self, calls: &[CallId]) {
        calls.iter().for_each(|id| self.terminal.hang_up(*id));
    }

    /// Declines a call that comes in while the command is about something else.
    pub(super) fn decline(&self, event: &Event) {
        if let Event::Incoming { id, .. } = event {
            // A call that is over already needs no answer. RFC 3261 §21.4.24: Busy Here.
            _ = self.terminal.reject(*id, 486);
        }
    }

    /// Ends all calls with BYE, hands what still happens to `show`, stops the agent, and writes
    /// the records that were asked for. Whoever wants the command to `stop` now need not wait.
    ///
    /// # Errors
    /// A record cannot be written, or the first error of `show`: all is ended before it is told;
    /// or it was stopped.
    pub(super) async fn close(
        mut self, within: Duration, stop: &mut Stop, show: impl FnMut(&Event) -> Result<()>,
    ) -> Result<()> {
        let shown = tokio::select! {
            ended = self.end(within, show) => ended,
            () = stop.wanted() => {
                return Err(Error::Interrupted(
                    "interrupted before all had ended; peers may not know of it",
                ));
            }
        };
        if let Some(recorder) = &self.recorder {
            stop.unless(write_records(recorder, &self.name, &self.records)).await?;
        }
        shown
    }

    async fn end(
        &mut self, within: Duration, mut show: impl FnMut(&Event) -> Result<()>,
    ) -> Result<()> {
        let drained = async {
            let mut shown = Ok(());
            while let Some(event) = self.events.next().await {
                shown = shown.and_then(|()| show(&event));
            }
            shown
        };
        let ((), shown) = tokio::join!(self.terminal.shutdown(within), drained);
        if within >= END_WITHIN && self.terminal.sizes().manager.calls > 0 {
            tracing::warn!("the peer has not answered the end of the call (BYE or CANCEL)");
        }
        #[cfg(feature = "pgp")]
        if let Some(agent) = self.agent.take() {
            agent.stop().await;
        }
        shown
    }
}

/// The configuration that is named, or the default one.
///
/// # Errors
/// It cannot be read, or is wrong.
pub(super) async fn configuration(global: &Global) -> Result<Config> {
    let named = global.config.clone();
    file::apart("the configuration", move || load_or_default(named.as_deref())).await
}

#[cfg(feature = "pgp")]
async fn with_agent(
    config: &Config, ask: Option<Ask>, mut settings: Settings, mut ports: Ports,
) -> Result<(Option<Agent>, Settings, Ports)> {
    if config.agent.is_none() {
        return Ok((None, settings, ports));
    }
    let agent = Agent::start(Program::find(config)?, ask, Arc::clone(&ports.runtime)).await?;
    let client = Arc::new(sma_socket::Client::new(config.agent_socket()));
    own_keys::find(&*client, &mut settings.security).await?;
    ports.application = Some(client);
    Ok((Some(agent), settings, ports))
}

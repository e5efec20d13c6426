//! The devices that a person talks by.

use crate::cleaner::Guarded;
use crate::ends::{Ear, Mouth};
use crate::far::Far;
use crate::keeper::{Tell, Times, Wanted};
use crate::ring::Ring;
use crate::{Cleaner, News, System, Unusable, Way};
use media_ctl::audio::Ends;
use std::fmt;
use std::sync::Arc;

/// The devices that are chosen, by their names in the system's list; `None`: whichever is the default one
/// when it is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Where sound comes from.
    pub microphone: Option<String>,
    /// Where it goes to.
    pub loudspeaker: Option<String>,
}

impl Chosen {
    /// The name for this way.
    pub fn name(&self, way: Way) -> Option<&str> {
        match way {
            Way::Microphone => self.microphone.as_deref(),
            Way::Loudspeaker => self.loudspeaker.as_deref(),
        }
    }
}

/// The devices that a person talks by, in any number of calls: each call opens them for itself.
#[derive(Clone)]
pub struct Devices {
    system: Arc<dyn System>,
    chosen: Chosen,
    tell: Tell,
    times: Times,
    clean: Option<Clean>,
}

/// Makes a cleaner for a call.
type Clean = Arc<dyn Fn() -> Box<dyn Cleaner> + Send + Sync>;

impl Devices {
    /// Those that are chosen. `tell` is told what becomes of them in calls, on threads of theirs, and
    /// should not wait.
    pub fn new(
        system: Arc<dyn System>, chosen: Chosen, tell: impl Fn(News) + Send + Sync + 'static,
    ) -> Self {
        Self { system, chosen, tell: Arc::new(tell), times: Times::EARNEST, clean: None }
    }

    /// The same, and what the microphone hears in a call is cleaned by what `clean` makes for it.
    #[must_use]
    pub fn cleaned(self, clean: impl Fn() -> Box<dyn Cleaner> + Send + Sync + 'static) -> Self {
        Self { clean: Some(Arc::new(clean)), ..self }
    }

    #[cfg(test)]
    pub(crate) fn in_haste(self, times: Times) -> Self {
        Self { times, ..self }
    }

    /// Finds out whether both can be used now. May take its time.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn probe(&self) -> Result<(), (Way, Unusable)> {
        for way in [Way::Microphone, Way::Loudspeaker] {
            self.system.probe(way, self.chosen.name(way)).map_err(|why| (way, why))?;
        }
        Ok(())
    }

    /// The ends of a call, of [`RATE`](crate::RATE) samples a second. Each device is opened when its end
    /// is first used, by a thread of its own, and closed soon after the end is dropped.
    pub fn ends(&self) -> Ends {
        let (mouth, mut ear) = (self.wanted(Way::Microphone), self.wanted(Way::Loudspeaker));
        let cleans = self.clean.as_ref().map(|clean| {
            let said = Arc::<Ring>::default();
            ear.said = Some(Arc::clone(&said));
            (Guarded::new(clean(), Arc::clone(&self.tell)), Far::new(said))
        });
        Ends { source: Box::new(Mouth::new(mouth, cleans)), sink: Box::new(Ear::new(ear)) }
    }

    fn wanted(&self, way: Way) -> Wanted {
        Wanted {
            system: Arc::clone(&self.system),
            way,
            name: self.chosen.name(way).map(str::to_owned),
            said: None,
            tell: Arc::clone(&self.tell),
            times: self.times,
        }
    }
}

impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices").field("chosen", &self.chosen).finish_non_exhaustive()
    }
}

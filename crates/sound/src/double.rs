//! A system whose devices a test plugs in, moves by hand, and unplugs.

use crate::{Device, Format, Port, Stream, System, Unusable, Way};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What a machine under load may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A device that was opened.
pub(crate) struct Opened {
    pub(crate) way: Way,
    pub(crate) name: Option<String>,
    pub(crate) port: Port,
    closed: Arc<AtomicBool>,
}

impl Opened {
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Waits until it is.
    pub(crate) fn closes(&self) {
        for _ in 0..PATIENCE.as_millis() {
            if self.is_closed() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("it was not closed");
    }
}

/// The system.
pub(crate) struct Double {
    /// The rate of the devices that are plugged in; 0: there are none.
    rate: AtomicU32,
    /// Whether each is lost as soon as it is open.
    loose: AtomicBool,
    /// How often it was tried to open one.
    tried: AtomicUsize,
    opened: Mutex<Sender<Opened>>,
    gate: Mutex<()>,
}

impl Double {
    /// One whose devices have this rate, and those that are opened.
    pub(crate) fn new(rate: u32) -> (Arc<Self>, Receiver<Opened>) {
        let (opened, all) = channel();
        let (rate, opened) = (AtomicU32::new(rate), Mutex::new(opened));
        let (loose, tried) = (AtomicBool::new(false), AtomicUsize::new(0));
        (Arc::new(Self { rate, loose, tried, opened, gate: Mutex::new(()) }), all)
    }

    /// Has devices of this rate from now on.
    pub(crate) fn plug(&self, rate: u32) {
        self.rate.store(rate, Ordering::SeqCst);
    }

    /// Its plugs are loose from now on, or no longer.
    pub(crate) fn loosen(&self, loose: bool) {
        self.loose.store(loose, Ordering::SeqCst);
    }

    /// Has whoever opens a device wait for as long as this is kept.
    pub(crate) fn hold(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().unwrap()
    }

    pub(crate) fn tried(&self) -> usize {
        self.tried.load(Ordering::SeqCst)
    }
}

/// The next of what comes.
pub(crate) fn next<T>(all: &Receiver<T>) -> T {
    all.recv_timeout(PATIENCE).unwrap()
}

struct Held {
    closed: Arc<AtomicBool>,
}

impl Stream for Held {
    fn name(&self) -> &'static str {
        "a headset"
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

impl System for Double {
    fn list(&self, way: Way) -> Result<Vec<Device>, Unusable> {
        let format = self.probe(way, None)?;
        Ok(vec![Device::new("a headset".to_owned(), String::new(), true, Ok(format))])
    }

    fn probe(&self, _: Way, _: Option<&str>) -> Result<Format, Unusable> {
        match self.rate.load(Ordering::SeqCst) {
            0 => Err(Unusable::Gone),
            rate => Ok(Format { rate, channels: 1 }),
        }
    }

    fn open(&self, way: Way, name: Option<&str>, port: Port) -> Result<Box<dyn Stream>, Unusable> {
        self.tried.fetch_add(1, Ordering::SeqCst);
        drop(self.hold());
        port.begins(self.probe(way, name)?.rate);
        if self.loose.load(Ordering::SeqCst) {
            port.lost(Unusable::Gone);
        }
        let closed = Arc::new(AtomicBool::new(false));
        let name = name.map(str::to_owned);
        let opened = Opened { way, name, port, closed: Arc::clone(&closed) };
        // A test that is over wants no more.
        drop(self.opened.lock().unwrap().send(opened));
        Ok(Box::new(Held { closed }))
    }
}

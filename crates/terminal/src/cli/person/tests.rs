//! Whom a line is for: a question, or whoever takes commands.

use super::*;
use net::sim::{SimConfig, Simulation};

/// Somebody who types what is sent.
pub(in super::super) fn typist(
    runtime: &Arc<dyn Runtime>,
) -> (Person, mpsc::UnboundedSender<Vec<u8>>) {
    let (keyboard, lines) = mpsc::unbounded_channel();
    let mut lines = Some(lines);
    let lines = Box::new(move || lines.take().unwrap());
    let desk = Desk { lines, is_there: || true, quiet: || Some(Quiet::nowhere()) };
    (Person::new(runtime, desk), keyboard)
}

const SOON: Duration = Duration::from_secs(1);

fn world() -> (Simulation, Arc<dyn Runtime>) {
    let sim = Simulation::new(SimConfig::default());
    let (runtime, _) = sim.host([192, 0, 2, 1].into());
    (sim, runtime)
}

fn pass(sim: &Simulation) {
    sim.run_until(sim.elapsed() + SOON / 10).unwrap();
}

#[test]
fn what_was_typed_before_a_question_is_no_answer_to_it() {
    let (sim, runtime) = world();
    let (person, keyboard) = typist(&runtime);
    keyboard.send(b"y".to_vec()).unwrap();
    let mut first = person.ask("first?", Expected::YesOrNo, SOON);
    pass(&sim);
    keyboard.send(b" Yes ".to_vec()).unwrap();
    keyboard.send(b"y".to_vec()).unwrap();
    pass(&sim);
    assert_eq!(sim.block_on(first.yes()).unwrap(), Some(true));
    let mut second = person.ask("second?", Expected::YesOrNo, SOON);
    pass(&sim);
    keyboard.send(Vec::new()).unwrap();
    assert_eq!(sim.block_on(second.yes()).unwrap(), Some(false));
}

#[test]
fn a_typo_is_no_answer_and_the_question_is_asked_again() {
    let (sim, runtime) = world();
    let (person, keyboard) = typist(&runtime);
    for (word, yes) in [("YES", true), ("y", true), ("No", false), ("n", false), (" ", false)] {
        let mut question = person.ask("question?", Expected::YesOrNo, SOON);
        pass(&sim);
        for typo in ["yy", "calls", "\u{fc}"] {
            keyboard.send(typo.as_bytes().to_vec()).unwrap();
        }
        pass(&sim);
        assert!(question.0.try_recv().is_err(), "a typo answers");
        keyboard.send(word.as_bytes().to_vec()).unwrap();
        assert_eq!(sim.block_on(question.yes()).unwrap(), Some(yes), "{word}");
    }
    // Typos do not prolong the time.
    let mut late = person.ask("late?", Expected::YesOrNo, SOON);
    let began = sim.elapsed();
    for _ in 0..5 {
        pass(&sim);
        keyboard.send(b"later".to_vec()).unwrap();
    }
    assert_eq!(sim.block_on(late.yes()).unwrap(), None);
    assert_eq!(sim.elapsed() - began, SOON);
}

#[cfg(feature = "digest")]
#[test]
fn a_secret_that_nobody_types_is_told_as_that() {
    let (sim, runtime) = world();
    let (person, keyboard) = typist(&runtime);
    let what = "password of alice at example.org";
    let asked = || {
        let (person, runtime) = (person.clone(), Arc::clone(&runtime));
        async move { person.secret(what, SOON, &*runtime).await }
    };
    let told = |asked: Result<Password, NoSecret>| asked.unwrap_err().to_string();
    assert_eq!(
        told(sim.block_on(asked()).unwrap()),
        "nobody answered the question for the password of alice at example.org within 1 s"
    );
    // The time counts while another question is asked.
    let _other = person.ask("other?", Expected::YesOrNo, 4 * SOON);
    let began = sim.elapsed();
    assert!(told(sim.block_on(asked()).unwrap()).contains("within 1 s"));
    assert_eq!(sim.elapsed() - began, SOON);
    drop(keyboard);
    let nobody = told(sim.block_on(asked()).unwrap());
    assert_eq!(nobody, format!("nobody is there to be asked for the {what}"));
}

#[test]
fn a_line_is_a_command_while_no_question_waits_for_it() {
    let (sim, runtime) = world();
    let (person, keyboard) = typist(&runtime);
    let mut commands = person.commands();
    pass(&sim);
    keyboard.send(b"calls".to_vec()).unwrap();
    pass(&sim);
    assert_eq!(commands.try_recv().unwrap(), b"calls");
    let mut question = person.ask("question?", Expected::YesOrNo, SOON);
    pass(&sim);
    keyboard.send(b"y".to_vec()).unwrap();
    keyboard.send(b"hangup".to_vec()).unwrap();
    assert_eq!(sim.block_on(question.yes()).unwrap(), Some(true));
    pass(&sim);
    assert_eq!(commands.try_recv().unwrap(), b"hangup");
    // What was typed before the question is a command and no answer.
    keyboard.send(b"help".to_vec()).unwrap();
    let mut late = person.ask("late?", Expected::YesOrNo, SOON);
    assert_eq!(sim.block_on(late.line()).unwrap(), None);
    assert_eq!(commands.try_recv().unwrap(), b"help");
    drop(keyboard);
    pass(&sim);
    assert!(commands.try_recv().is_err());
}

#[test]
fn a_question_is_withdrawn_or_too_late_and_the_next_is_asked() {
    let (sim, runtime) = world();
    let (person, keyboard) = typist(&runtime);
    let withdrawn = person.ask("withdrawn?", Expected::YesOrNo, SOON);
    let mut late = person.ask("late?", Expected::YesOrNo, SOON);
    pass(&sim);
    drop(withdrawn);
    assert_eq!(sim.block_on(late.yes()).unwrap(), None);
    let mut last = person.ask("last?", Expected::YesOrNo, SOON);
    pass(&sim);
    drop(keyboard);
    assert_eq!(sim.block_on(last.line()).unwrap(), None, "nobody is there any more");
}

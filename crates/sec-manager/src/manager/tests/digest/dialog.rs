//! Who may change a call that needed no signature: D03, D04.

use super::*;
use ssa::InDialog;

/// A request of the caller's dialog, from the caller or from somewhere else.
fn within<'a>(request: &'a TestRequest, in_dialog: InDialog) -> Arrival<'a> {
    let source = match in_dialog {
        InDialog::No | InDialog::FromPeer => "127.0.0.1:5060",
        InDialog::FromElsewhere | InDialog::OffItsTls => "192.0.2.66:5060",
    };
    Arrival { source: source.parse().unwrap(), in_dialog, ..request.arrival() }
}

fn in_dialog(calls: &Calls, method: &'static str) -> TestRequest {
    let mut request = calls.invite().retried().retried();
    (request.method, request.to.1) = (method, Some("callee-tag".to_owned()));
    request.retried()
}

/// A call that the callee challenged.
fn proved() -> Calls {
    let calls = Calls::new();
    assert!(calls.admits(&calls.authorized(calls.invite())));
    calls
}

/// A call that needed no proof.
fn unproved() -> Calls {
    let calls = Calls::with("secret", digest_configuration(BOB, Requirement::NOTHING));
    assert!(calls.admits(&calls.invite()));
    calls
}

/// What the callee says to a request of this dialog.
fn said(calls: &Calls, method: &'static str, from: InDialog) -> Received {
    let request = in_dialog(calls, method);
    calls.callee.request_received(CALL, &within(&request, from), &request.view())
}

#[test]
fn d03_a_bye_needs_the_dialogs_identifiers_and_no_more() {
    for calls in [proved(), unproved()] {
        for from in [InDialog::FromPeer, InDialog::FromElsewhere] {
            assert_eq!(said(&calls, "BYE", from), Received::Admit, "{from:?}");
        }
    }
}

/// The identifiers were for whoever is at the other end of the dialog's connection alone.
#[test]
fn d03_off_its_tls_a_request_proves_itself_or_is_refused() {
    for method in ["BYE", "INVITE", "UPDATE", "INFO"] {
        let challenged = said(&proved(), method, InDialog::OffItsTls);
        assert!(matches!(challenged, Received::SendWwwAuthenticate(_)), "{method}: {challenged:?}");
        let refused = said(&unproved(), method, InDialog::OffItsTls);
        let forbidden = matches!(&refused, Received::Reject(why) if why.status == 403);
        assert!(forbidden, "{method}: {refused:?}");
    }
}

#[test]
fn d04_what_moves_the_media_comes_from_the_peer_or_proves_itself() {
    for method in ["INVITE", "UPDATE"] {
        for calls in [proved(), unproved()] {
            assert_eq!(said(&calls, method, InDialog::FromPeer), Received::Admit, "{method}");
        }
        let challenged = said(&proved(), method, InDialog::FromElsewhere);
        assert!(matches!(challenged, Received::SendWwwAuthenticate(_)), "{method}: {challenged:?}");
        // Nobody has proved anything, so nobody can prove to be the same.
        let refused = said(&unproved(), method, InDialog::FromElsewhere);
        let forbidden = matches!(&refused, Received::Reject(why) if why.status == 403);
        assert!(forbidden, "{method}: {refused:?}");
    }
}

/// The callee's verdict on a request outside of every dialog that Alice has proved, in a name.
fn unasked(method: &'static str, from: &str) -> Authentication {
    let calls = Calls::new();
    let mut request = calls.invite();
    (request.method, request.from.0) = (method, from.to_owned());
    let request = calls.authorized(request);
    now(calls.callee.authenticate(CALL, &request.arrival(), &request.view()))
}

#[test]
fn d08_what_reaches_a_user_unasked_is_in_the_name_of_who_proved_it() {
    for method in ["MESSAGE", "SUBSCRIBE", "REFER"] {
        for from in ["sip:alice@127.0.0.1", "sips:%61lice@elsewhere.example:5070"] {
            assert_eq!(unasked(method, from), Authentication::Authenticated, "{method} {from}");
        }
        for from in ["sip:bob@127.0.0.1", "sip:Alice@127.0.0.1", "sip:127.0.0.1", "tel:+4930"] {
            let verdict = unasked(method, from);
            let forbidden = matches!(&verdict, Authentication::Refused(why) if why.status == 403);
            assert!(forbidden, "{method} {from}: {verdict:?}");
        }
    }
    // Who calls is shown as who proved it.
    assert_eq!(unasked("INVITE", "sip:bob@127.0.0.1"), Authentication::Authenticated);
}

/// The callee's verdict on a re-INVITE from elsewhere by `user`, with a password that is right.
fn moved_by(calls: &Calls, user: &str, password: &str) -> Authentication {
    let mut configuration = caller_configuration(password);
    configuration.accounts[0].user = user.to_owned();
    let (mover, _) = digest_manager(&calls.platform, configuration);
    // A fresh dialog for whoever moves: what is asked is the callee's part.
    let outgoing = Outgoing { from: ALICE.into(), to: BOB.into(), require: Requirement::NOTHING };
    mover.call_started(Call(CALL.0), outgoing);
    let request = in_dialog(calls, "INVITE");
    let arrival = within(&request, InDialog::FromElsewhere);
    let challenge = match calls.callee.request_received(CALL, &arrival, &request.view()) {
        Received::SendWwwAuthenticate(fields) => fields,
        other => panic!("{other:?}"),
    };
    let mut response = TestResponse::to(&request, 401, Body::default());
    response.fields.extend(&challenge);
    // It set this dialog up through its account, as far as it knows.
    mover.shared.lock().records.get_mut(CALL.0).unwrap().through = vec![ALICE.to_owned()];
    let hop = request.arrival();
    let plan = mover.got_401_unauthorized(CALL, &hop, &response.view(), &request.view());
    let Required::SendWwwAuthenticate { plan, .. } = now(plan) else { panic!("it is answered") };
    let mut retry = request.retried();
    match now(mover.authorize(CALL, plan, &retry.view())) {
        ssa::Authorized::Fields(fields) => retry.fields.extend(&fields),
        other => panic!("{other:?}"),
    }
    let arrival = within(&retry, InDialog::FromElsewhere);
    assert_eq!(
        calls.callee.request_received(CALL, &arrival, &retry.view()),
        Received::Authenticate
    );
    now(calls.callee.authenticate(CALL, &arrival, &retry.view()))
}

#[test]
fn d04_only_the_user_who_began_the_call_can_move_it() {
    let with_two = || {
        let mut configuration = digest_configuration(BOB, Requirement::DIGEST);
        let password = Password::new(b"hers".to_vec());
        configuration.users.push(User { name: "mallory".to_owned(), secret: password.into() });
        let calls = Calls::with("secret", configuration);
        assert!(calls.admits(&calls.authorized(calls.invite())));
        calls
    };
    let calls = with_two();
    let before = calls.callee.assurance(Call(CALL.0));
    let verdict = moved_by(&calls, "mallory", "hers");
    assert!(matches!(&verdict, Authentication::Refused(why) if why.status == 403), "{verdict:?}");
    assert_eq!(calls.callee.assurance(Call(CALL.0)), before, "it is still Alice's call");
    assert_eq!(moved_by(&with_two(), "alice", "secret"), Authentication::Authenticated);
}

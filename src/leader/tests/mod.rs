//! The election alone, and several of them on a Lease that is made to suffer.

mod play;
mod simulation;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(milliseconds: u64) -> Moment {
    Moment::new(Duration::from_millis(milliseconds))
}

/// A Lease of this version, held and renewed so.
fn lease(version: u64, holder: &str, renewed: &str) -> Lease {
    Lease::read(json!({
        "metadata": {"name": "l", "namespace": "ns", "resourceVersion": version.to_string()},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": renewed, "leaseTransitions": 3},
    }))
    .unwrap()
}

/// What the API server makes of an object that it stores.
fn stored(object: &Value, version: u64) -> Lease {
    let mut object = object.clone();
    object["metadata"]["resourceVersion"] = version.to_string().into();
    Lease::read(object).unwrap()
}

fn election() -> Election {
    Election::new("me".to_owned(), ("ns", "l"), Terms::default())
}

fn wall(now: Moment) -> Timestamp {
    let seconds = i64::try_from(now.since(Moment::default()).as_millis()).unwrap();
    Timestamp::from_millisecond(1_700_000_000_000 + seconds).unwrap()
}

/// What is asked now; it must be something.
fn asks(election: &mut Election, now: Moment) -> Deed {
    let request = election.next(now, wall(now));
    request.expect("a request").deed
}

/// An election that leads since 0 s.
fn leading() -> (Election, Lease) {
    let mut election = election();
    assert_eq!(asks(&mut election, at(0)), Deed::Read);
    election.answered(at(0), Answer::Found(None), 0.5);
    assert_eq!(
        election.standing(),
        Standing::Unknown,
        "it is about to lead"
    );
    let Deed::Create(object) = asks(&mut election, at(0)) else {
        panic!("not created")
    };
    let lease = stored(&object, 1);
    election.answered(at(0), Answer::Stored(lease.clone()), 0.5);
    assert_eq!(election.standing(), Standing::Leads(at(10_000)));
    (election, lease)
}

#[test]
fn first_replica_creates_the_lease_and_leads_at_once() {
    let (election, lease) = leading();
    let record = &lease.record;
    assert_eq!(
        (record.holder.as_str(), record.seconds, record.transitions),
        ("me", Some(15), 0)
    );
    assert_eq!(record.acquired, record.renewed);
    assert_eq!(election.wake_at(at(0)), Some(at(2000)));
}

#[test]
fn leader_renews_what_it_knows_without_reading() {
    let (mut election, _) = leading();
    assert_eq!(election.next(at(1999), wall(at(1999))), None);
    let Deed::Replace(object) = asks(&mut election, at(2000)) else {
        panic!("not replaced")
    };
    assert_eq!(object["metadata"]["resourceVersion"], "1");
    election.answered(at(2500), Answer::Stored(stored(&object, 2)), 0.5);
    // From before it was sent.
    assert_eq!(election.standing(), Standing::Leads(at(12_000)));
    let record = election.record().unwrap();
    assert_eq!(record.transitions, 0);
    assert_ne!(record.acquired, record.renewed);
}

#[test]
fn leader_that_is_not_answered_is_over_when_its_time_is() {
    let (mut election, _) = leading();
    asks(&mut election, at(2000));
    assert_eq!(election.wake_at(at(2000)), Some(at(10_000)));
    election.tick(at(9_999));
    assert_eq!(election.standing(), Standing::Leads(at(10_000)));
    election.tick(at(10_000));
    assert_eq!(election.standing(), Standing::Over(Over::Expired));
    election.answered(at(10_001), Answer::Stored(lease(2, "me", "x")), 0.5);
    assert_eq!(election.next(at(10_002), wall(at(10_002))), None);
    assert_eq!(election.standing(), Standing::Over(Over::Expired));
}

#[test]
fn renewal_that_was_stored_and_not_answered_counts_when_it_is_seen() {
    let (mut election, _) = leading();
    let Deed::Replace(object) = asks(&mut election, at(2000)) else {
        panic!("not replaced")
    };
    election.answered(at(7000), Answer::Failed, 0.5);
    assert_eq!(asks(&mut election, at(7000)), Deed::Read);
    election.answered(at(7100), Answer::Found(Some(stored(&object, 2))), 0.5);
    assert_eq!(election.standing(), Standing::Leads(at(12_000)));
    assert!(matches!(asks(&mut election, at(7100)), Deed::Replace(_)));
}

#[test]
fn own_request_that_was_sent_twice_is_no_loss() {
    let (mut election, _) = leading();
    let Deed::Replace(object) = asks(&mut election, at(2000)) else {
        panic!("not replaced")
    };
    // The first was stored, the second finds another version.
    election.answered(at(2100), Answer::Conflict, 0.5);
    assert_eq!(asks(&mut election, at(2100)), Deed::Read);
    election.answered(at(2200), Answer::Found(Some(stored(&object, 2))), 0.5);
    assert!(matches!(election.standing(), Standing::Leads(_)));
}

#[test]
fn leader_that_hears_of_another_is_over() {
    for (heard, why) in [
        (lease(2, "other", "x"), Over::Taken),
        (lease(2, "", "x"), Over::Taken),
        (lease(2, "me", "x"), Over::Doubled),
    ] {
        let (mut election, _) = leading();
        election.hear(at(1000), heard);
        assert_eq!(election.standing(), Standing::Over(why));
    }
}

#[test]
fn leader_passes_over_what_is_old_and_keeps_what_others_added() {
    let (mut election, first) = leading();
    let Deed::Replace(object) = asks(&mut election, at(2000)) else {
        panic!("not replaced")
    };
    election.answered(at(2000), Answer::Stored(stored(&object, 7)), 0.5);
    election.hear(at(2001), lease(6, "other", "before us"));
    election.hear(at(2001), first);
    let mut labelled = object.clone();
    labelled["metadata"]["labels"] = json!({"a": "b"});
    election.hear(at(2002), stored(&labelled, 8));
    assert_eq!(election.standing(), Standing::Leads(at(12_000)));
    let Deed::Replace(object) = asks(&mut election, at(4000)) else {
        panic!("not replaced")
    };
    assert_eq!(object["metadata"]["labels"]["a"], "b");
    assert_eq!(object["metadata"]["resourceVersion"], "8");
}

#[test]
fn lease_that_is_deleted_is_made_again_by_its_leader() {
    let (mut election, _) = leading();
    election.doubt();
    assert_eq!(asks(&mut election, at(100)), Deed::Read);
    election.answered(at(101), Answer::Found(None), 0.5);
    assert!(matches!(asks(&mut election, at(101)), Deed::Create(_)));
}

/// A follower that read this at 0 s, and hears of changes.
fn following(lease: Lease) -> Election {
    let mut election = election();
    election.set_hearing(true);
    assert_eq!(asks(&mut election, at(0)), Deed::Read);
    assert_eq!(election.standing(), Standing::Unknown);
    election.answered(at(0), Answer::Found(Some(lease)), 0.5);
    election
}

#[test]
fn follower_waits_from_when_it_heard_and_trusts_no_time_of_others() {
    // The clock of the leader stands in the past.
    let mut election = following(lease(5, "other", "1970-01-01T00:00:00.000000Z"));
    assert_eq!(election.standing(), Standing::Follows);
    assert_eq!(election.wake_at(at(0)), Some(at(15_000)));
    election.hear(at(9000), lease(6, "other", "1970-01-01T00:00:02.000000Z"));
    assert_eq!(election.wake_at(at(9000)), Some(at(24_000)));
    assert_eq!(election.next(at(23_999), wall(at(0))), None);
    let Deed::Replace(object) = asks(&mut election, at(24_000)) else {
        panic!("not replaced")
    };
    assert_eq!(object["metadata"]["resourceVersion"], "6");
    assert_eq!(object["spec"]["leaseTransitions"], 4);
}

#[test]
fn a_change_beside_the_record_is_no_renewal() {
    let mut election = following(lease(5, "other", "x"));
    election.hear(at(9000), lease(6, "other", "x"));
    assert_eq!(election.wake_at(at(9000)), Some(at(15_000)));
}

#[test]
fn follower_that_was_too_late_waits_for_the_new_leader() {
    let mut election = following(lease(5, "other", "x"));
    asks(&mut election, at(15_000));
    election.answered(at(15_001), Answer::Conflict, 0.5);
    assert_eq!(asks(&mut election, at(15_001)), Deed::Read);
    election.answered(at(15_002), Answer::Found(Some(lease(6, "third", "y"))), 0.5);
    assert_eq!(election.wake_at(at(15_002)), Some(at(30_002)));
}

#[test]
fn released_lease_and_that_of_an_earlier_life_are_taken_at_once() {
    for (holder, transitions) in [("", 4), ("me", 3)] {
        let mut election = following(lease(5, "other", "x"));
        election.hear(at(1000), lease(6, holder, "y"));
        let Deed::Replace(object) = asks(&mut election, at(1000)) else {
            panic!("not replaced")
        };
        assert_eq!(
            object["spec"]["leaseTransitions"], transitions,
            "{holder:?}"
        );
    }
}

#[test]
fn deleting_the_lease_makes_its_holder_no_slower() {
    let mut election = following(lease(5, "other", "x"));
    election.doubt();
    assert_eq!(asks(&mut election, at(1000)), Deed::Read);
    election.answered(at(1001), Answer::Found(None), 0.5);
    assert_eq!(election.wake_at(at(1001)), Some(at(15_000)));
    assert!(matches!(asks(&mut election, at(15_000)), Deed::Create(_)));
}

#[test]
fn follower_that_hears_nothing_reads() {
    let mut election = following(lease(5, "other", "x"));
    election.set_hearing(false);
    assert_eq!(election.wake_at(at(0)), Some(at(3200)));
    assert_eq!(asks(&mut election, at(3200)), Deed::Read);
    election.answered(at(3200), Answer::Found(Some(lease(5, "other", "x"))), 0.0);
    assert_eq!(election.wake_at(at(3200)), Some(at(5200)));
    let mut election = following(lease(5, "other", "x"));
    election.set_hearing(false);
    election.doubt();
    assert_eq!(asks(&mut election, at(100)), Deed::Read);
    election.answered(at(100), Answer::Found(Some(lease(5, "other", "x"))), 0.0);
    assert_eq!(election.wake_at(at(100)), Some(at(2100)));
    assert_eq!(asks(&mut election, at(2100)), Deed::Read);
    election.answered(at(2100), Answer::Failed, 1.0);
    assert_eq!(election.wake_at(at(2100)), Some(at(6500)));
    assert_eq!(asks(&mut election, at(6500)), Deed::Read);
    election.answered(at(6500), Answer::Found(Some(lease(5, "other", "x"))), 1.0);
    // What it hears of all the same it does not wait for.
    election.hear(at(6600), lease(6, "", "y"));
    assert!(matches!(asks(&mut election, at(6600)), Deed::Replace(_)));
}

#[test]
fn duration_of_the_holder_counts() {
    let mut object = json!({"metadata": {"name": "l", "resourceVersion": "1"},
        "spec": {"holderIdentity": "go", "leaseDurationSeconds": 35}});
    let election = following(Lease::read(object.clone()).unwrap());
    assert_eq!(election.wake_at(at(0)), Some(at(35_000)));
    object["spec"]["leaseDurationSeconds"] = Value::Null;
    let election = following(Lease::read(object).unwrap());
    assert_eq!(election.wake_at(at(0)), Some(at(15_000)));
}

#[test]
fn claim_that_took_too_long_gives_no_right_to_write() {
    let mut election = following(lease(5, "", "x"));
    let Deed::Replace(object) = asks(&mut election, at(0)) else {
        panic!("not replaced")
    };
    election.answered(at(10_000), Answer::Stored(stored(&object, 6)), 0.5);
    assert_eq!(election.standing(), Standing::Unknown);
    let Deed::Replace(object) = asks(&mut election, at(10_000)) else {
        panic!("not replaced")
    };
    election.answered(at(10_100), Answer::Stored(stored(&object, 7)), 0.5);
    assert_eq!(election.standing(), Standing::Leads(at(20_000)));
}

#[test]
fn leader_that_resigns_leaves_the_lease_to_nobody() {
    let (mut election, _) = leading();
    election.resign(at(500));
    assert_eq!(election.standing(), Standing::Over(Over::Resigned));
    let Deed::Replace(object) = asks(&mut election, at(500)) else {
        panic!("not replaced")
    };
    assert_eq!(object["spec"]["holderIdentity"], "");
    assert_eq!(object["spec"]["leaseDurationSeconds"], 1);
    assert!(!election.is_over());
    election.answered(at(510), Answer::Stored(stored(&object, 2)), 0.5);
    assert_eq!(election.next(at(510), wall(at(510))), None);
    assert!(election.is_over());
}

#[test]
fn claim_that_is_stored_while_the_replica_ends_is_given_back() {
    let mut election = following(lease(5, "", "x"));
    let Deed::Replace(object) = asks(&mut election, at(0)) else {
        panic!("not replaced")
    };
    election.resign(at(10));
    assert!(!election.is_over());
    election.answered(at(20), Answer::Stored(stored(&object, 6)), 0.5);
    let Deed::Replace(object) = asks(&mut election, at(20)) else {
        panic!("not given back")
    };
    assert_eq!(object["spec"]["holderIdentity"], "");
}

#[test]
fn who_resigns_takes_nothing_from_another() {
    let (mut election, _) = leading();
    election.resign(at(500));
    asks(&mut election, at(500));
    election.answered(at(501), Answer::Conflict, 0.5);
    assert_eq!(asks(&mut election, at(501)), Deed::Read);
    election.answered(at(502), Answer::Found(Some(lease(9, "other", "x"))), 0.5);
    assert_eq!(election.next(at(502), wall(at(502))), None);
    assert!(election.is_over());
    let mut follower = following(lease(5, "other", "x"));
    follower.resign(at(1));
    assert!(follower.is_over());
}

#[test]
fn a_clock_that_stands_still_makes_no_two_records_alike() {
    let (mut election, mut known) = leading();
    for round in 1..50 {
        let now = at(round * 2000);
        let request = election.next(now, wall(at(0))).unwrap();
        let Deed::Replace(object) = request.deed else {
            panic!("not replaced")
        };
        let next = stored(&object, round + 1);
        assert_ne!(next.record, known.record, "{round}");
        election.answered(now, Answer::Stored(next.clone()), 0.5);
        known = next;
    }
}

#[test]
fn terms_that_cannot_hold_are_refused() {
    let terms = |lease, renew, retry| Terms {
        lease: Duration::from_millis(lease),
        renew_deadline: Duration::from_millis(renew),
        retry_period: Duration::from_millis(retry),
    };
    for (good, terms) in [
        (true, terms(15_000, 10_000, 2000)),
        (true, terms(3000, 2000, 500)),
        (false, terms(15_500, 10_000, 2000)),
        (false, terms(10_000, 10_000, 2000)),
        (false, terms(15_000, 2400, 2000)),
        (false, terms(15_000, 10_000, 0)),
        (false, terms(0, 0, 0)),
    ] {
        assert_eq!(terms.check().is_ok(), good, "{terms:?}");
    }
}

//! Laws of the election, whatever happens.

use proptest::prelude::*;

use super::super::Terms;
use super::simulation::{Clock, STEP, Way, World};
use super::{Duration, SECOND};

/// What happens to the replicas.
#[derive(Debug, Clone)]
enum Fault {
    /// A replica is stopped for milliseconds.
    Stall(usize, u64),
    /// It is killed.
    Kill(usize),
    /// It starts again.
    Start(usize),
    /// It is told to end.
    Resign(usize),
    /// The API server is away for milliseconds.
    Away(u64),
    /// The next requests go this way.
    Ways(Vec<Way>),
    /// Changes are told, or not.
    Tell(bool),
}

fn clock() -> impl Strategy<Value = Clock> {
    // Two per cent: far more than the worst quartz.
    let off = prop_oneof![Just(0), -100_000_i64..100_000, Just(-1_000_000_000)];
    (
        980..=1020_u64,
        0..10_000_000_u64,
        off,
        prop::bool::weighted(0.1),
    )
        .prop_map(|(rate, age, off, stands)| Clock {
            rate,
            age,
            off,
            stands,
        })
}

fn way() -> impl Strategy<Value = Way> {
    let time =
        || prop_oneof![3 => Just(Some(STEP)), 2 => (0..8000_u64).prop_map(Some), 1 => Just(None)];
    (time(), time()).prop_map(|(there, back)| Way { there, back })
}

fn fault(replicas: usize) -> impl Strategy<Value = Fault> {
    let replica = move || 0..replicas;
    let time = || prop_oneof![100..3000_u64, 5000..40_000_u64];
    prop_oneof![
        3 => (replica(), time()).prop_map(|(replica, time)| Fault::Stall(replica, time)),
        1 => replica().prop_map(Fault::Kill),
        3 => replica().prop_map(Fault::Start),
        2 => replica().prop_map(Fault::Resign),
        2 => time().prop_map(Fault::Away),
        4 => prop::collection::vec(way(), 1..6).prop_map(Fault::Ways),
        1 => any::<bool>().prop_map(Fault::Tell),
    ]
}

fn inflict(world: &mut World, fault: &Fault) {
    match fault {
        Fault::Stall(replica, time) => world.stall(*replica, *time),
        Fault::Kill(replica) => world.kill(*replica),
        Fault::Start(replica) => world.start(*replica),
        Fault::Resign(replica) => world.resign(*replica),
        Fault::Away(time) => world.away_until = world.time + time,
        Fault::Ways(ways) => world.ways.extend(ways),
        Fault::Tell(tells) => world.tells = *tells,
    }
}

/// Terms of operators that are configured differently; the last are those of the original.
fn terms() -> impl Strategy<Value = Terms> {
    let of = |lease, renew, retry| Terms {
        lease: SECOND * lease,
        renew_deadline: SECOND * renew,
        retry_period: SECOND * retry,
    };
    prop_oneof![4 => Just(Terms::default()), 1 => Just(of(6, 4, 1)), 1 => Just(of(35, 30, 10))]
}

/// A part in thousandths, often the least or the most.
fn part() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1000), 0..=1000_u64]
}

/// Replicas with their clocks and terms.
fn replicas() -> impl Strategy<Value = Vec<(Clock, Terms)>> {
    prop::collection::vec((clock(), terms()), 2..4)
}

/// How long what happens next is waited for, in steps, and what it is.
fn faults() -> impl Strategy<Value = Vec<(u64, Fault)>> {
    prop::collection::vec((1..400_u64, fault(3)), 1..25)
}

fn of_replica(fault: &Fault) -> Option<usize> {
    match fault {
        Fault::Stall(replica, _)
        | Fault::Kill(replica)
        | Fault::Start(replica)
        | Fault::Resign(replica) => Some(*replica),
        Fault::Away(_) | Fault::Ways(_) | Fault::Tell(_) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// However replicas, clocks, network and API server behave: no write of a leader has an effect once
    /// the next one may write. And when all is well again, one of them leads, and goes on leading.
    #[test]
    fn never_do_two_write_and_one_leads_in_the_end(
        replicas in replicas(),
        faults in faults(),
        delays in prop::collection::vec((part(), part()), 1..40),
    ) {
        let (clocks, terms): (Vec<_>, Vec<_>) = replicas.into_iter().unzip();
        let mut world = World::new(&clocks, &terms);
        let mut delay = delays.iter().cycle();
        let mut step = |world: &mut World| world.step(world.time.is_multiple_of(200), *delay.next().unwrap());
        for (wait, fault) in &faults {
            for _ in 0..*wait {
                let stepped = step(&mut world);
                prop_assert!(stepped.is_ok(), "{}\n{world:?}", stepped.unwrap_err());
            }
            if of_replica(fault).is_none_or(|replica| replica < world.replicas.len()) {
                inflict(&mut world, fault);
            }
        }
        world.away_until = 0;
        world.ways.clear();
        world.tells = true;
        let settled = world.time + 100_000;
        while world.time < settled {
            for replica in 0..world.replicas.len() {
                // Who is over is started again, as a container is.
                world.start(replica);
            }
            let stepped = step(&mut world);
            prop_assert!(stepped.is_ok(), "{}\n{world:?}", stepped.unwrap_err());
        }
        let (leaders, landed) = (world.leaders(), world.landed);
        prop_assert_eq!(leaders.len(), 1, "{:?}", &world);
        for _ in 0..2000 {
            let stepped = step(&mut world);
            prop_assert!(stepped.is_ok(), "{}\n{world:?}", stepped.unwrap_err());
            prop_assert_eq!(&world.leaders(), &leaders, "{:?}", &world);
        }
        prop_assert!(world.landed > landed, "it writes");
    }
}

/// Clocks that are right.
fn good_clock() -> Clock {
    Clock {
        rate: 1000,
        age: 5000,
        off: 0,
        stands: false,
    }
}

fn good_world() -> World {
    let mut world = World::new(&[good_clock(); 2], &[Terms::default(); 2]);
    while world.leaders().is_empty() {
        world.step(true, (0, 0)).unwrap();
    }
    world
}

/// How long it takes until another one than `before` leads, in milliseconds.
fn takeover(world: &mut World, before: usize) -> Duration {
    let begun = world.time;
    while world.leaders().iter().all(|leader| *leader == before) {
        world.step(true, (0, 0)).unwrap();
        assert!(world.time < begun + 60_000, "{world:?}");
    }
    Duration::from_millis(world.time - begun)
}

#[test]
fn hand_over_is_at_once_and_after_a_death_when_the_lease_is_over() {
    let mut world = good_world();
    let first = world.leaders()[0];
    world.resign(first);
    let took = takeover(&mut world, first);
    assert!(took <= Duration::from_millis(300), "{took:?}");
    world.start(first);
    for _ in 0..100 {
        world.step(true, (0, 0)).unwrap();
    }
    let second = world.leaders()[0];
    world.kill(second);
    let took = takeover(&mut world, second);
    assert!(took > SECOND * 12 && took <= SECOND * 16, "{took:?}");
}

#[test]
fn stalled_leader_writes_nothing_when_it_wakes() {
    let mut world = good_world();
    let first = world.leaders()[0];
    world.stall(first, 60_000);
    takeover(&mut world, first);
    let until = world.time + 120_000;
    while world.time < until {
        // Any write of it would be an error.
        world.step(true, (1000, 1000)).unwrap();
        assert!(!world.leaders().contains(&first));
    }
}

#[test]
fn lease_that_is_deleted_stays_with_its_leader() {
    let mut world = good_world();
    let first = world.leaders();
    for _ in 0..5 {
        world.delete_lease();
        for _ in 0..800 {
            world.step(true, (500, 500)).unwrap();
            assert_eq!(world.leaders(), first);
        }
    }
}

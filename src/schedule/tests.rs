//! Crontabs against what robfig's library makes of them, and against a search second by second.

use jiff::{SignedDuration, Zoned};
use proptest::prelude::*;

use super::Crontab;

fn time(text: &str) -> Zoned {
    text.parse().unwrap()
}

fn crontab(text: &str) -> Crontab {
    Crontab::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// From `now` on, in its zone, the crontab fires at these times.
fn fires(text: &str, now: &str, expected: &[&str]) {
    let crontab = crontab(text);
    let mut now = time(now);
    for next in expected {
        now = crontab.next_after(&now).unwrap();
        assert_eq!(now, time(next), "{text} fires at {now}");
    }
}

macro_rules! fires {
    ($($name:ident: $text:literal, $now:literal => $($next:literal),+;)+) => {
        mod fires {
            $(#[test] fn $name() { super::fires($text, $now, &[$($next),+]); })+
        }
    };
}

fires! {
    minute_field: "5 * * * *", "2026-03-01T00:00:00[UTC]" => "2026-03-01T00:05:00[UTC]", "2026-03-01T01:05:00[UTC]";
    second_field: "*/15 * * * * *", "2026-03-01T00:00:50[UTC]" => "2026-03-01T00:01:00[UTC]", "2026-03-01T00:01:15[UTC]";
    five_fields_at_second_zero: "* * * * *", "2026-03-01T00:00:00.5[UTC]" => "2026-03-01T00:01:00[UTC]";
    strictly_later: "0 0 * * * *", "2026-03-01T01:00:00[UTC]" => "2026-03-01T02:00:00[UTC]";
    part_of_a_second: "* * * * * *", "2026-03-01T01:00:00.999999999[UTC]" => "2026-03-01T01:00:01[UTC]";
    number_with_step: "5/15 * * * *", "2026-03-01T00:00:00[UTC]" => "2026-03-01T00:05:00[UTC]", "2026-03-01T00:20:00[UTC]", "2026-03-01T00:35:00[UTC]", "2026-03-01T00:50:00[UTC]", "2026-03-01T01:05:00[UTC]";
    range_with_step: "10-30/10 * * * *", "2026-03-01T00:00:00[UTC]" => "2026-03-01T00:10:00[UTC]", "2026-03-01T00:20:00[UTC]", "2026-03-01T00:30:00[UTC]", "2026-03-01T01:10:00[UTC]";
    step_beyond_the_field: "*/61 * * * *", "2026-03-01T00:00:00[UTC]" => "2026-03-01T01:00:00[UTC]";
    list_with_range: "0 0 1,15,20-21 * *", "2026-03-01T00:00:00[UTC]" => "2026-03-15T00:00:00[UTC]", "2026-03-20T00:00:00[UTC]", "2026-03-21T00:00:00[UTC]", "2026-04-01T00:00:00[UTC]";
    list_with_empty_item: "0,,30, * * * *", "2026-03-01T00:00:00[UTC]" => "2026-03-01T00:30:00[UTC]", "2026-03-01T01:00:00[UTC]";
    question_mark: "0 0 ? * MON", "2026-03-01T00:00:00[UTC]" => "2026-03-02T00:00:00[UTC]", "2026-03-09T00:00:00[UTC]";
    month_names: "0 0 1 Jan-MAR,nov *", "2026-03-02T00:00:00[UTC]" => "2026-11-01T00:00:00[UTC]", "2027-01-01T00:00:00[UTC]";
    day_names: "0 0 * * sat,Sun", "2026-03-02T00:00:00[UTC]" => "2026-03-07T00:00:00[UTC]", "2026-03-08T00:00:00[UTC]";
    either_day: "0 0 13 * 5", "2026-03-01T00:00:00[UTC]" => "2026-03-06T00:00:00[UTC]", "2026-03-13T00:00:00[UTC]", "2026-03-20T00:00:00[UTC]", "2026-03-27T00:00:00[UTC]", "2026-04-03T00:00:00[UTC]", "2026-04-10T00:00:00[UTC]", "2026-04-13T00:00:00[UTC]";
    both_days_when_one_has_a_star: "0 0 */2 * 5", "2026-03-01T00:00:00[UTC]" => "2026-03-13T00:00:00[UTC]", "2026-03-27T00:00:00[UTC]";
    either_day_of_an_impossible_date: "0 0 30 2 1", "2026-03-01T00:00:00[UTC]" => "2027-02-01T00:00:00[UTC]", "2027-02-08T00:00:00[UTC]";
    leap_day: "0 0 29 2 *", "2026-03-01T00:00:00[UTC]" => "2028-02-29T00:00:00[UTC]", "2032-02-29T00:00:00[UTC]";
    leap_day_over_a_century: "0 0 29 2 *", "2096-03-01T00:00:00[UTC]" => "2104-02-29T00:00:00[UTC]";
    leap_day_on_a_sunday: "0 0 29 2 */7", "2026-03-01T00:00:00[UTC]" => "2032-02-29T00:00:00[UTC]", "2060-02-29T00:00:00[UTC]";
    last_day_of_long_months: "0 0 31 * *", "2026-03-31T00:00:00[UTC]" => "2026-05-31T00:00:00[UTC]", "2026-07-31T00:00:00[UTC]";
    end_of_year: "59 59 23 31 12 *", "2026-12-31T23:59:59[UTC]" => "2027-12-31T23:59:59[UTC]";
    yearly: "@yearly", "2026-03-01T00:00:00[UTC]" => "2027-01-01T00:00:00[UTC]";
    annually: "@annually", "2026-03-01T00:00:00[UTC]" => "2027-01-01T00:00:00[UTC]";
    monthly: "@monthly", "2026-03-01T00:00:00[UTC]" => "2026-04-01T00:00:00[UTC]";
    weekly: "@weekly", "2026-03-02T00:00:00[UTC]" => "2026-03-08T00:00:00[UTC]";
    daily: "@daily", "2026-03-01T00:00:00[UTC]" => "2026-03-02T00:00:00[UTC]";
    midnight: "@midnight", "2026-03-01T12:00:00[UTC]" => "2026-03-02T00:00:00[UTC]";
    hourly: " @hourly ", "2026-03-01T12:30:00[UTC]" => "2026-03-01T13:00:00[UTC]";
    every: "@every 1h30m", "2026-03-01T12:00:07.9[UTC]" => "2026-03-01T13:30:07[UTC]", "2026-03-01T15:00:07[UTC]";
    every_part_of_a_second: "@every 10ms", "2026-03-01T12:00:00[UTC]" => "2026-03-01T12:00:01[UTC]";
    every_with_zone: "TZ=Asia/Tokyo @every 2.9s", "2026-03-01T12:00:00[UTC]" => "2026-03-01T12:00:02[UTC]";
    own_zone: "TZ=Asia/Tokyo 0 9 * * *", "2026-03-01T00:00:01[UTC]" => "2026-03-02T00:00:00[UTC]";
    own_zone_by_its_other_name: "CRON_TZ=America/New_York 0 9 * * *", "2026-01-10T00:00:00[UTC]" => "2026-01-10T14:00:00[UTC]";
    own_zone_utc: "TZ=UTC @daily", "2026-01-10T22:00:00[Asia/Tokyo]" => "2026-01-11T09:00:00[Asia/Tokyo]";
    zone_without_a_name: "TZ= @daily", "2026-01-10T22:00:00[Asia/Tokyo]" => "2026-01-11T09:00:00[Asia/Tokyo]";
    local_zone: "TZ=Local @daily", "2026-01-10T22:00:00[Asia/Tokyo]" => "2026-01-11T00:00:00[Asia/Tokyo]";
    zone_of_half_hours: "0 * * * *", "2026-01-10T22:10:00[Asia/Kolkata]" => "2026-01-10T23:00:00[Asia/Kolkata]";

    // Clocks in Berlin go from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
    left_out_hour_does_not_fire: "30 2 * * *", "2026-03-28T12:00:00[Europe/Berlin]" => "2026-03-30T02:30:00[Europe/Berlin]";
    left_out_hour_in_the_own_zone: "TZ=Europe/Berlin 30 2 * * *", "2026-03-28T12:00:00[UTC]" => "2026-03-30T00:30:00[UTC]";
    minutes_go_on_when_clocks_go_forward: "*/30 * * * *", "2026-03-29T01:15:00[Europe/Berlin]" => "2026-03-29T01:30:00[Europe/Berlin]", "2026-03-29T03:00:00[Europe/Berlin]", "2026-03-29T03:30:00[Europe/Berlin]";
    hours_go_on_when_clocks_go_forward: "0 */2 * * *", "2026-03-29T00:00:00[Europe/Berlin]" => "2026-03-29T04:00:00[Europe/Berlin]";
    hour_after_the_gap_fires: "0 3 * * *", "2026-03-28T12:00:00[Europe/Berlin]" => "2026-03-29T03:00:00[Europe/Berlin]";
    doubled_hour_fires_twice: "30 2 * * *", "2026-10-24T12:00:00[Europe/Berlin]" => "2026-10-25T02:30:00+02:00[Europe/Berlin]", "2026-10-25T02:30:00+01:00[Europe/Berlin]", "2026-10-26T02:30:00[Europe/Berlin]";
    doubled_hour_in_the_own_zone: "TZ=Europe/Berlin 30 2 * * *", "2026-10-24T12:00:00[UTC]" => "2026-10-25T00:30:00[UTC]", "2026-10-25T01:30:00[UTC]", "2026-10-26T01:30:00[UTC]";
    minutes_go_on_when_clocks_go_back: "*/30 * * * *", "2026-10-25T02:15:00+02:00[Europe/Berlin]" => "2026-10-25T02:30:00+02:00[Europe/Berlin]", "2026-10-25T02:00:00+01:00[Europe/Berlin]", "2026-10-25T02:30:00+01:00[Europe/Berlin]", "2026-10-25T03:00:00[Europe/Berlin]";
    every_goes_on_when_clocks_go_back: "@every 1h", "2026-10-25T02:30:00+02:00[Europe/Berlin]" => "2026-10-25T02:30:00+01:00[Europe/Berlin]", "2026-10-25T03:30:00[Europe/Berlin]";
    day_without_midnight: "@daily", "2018-11-03T12:00:00[America/Sao_Paulo]" => "2018-11-05T00:00:00[America/Sao_Paulo]";
    clocks_that_move_half_an_hour: "15 2 * * *", "2026-04-04T12:00:00[Australia/Lord_Howe]" => "2026-04-05T02:15:00[Australia/Lord_Howe]", "2026-04-06T02:15:00[Australia/Lord_Howe]";
    day_that_never_was: "0 12 30 12 *", "2011-12-01T00:00:00[Pacific/Apia]" => "2012-12-30T12:00:00[Pacific/Apia]";
}

#[test]
fn mistakes_name_the_field_and_what_is_allowed() {
    let rows: [(&str, &str); 33] = [
        (
            "",
            "expected 5 fields (minute, hour, day of month, month, day of week) or 6 (second first), found 0",
        ),
        (
            "* * * *",
            "expected 5 fields (minute, hour, day of month, month, day of week) or 6 (second first), found 4",
        ),
        (
            "* * * * * * *",
            "expected 5 fields (minute, hour, day of month, month, day of week) or 6 (second first), found 7",
        ),
        (
            "60 * * * *",
            "minute: expected 0 to 59, `*`, a range, a list or a step; found `60`",
        ),
        (
            "60 * * * * *",
            "second: expected 0 to 59, `*`, a range, a list or a step; found `60`",
        ),
        (
            "* 24 * * *",
            "hour: expected 0 to 23, `*`, a range, a list or a step; found `24`",
        ),
        (
            "* * 0 * *",
            "day of month: expected 1 to 31, `*`, a range, a list or a step; found `0`",
        ),
        (
            "* * 32 * *",
            "day of month: expected 1 to 31, `*`, a range, a list or a step; found `32`",
        ),
        (
            "* * L * *",
            "day of month: expected 1 to 31, `*`, a range, a list or a step; found `L`",
        ),
        (
            "* * * 13 *",
            "month: expected 1 to 12 or jan to dec, `*`, a range, a list or a step; found `13`",
        ),
        (
            "* * * january *",
            "month: expected 1 to 12 or jan to dec, `*`, a range, a list or a step; found `january`",
        ),
        (
            "* * * * 7",
            "day of week: expected 0 to 6 or sun to sat, `*`, a range, a list or a step; sunday is 0; found `7`",
        ),
        (
            "* * * * 1#2",
            "day of week: expected 0 to 6 or sun to sat, `*`, a range, a list or a step; found `1#2`",
        ),
        (
            "1,2,x * * * *",
            "minute: expected 0 to 59, `*`, a range, a list or a step; found `x`",
        ),
        (
            "1-70 * * * *",
            "minute: expected 0 to 59, `*`, a range, a list or a step; found `1-70`",
        ),
        (
            "-5 * * * *",
            "minute: expected 0 to 59, `*`, a range, a list or a step; found `-5`",
        ),
        (
            "1-2-3 * * * *",
            "minute: expected 0 to 59, `*`, a range, a list or a step; found `1-2-3`",
        ),
        (
            "*-5 * * * *",
            "minute: expected 0 to 59, `*`, a range, a list or a step; found `*-5`",
        ),
        (
            ", * * * *",
            "minute: expected 0 to 59, `*`, a range, a list or a step; found `,`",
        ),
        (
            "30-10 * * * *",
            "minute: expected a range from low to high within 0 to 59; found `30-10`",
        ),
        (
            "*/0 * * * *",
            "minute: expected a whole number above 0 behind `/`; found `*/0`",
        ),
        (
            "*/x * * * *",
            "minute: expected a whole number above 0 behind `/`; found `*/x`",
        ),
        (
            "*/2/3 * * * *",
            "minute: expected a whole number above 0 behind `/`; found `*/2/3`",
        ),
        (
            "*/-2 * * * *",
            "minute: expected a whole number above 0 behind `/`; found `*/-2`",
        ),
        (
            "0 0 30 2 *",
            "no date matches: none of the months has such a day",
        ),
        (
            "0 0 31 2,4,6,9,11 ?",
            "no date matches: none of the months has such a day",
        ),
        (
            "@dayly",
            "expected @every, @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually, found `@dayly`; did you mean @daily?",
        ),
        (
            "@reboot",
            "expected @every, @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually, found `@reboot`",
        ),
        (
            "@every",
            "expected @every, @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually, found `@every`",
        ),
        (
            "@every 5",
            "expected a duration such as 90s, 5m or 1h30m, found `5`",
        ),
        (
            "@every -5m",
            "expected a duration such as 90s, 5m or 1h30m, found `-5m`",
        ),
        (
            "TZ=Europe/Bern * * * * *",
            "expected the name of a time zone such as Europe/Berlin behind `TZ=`, found `Europe/Bern`",
        ),
        (
            "TZ=UTC",
            "expected 5 fields (minute, hour, day of month, month, day of week) or 6 (second first), found 0",
        ),
    ];
    for (text, expected) in rows {
        let error = Crontab::parse(text).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text:?}");
    }
}

#[test]
fn crontabs_are_equal_by_their_text() {
    assert_eq!(crontab("@daily"), crontab("@daily"));
    assert_ne!(crontab("@daily"), crontab("@midnight"));
    assert!(crontab("0 * * * *") < crontab("1 * * * *"));
}

#[test]
fn end_of_the_calendar_is_no_time() {
    let now = time("9999-12-30T12:00:00[UTC]");
    assert_eq!(crontab("0 0 1 1 *").next_after(&now), None);
    assert_eq!(crontab("@every 200000h").next_after(&now), None);
}

/// A field that is written in one of the ways there are.
fn field(low: u32, high: u32) -> impl Strategy<Value = String> {
    let number = low..=high;
    prop_oneof![
        4 => Just("*".to_owned()),
        1 => Just("?".to_owned()),
        3 => number.clone().prop_map(|number| number.to_string()),
        1 => (number.clone(), number.clone()).prop_map(|(one, other)| format!("{}-{}", one.min(other), one.max(other))),
        1 => (number.clone(), number.clone()).prop_map(|(one, other)| format!("{one},{other}")),
        1 => (1..=high).prop_map(|step| format!("*/{step}")),
        1 => (number, 1..=high).prop_map(|(start, step)| format!("{start}/{step}")),
    ]
}

const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
];

/// Steps through the seconds, and past hours and days that cannot match, to the first that fires.
fn step(crontab: &Crontab, now: &Zoned, limit: SignedDuration) -> Option<Zoned> {
    let second = SignedDuration::from_secs(1);
    let start = now.timestamp().as_second();
    (1..=limit.as_secs())
        .map(|offset| {
            let time = jiff::Timestamp::from_second(start + offset).unwrap();
            time.to_zoned(now.time_zone().clone())
        })
        .find(|time| *time > now - second && crontab.fires_at(time))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// From around the changes of the clock, nothing fires between now and what is found.
    #[test]
    fn nothing_fires_before_what_is_found(
        second in field(0, 59), minute in field(0, 59), hour in field(0, 3),
        zone in prop::sample::select(ZONES.to_vec()),
        change in 0_usize..40, before in 0_i64..7200,
    ) {
        let crontab = crontab(&format!("{second} {minute} {hour} * * *"));
        let zone = jiff::tz::TimeZone::get(zone).unwrap();
        let origin = "2020-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let origin = zone.following(origin).nth(change).map_or(origin, |change| change.timestamp());
        let now = (origin - SignedDuration::from_secs(before)).to_zoned(zone);
        let limit = SignedDuration::from_hours(6);
        let found = crontab.next_after(&now).unwrap();
        prop_assert!(found > now);
        prop_assert!(crontab.fires_at(&found));
        match step(&crontab, &now, limit) {
            Some(stepped) => prop_assert_eq!(found, stepped),
            None => prop_assert!(found.timestamp() > (now.timestamp() + limit)),
        }
    }

    /// The same for dates: the days between are looked at one by one.
    #[test]
    fn no_day_before_what_is_found_matches(
        day in field(1, 31), month in field(1, 12), weekday in field(0, 6),
        zone in prop::sample::select(ZONES.to_vec()),
        start in 0_i64..(80 * 366 * 86_400),
    ) {
        let Ok(crontab) = Crontab::parse(&format!("0 12 {day} {month} {weekday}")) else {
            // The only mistake there can be: a day that no such month has.
            prop_assert!(day.starts_with(['2', '3']));
            return Ok(());
        };
        let zone = jiff::tz::TimeZone::get(zone).unwrap();
        let now = jiff::Timestamp::from_second(start).unwrap().to_zoned(zone.clone());
        let found = crontab.next_after(&now).unwrap();
        prop_assert!(found > now);
        let mut date = now.date();
        loop {
            let noon = date.at(12, 0, 0, 0).to_zoned(zone.clone()).unwrap();
            if noon > now && noon.hour() == 12 && crontab.fires_at(&noon) {
                prop_assert_eq!(&found, &noon);
                break;
            }
            prop_assert!(noon < found);
            date = date.tomorrow().unwrap();
        }
    }

    #[test]
    fn any_text_is_a_crontab_or_a_mistake(text in "(TZ=[A-Z/]{0,4} )?[0-9*?/,@a-z -]{0,24}") {
        let now = time("2026-03-01T00:00:00[Europe/Berlin]");
        if let Ok(crontab) = Crontab::parse(&text)
            && let Some(next) = crontab.next_after(&now)
        {
            prop_assert!(next > now);
        }
    }
}

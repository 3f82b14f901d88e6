import json
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.domain import UsageResource
from exporter.threads_api.entry import RateLimitScope
from exporter.threads_api.usage import NO_LIMITS, Limits, read_limits

NOW = 1_790_000_000.0
DAY = 24 * 3600.0
APP = "X-App-Usage"
BUSINESS = "X-Business-Use-Case-Usage"


@pytest.mark.parametrize(
    ("headers", "ratios"),
    [
        ({}, {}),
        ({APP: '{"call_count":28,"total_time":25.5}'}, {"call_count": 0.28, "total_time": 0.255}),
        ({APP: '{"call_count":144}'}, {"call_count": 1.44}),
        ({APP: '{"call_count":0}'}, {"call_count": 0.0}),
        ({BUSINESS: '{"1":[{"type":"t","total_cputime":90}]}'}, {"total_cputime": 0.9}),
        ({BUSINESS: '{"1":[{"call_count":10}],"2":[{"call_count":30}]}'}, {"call_count": 0.3}),
        (
            {APP: '{"call_count":20}', BUSINESS: '{"1":[{"call_count":10,"total_time":1}]}'},
            {"call_count": 0.2, "total_time": 0.01},
        ),
        ({APP: '{"call_count":10}', BUSINESS: '{"1":[{"call_count":20}]}'}, {"call_count": 0.2}),
        ({APP: "17%", BUSINESS: '{"1":[{"call_count":20}]}'}, {"call_count": 0.2}),
        ({APP: '{"call_count":true,"total_time":1}'}, {"total_time": 0.01}),
        ({BUSINESS: '{"1":[null,{"call_count":1}]}'}, {"call_count": 0.01}),
        ({APP: '{"total_cpu_time":50,"unknown":1}'}, {}),
    ],
)
def test_usage_ratios(headers: dict[str, str], ratios: dict[str, float]) -> None:
    expected = {UsageResource(name): ratio for name, ratio in ratios.items()}

    assert read_limits(headers, NOW).ratios == pytest.approx(expected)


def test_each_header_tells_of_its_own_limit() -> None:
    app, business = '{"call_count":20}', '{"1":[{"call_count":90,"total_time":5}]}'

    used = read_limits({APP: app, BUSINESS: business}, NOW).used

    assert used == {
        RateLimitScope.APP: {UsageResource.CALL_COUNT: 0.2},
        RateLimitScope.ACCOUNT: {UsageResource.CALL_COUNT: 0.9, UsageResource.TOTAL_TIME: 0.05},
    }


def test_an_answer_without_such_headers_tells_nothing() -> None:
    assert read_limits({"Content-Type": "application/json"}, NOW) is NO_LIMITS


JUNK = [
    "",
    "17%",
    "{",
    "null",
    "[]",
    "1",
    '"text"',
    '{"call_count":NaN}',
    '{"call_count":Infinity}',
    '{"call_count":1e400}',
    '{"call_count":-1}',
    '{"call_count":"28"}',
    '{"call_count":null}',
    '{"call_count":[28]}',
    '{"call_count":%s}' % ("9" * 400),
    '{"call_count":%s}' % ("9" * 5000),
    '{"1":[1,null,[],"x"]}',
    "[" * 100_000,
]


@pytest.mark.parametrize("name", [APP, BUSINESS])
@pytest.mark.parametrize("value", JUNK)
def test_junk_in_a_usage_header_is_ignored_and_counted(name: str, value: str) -> None:
    assert read_limits({name: value}, NOW) == Limits(unreadable=1)


@pytest.mark.parametrize("value", ["{}", '{"total_cpu_time":50}', '{"1":[]}', '{"1":{"a":1}}'])
def test_what_a_usage_header_does_not_tell_is_no_junk(value: str) -> None:
    assert read_limits({APP: value}, NOW) == NO_LIMITS


def test_unreadable_headers_are_counted_and_what_can_be_read_is() -> None:
    headers = {APP: '{"call_count":true,"total_time":-1}', "Retry-After": "soon"}
    business = '{"1":[{"call_count":50,"estimated_time_to_regain_access":2},{"total_time":"x"}]}'

    limits = read_limits({**headers, BUSINESS: business}, NOW)

    assert limits.unreadable == 3
    assert limits.ratios == {UsageResource.CALL_COUNT: 0.5}
    assert limits.wait == 120


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 1.0),
        ("1", 1.0),
        ("86401", DAY),
        ("1000000000", DAY),
        ("9" * 5000, DAY),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW + 90).replace("-0000", "+0000"), 90.0),
        (formatdate(NOW + 90), 90.0),
        (formatdate(NOW - 90, usegmt=True), 1.0),
        (formatdate(NOW + 10 * DAY, usegmt=True), DAY),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 1.0),
        ("-5", None),
        ("1.5", None),
        ("1e9", None),
        ("²", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        ("120, 120", None),
        ("Fri, 99 Dec 2026 23:59:59 GMT", None),
        ("Fri, 31 Dec " + "9" * 5000 + " 23:59:59 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    limits = read_limits({"Retry-After": value}, NOW)

    assert limits.wait == seconds
    assert limits.unreadable == (seconds is None)


@pytest.mark.parametrize(
    ("minutes", "seconds"),
    [
        ("5", 300.0),
        ("0.001", 1.0),
        ("100000", DAY),
        ("1e308", DAY),
        ("0", None),
        ("-5", None),
        ('"5"', None),
        ("true", None),
        ("null", None),
    ],
)
def test_minutes_to_regain_access(minutes: str, seconds: float | None) -> None:
    usage = f'{{"1":[{{"estimated_time_to_regain_access":{minutes}}}]}}'

    assert read_limits({BUSINESS: usage}, NOW).wait == seconds


def test_the_longest_of_all_minutes_counts() -> None:
    items = [{"estimated_time_to_regain_access": minutes} for minutes in (5, 7, 6)]

    headers = {BUSINESS: json.dumps({"1": items[:2], "2": items[2:]})}

    assert read_limits(headers, NOW).wait == 420.0


@pytest.mark.parametrize(("retry_after", "seconds"), [("600", 600.0), ("60", 300.0), ("x", 300.0)])
def test_the_longest_wait_counts(retry_after: str, seconds: float) -> None:
    usage = '{"1":[{"estimated_time_to_regain_access":5}]}'

    assert read_limits({"Retry-After": retry_after, BUSINESS: usage}, NOW).wait == seconds


@given(
    st.dictionaries(
        st.sampled_from([APP, BUSINESS, "Retry-After"]),
        st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9: +-]*"),
    )
)
def test_no_header_is_too_odd(headers: dict[str, str]) -> None:
    limits = read_limits(headers, NOW)

    assert limits.wait is None or 1 <= limits.wait <= DAY
    assert all(ratio >= 0 for ratio in limits.ratios.values())
    assert limits.unreadable <= len(headers)

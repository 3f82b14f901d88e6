"""The parts of docs/performance.md that are the same whatever was measured."""

INTRODUCTION = """\
# Performance

<!-- Written by `python -m benchmarks page` from benchmarks/results.json; change benchmarks/. -->

What polling, scraping and registering cost, measured by `make bench` beside yardsticks that run in
the same go. The figures are of [this machine](#measured-on); only ratios travel to another.
"""
QUICK = """\
These figures are of a quick run, with few accounts and short times: they stand in for a full one's,
and miss targets that a full one meets.
"""
METHOD = """\
## How it is measured

- **Ours and the yardstick take turns**, a repetition each, so that what disturbs one disturbs
  both. A figure is the median, with the lowest and the highest of the repetitions in brackets.
- **Everything that is measured is a process of its own**, without the caller's proxies, Python
  settings and certificate bundles. Its CPU time is the kernel's clock of that process, all threads
  and the time in the kernel included; its memory is the resident set as it stands, no garbage
  collection forced. The client is a plain socket in another process.
- **The exporter is the real one**, started by its command line, in all but the rows on a single
  scrape. There its web server and exposition run on observations that change on command, because
  exactly 1 % of the accounts must have changed: those that the schedule has next.
- **A scrape is Prometheus's**: OpenMetrics, gzip unless a row says otherwise. Each poll renders its
  account's lines as it ends, so a scrape joins and compresses. The rows `…-and-rendering` add the
  CPU time that the polls spent on that.
- **prometheus_client's server** gives the same series from metrics that its collector keeps, which
  is the least work it can be made to do: gauges and counters would cost it more.
- **Scrapes beside polls** follow each other by a quarter of a second, to have enough of them for a
  p99: less is changed between two of them than in Prometheus's 15 s. `together-scrape` has those.
- **The cost of a poll** has everything in that the process does: the schedule, the call, reading
  the answer, noting and rendering it. `poll-saturated` has more polls due than are made, so that
  16 calls are always under way; `poll-scheduled` has each wake a process that sleeps.
- **The bare call** is `Session.get` over 16 threads with one session, and the answer's body read,
  not parsed.
- **The stock exporter** is one as the libraries' manuals have it: APScheduler with a job per
  account and 64 threads, `Session.get`, gauges set by `labels().set()`, `start_http_server`. It
  sets as many series of an account as the exporter has, all of them at the first poll and then
  those that a quota poll tells.
- **Meta's API** is nginx over HTTPS, answering from files, or where answers are to take their time
  an asyncio server. Both answer more than anything here asks; `api-capacity` is nginx's rate.
- **A poll's lateness** is seen at Meta's side: the moment at which the request of an account came,
  less the moment at which the account's poll was due.
- **Growth** is measured at one rate of polls, so that the accounts are all that differs: of 50 000
  each is polled every 200 s, of 10 000 every 40 s, of 1 000 every 4 s. What rate one process keeps
  up with is `rate-largest`, found by going down from what it makes when too many are due.

Not measured: a real network, Meta's real API, RSA certificates.
"""
RUN = """\
## Run it

```console
$ make bench                                   # all of it, a table, and bench.json
$ make bench ARGS="--quick"                    # less of everything, to see that it works
$ make bench ARGS="--only scrape --only poll"  # some of it
$ .venv/bin/python -m benchmarks compare before.json after.json
```

It needs nginx, and collectd for its row: `sudo apt-get install nginx-light collectd-core
libcurl3-gnutls libyajl2`. Without them their rows are left out, and it says so. Keep the machine
idle meanwhile: CPU figures grow with what else runs, wall times more so.

`compare` sets the rows of two files side by side and marks those whose ranges do not meet; a
difference without that mark may be chance. Compare runs of one machine, and ratios before figures.
This page is made of `benchmarks/results.json`: `cp bench.json benchmarks/results.json && make docs`
has it tell of a new run.
"""

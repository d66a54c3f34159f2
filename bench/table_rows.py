"""The rows of the table of bench/report.py. Each has a measurement and, if there is one, a target."""

COLLECT_WORDS = ("io", "faults", "switches", "peak", "pss", "limits")


def time_text(nanoseconds):
    if nanoseconds is None:
        return "–"
    if nanoseconds < 1_000:
        return f"{nanoseconds:.3g} ns"
    if nanoseconds < 1_000_000:
        return f"{nanoseconds / 1_000:.3g} µs"
    return f"{nanoseconds / 1_000_000:.3g} ms"


def ratio_text(ratio):
    if ratio is None:
        return "–"
    return f"{ratio:.2f} ×" if ratio < 10 else f"{ratio:,.0f} ×"


def row(what, ours, limit="–", other="–", over_limit=None, less_than_other=None, target="", met=None):
    """`over_limit` is ours divided by the limit, `less_than_other` the other way divided by ours."""
    verdict = "" if not target else "not measured" if met is None else "met" if met else "not met"
    return [what, ours, limit, other, ratio_text(over_limit), ratio_text(less_than_other), target,
            verdict]


def inverse(ratio):
    return None if not ratio else 1 / ratio


def at_most(value, bound):
    return None if value is None else value <= bound


def at_least(value, bound):
    return None if value is None else value >= bound


def push_and_lock(results, name):
    """Returns a record divided by a push plus an uncontended lock and unlock of the same rounds."""
    push, lock = results.get(name, "push_ratio"), results.get(name, "lock_ratio")
    return None if None in (push, lock) else 1 / (push + lock)


def total(*costs):
    return None if None in costs else sum(costs)


def quotient(dividend, divisor):
    return dividend / divisor if dividend is not None and divisor else None


def push_rows(results):
    for size in (100, 1_000, 10_000):
        name = f"push/{size}"
        over = inverse(results.get(name, "bare_ratio"))
        yield row(f"push into a full ring of {size:,}", time_text(results.get(name, "ring_ns")),
                  time_text(results.get(name, "bare_ns")) + " bare array",
                  time_text(results.get(name, "shift_ns")) + " shifting vector", over,
                  results.get(name, "shift_ratio"), "≤ 1.2 × bare", at_most(over, 1.2))
    for size in (10, 100, 1_000):
        cost = results.get(f"by_batch/{size}", "publish_ns")
        push = results.get(f"one_at_a_time/{size}", "push_ns")
        over, with_target = quotient(cost, push), size >= 100
        yield row(f"publish a sample, in a tick's batch of {size:,}", time_text(cost),
                  time_text(push) + " the push alone", "–", over, None,
                  "≤ 1.2 × the push alone" if with_target else "",
                  at_most(over, 1.2) if with_target else None)
    for size in (1, 100, 1_000):
        name = f"one_at_a_time/{size}"
        least = total(results.get(name, "push_ns"), results.get(name, "lock_ns"))
        over = push_and_lock(results, name)
        yield row(f"record a sample by name, of {size:,}", time_text(results.get(name, "record_ns")),
                  time_text(least) + " push, lock, unlock", "–", over, None,
                  "≤ 1.5 × push, lock, unlock", at_most(over, 1.5))


def sampling_rows(results):
    for size in (10, 100, 1_000, 6_000):
        name = f"sample/{size}"
        over = inverse(results.get(name, "bare_ratio"))
        yield row(f"sample one of {size:,} processes", time_text(results.get(name, "sampler_ns")),
                  time_text(results.get(name, "bare_ns")) + " bare calls",
                  time_text(results.get(name, "naive_ns")) + " open, read, parse", over,
                  results.get(name, "naive_ratio"), "≤ 1.1 × bare", at_most(over, 1.1))
    for size in (10, 100, 1_000, 3_000, 6_000):
        name = f"tick/{size}"
        over = inverse(results.get(name, "bare_ratio"))
        yield row(f"tick, a process of {size:,}", time_text(results.get(name, "tick_ns")),
                  time_text(results.get(name, "bare_ns")) + " bare calls", "–", over, None,
                  "≤ 1.12 × bare", at_most(over, 1.12))
    for size in (100, 1_000, 6_000):
        name = f"tick/{size}"
        bare, idle = results.get(name, "bare_ns"), results.get(name, "idle_ns")
        over = quotient(idle, bare)
        yield row(f"tick, a process of {size:,} that have not run", time_text(idle),
                  time_text(bare) + " bare calls", "–", over, None, "≤ 0.35 × bare",
                  at_most(over, 0.35))
    for word in COLLECT_WORDS:
        name = "collect/100"
        bare, cost = results.get(name, "bare_ns"), results.get(name, f"{word}_ns")
        over = quotient(cost, bare)
        yield row(f"tick with collect = [\"{word}\"], a process of 100", time_text(cost),
                  time_text(bare) + " bare calls",
                  time_text(results.get(name, "tick_ns")) + " without", over)
    for size in (1_000, 6_000):
        name = f"tick/{size}"
        bare, by_path = results.get(name, "bare_ns"), results.get(name, "by_path_ns")
        shares = results.get(name, "by_path_ratio"), results.get(name, "bare_ratio")
        over, least = quotient(*shares), results.get(name, "bare_by_path_ratio")
        yield row(f"tick beyond the descriptor budget, of {size:,}", time_text(by_path),
                  time_text(bare) + " bare calls",
                  time_text(results.get(name, "bare_by_path_ns")) + " bare calls by path", over,
                  quotient(least, shares[0]), "≤ 2 × bare", at_most(over, 2))
    counts = [results.get(f"{name}", "tick_allocs") for name in
              ("tick/10", "tick/1000", "tick/6000", "fake_tick/10000")]
    known = [count for count in counts if count is not None]
    yield row("allocations in a steady tick", f"{max(known):g}" if known else "–", target="0",
              met=max(known) == 0 if known else None)
    yield row("tick of 10,000 processes without reading them, a process",
              time_text(results.get("fake_tick/10000", "tick_ns")))


def tree_rows(results):
    for name, what in (("tree/10", "tick over a tree of 10, a member"),
                       ("tree/100", "tick over a tree of 100, a member"),
                       ("tree/1", "tick over one process without children, as a tree"),
                       ("trees/100", "tick over 100 processes without children, as trees, each")):
        over = inverse(results.get(name, "bare_ratio"))
        yield row(what, time_text(results.get(name, "tree_ns")),
                  time_text(results.get(name, "bare_ns")) + " bare calls", "–", over, None,
                  "≤ 1.15 × bare", at_most(over, 1.15))
    birth, bare = (results.get(f"{name}/20", "birth_ns") for name in ("births", "bare_births"))
    yield row("a birth in a watched tree", time_text(birth), time_text(bare) + " bare calls",
              over_limit=quotient(birth, bare), target="≤ 15 µs", met=at_most(birth, 15_000))
    name = "strangers/5000"
    over = inverse(results.get(name, "alone_ratio"))
    yield row("tick over a tree of 10, among 5,000 strangers",
              time_text(results.get(name, "among_ns")),
              time_text(results.get(name, "alone_ns")) + " without them",
              time_text(results.get("walk/5000", "walk_ns")) + " looking at all", over,
              results.get("walk/5000", "walk_ratio"),
              "no difference: ≤ 1.05 ×", at_most(over, 1.05))


def match_rows(results):
    name = "match_look/1000"
    yield row("look for matches among 1,000 strangers, nobody born",
              time_text(results.get(name, "new_ns")), "–",
              time_text(results.get(name, "all_ns")) + " looking at all", None,
              results.get(name, "all_ratio"))
    yield row("the same for each birth, in all its looks",
              time_text(results.get("match_births/1000", "birth_ns")))


def waiting_row(results, name, threads, processes, with_target):
    less = results.get(name, "one_mutex_ratio")
    return row(f"wait for an answer while ticks over {processes} go on, {threads} threads",
               time_text(results.get(name, "ours_ns")), "–",
               time_text(results.get(name, "one_mutex_ns")) + " one mutex", None, less,
               "≥ 50 × less than one mutex" if with_target else "",
               at_least(less, 50) if with_target else None)


def slowest_waits_row(results, name):
    ours, theirs = results.get(name, "ours_p99_ns"), results.get(name, "one_mutex_p99_ns")
    return row("the same, 99th percentile", time_text(ours), "–",
               time_text(theirs) + " one mutex", None, theirs / ours if ours and theirs else None)


def contention_rows(results):
    for threads in (1, 2, 5, 10, 20):
        yield waiting_row(results, f"waiting/{threads}", threads, "1,000", threads == 20)
    yield slowest_waits_row(results, "waiting/20")
    yield waiting_row(results, "waiting_among_many/20", 20, "3,000", True)
    yield slowest_waits_row(results, "waiting_among_many/20")
    for threads in (1, 20):
        name = f"busy/{threads}"
        yield row(f"an answer, {threads} threads asking without a pause",
                  time_text(results.get(name, "ours_ns")), "–",
                  time_text(results.get(name, "one_mutex_ns")) + " one mutex", None,
                  results.get(name, "one_mutex_ratio"))


def text_rows(results):
    for size in (10, 1_000, 10_000):
        name = f"exposition/{size}"
        cost, less = results.get(name, "ours_ns"), results.get(name, "prometheus_cpp_ratio")
        yield row(f"a line of the exposition of {size:,}", time_text(cost),
                  time_text(results.get(name, "to_chars_ns")) + " to_chars",
                  time_text(results.get(name, "prometheus_cpp_ns")) + " prometheus-cpp",
                  inverse(results.get(name, "to_chars_ratio")), less,
                  "≥ 20 × prometheus-cpp", at_least(less, 20))
        yield row(f"the same as OpenMetrics, of {size:,}",
                  time_text(results.get(name, "openmetrics_ns")), "–",
                  time_text(cost) + " the text format", None,
                  results.get(name, "openmetrics_ratio"), "no dearer: ≤ 1.05 ×",
                  at_most(results.get(name, "openmetrics_ratio"), 1.05))
    name = "json/1000"
    over = inverse(results.get(name, "to_chars_ratio"))
    yield row("a sample in JSON", time_text(results.get(name, "ours_ns")),
              time_text(results.get(name, "to_chars_ns")) + " to_chars", "–", over, None,
              "≤ 3 × to_chars", at_most(over, 3))


def query_rows(results):
    for size, target in ((100_000, None), (1_000_000, 5e6)):
        name = f"query/{size}"
        cost, p95 = results.get(name, "ours_ns"), results.get(name, "p95_ns")
        held = results.get(name, "held_bytes")
        yield row(f"averages of 1,000 steps, a sample of {size:,}", time_text(cost),
                  time_text(results.get(name, "bare_ns")) + " adding them up",
                  time_text(results.get(name, "whole_ns")) + " sorted into steps first",
                  inverse(results.get(name, "bare_ratio")), results.get(name, "whole_ratio"),
                  "≥ 5 million samples a second" if target else "",
                  at_least(1e9 / cost, target) if target and cost else None)
        yield row("the same, 95th percentiles", time_text(p95))
        yield row("memory that the averages hold while they are made",
                  f"{held / 1024:,.0f} KiB" if held else "–")


def serving_rows(results):
    serve = results.serve
    if serve is None:
        return
    for path, part, target in (("/metrics", serve["metrics"], 0.9),
                               ("/metrics, gzipped,", serve["gzip"], 0.5),
                               ("/api/metrics", serve["api"], None)):
        share = part["ours_over_fixed"]
        yield row(f"{path} of {serve['processes']:,} processes, {part['bytes'] // 1000} KB",
                  f"{part['ours_per_second']:,.0f} a second",
                  f"{part['fixed_per_second']:,.0f} fixed string", "–", share, None,
                  f"≥ {target} × the fixed string" if target else "",
                  at_least(share, target) if target else None)
    idle = serve["idle"]
    yield row("idle daemon: start to first answer", f"{idle['first_answer_ms']:.1f} ms",
              target="≤ 50 ms", met=idle["first_answer_ms"] <= 50)
    yield row("idle daemon: resident with 10 processes", f"{idle['resident_mb']:.1f} MB",
              target="≤ 4 MB", met=idle["resident_mb"] <= 4)
    yield row("of it memory of its own, not of files it shares", f"{idle['anonymous_mb']:.1f} MB")


def daemon_cpu_rows(results):
    cost = results.daemon_cpu
    if cost is None:
        return
    yield row(f"CPU of the daemon a process and tick, {cost['processes']:,} processes, 10 ticks a second",
              time_text(cost["daemon_us"] * 1e3),
              time_text(cost["library_us"] * 1e3) + " the library alone", "–", cost["ratio"], None,
              "≤ 1.3 × the library alone", cost["ratio"] <= 1.3)


def scenario_rows(results):
    if results.scenarios is None:
        return
    crowd, start, crash, flapping = (results.scenarios.get(name)
                                     for name in ("crowd", "start", "crash", "flapping"))
    beside = f"beside {crowd['clients']:,} slow ones"
    yield row(f"a new client {beside}, 99th percentile", f"{crowd['p99_ms']:.1f} ms",
              target="≤ 100 ms", met=crowd["p99_ms"] <= 100)
    yield row("resident for each slow client", f"{crowd['kib_each']:.1f} KiB", target="≤ 32 KiB",
              met=crowd["kib_each"] <= 32)
    children = f"{start['children']:,} children"
    yield row(f"start to first answer with {children}", f"{start['first_answer_ms']:.0f} ms",
              target="≤ 0.5 s", met=start["first_answer_ms"] <= 500)
    yield row(f"start until {children} run", f"{start['all_running_ms']:,.0f} ms",
              "bare fork and exec", "–", start["over_bare"], None, "≤ 1.3 × bare fork and exec",
              start["over_bare"] <= 1.3)
    if crash is not None:
        yield row(f"system calls for a crash among {crash['children']:,} children, restart included",
                  f"{crash['system_calls']}", target="≤ 100", met=crash["system_calls"] <= 100)
    yield row(f"CPU of the daemon with {flapping['quiet']:,} quiet children and {flapping['flapping']} "
              "that flap twice a second", f"{flapping['cpu_percent']:.1f} %")


def peer_rows(results):
    """Yields the rows of the last run of bench/peers/run.sh."""
    if results.peers is None:
        return
    samplers = results.peers["samplers"]
    for name, cost in samplers.items():
        beside = cost["beside"]
        if name == beside:
            continue
        has_target = name == "gopsutil"
        yield row(f"CPU time a process and tick: {beside}",
                  time_text(samplers[beside]["microseconds"] * 1e3), "–",
                  f"{time_text(cost['microseconds'] * 1e3)} {name}", None, cost["ratio"],
                  "≥ 45 × less than gopsutil" if has_target else "",
                  cost["ratio"] >= 45 if has_target else None)
    rates = results.peers["promhttp"]
    if rates:
        yield row("/metrics of 1,000 processes", f"{rates['provisrd']:,.0f} a second", "–",
                  f"{rates['promhttp']:,.0f} promhttp", None, rates["ratio"], "≥ 40 × promhttp",
                  rates["ratio"] >= 40)


HEADER = ["work", "provisr", "the limit", "the other way", "ours ÷ limit", "other ÷ ours", "target",
          ""]


def make_table(results):
    rows = [HEADER, ["---"] * len(HEADER)]
    for part in (push_rows, sampling_rows, tree_rows, match_rows, contention_rows, text_rows,
                 query_rows, serving_rows, daemon_cpu_rows, scenario_rows, peer_rows):
        rows.extend(part(results))
    return rows

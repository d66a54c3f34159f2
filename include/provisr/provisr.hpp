#pragma once

/// Includes all of libprovisr. A supervisor needs:
///
///     provisr::Registry registry;
///     if (const std::error_code error = registry.track("my-app-1", pid)) return error;
///     provisr::Collector collector(registry, std::chrono::seconds(5));
///
/// and then `registry.latest`, `history`, `group`, `snapshot`, and `write_prometheus`. `summarize`
/// (aggregator.hpp) and `Stepper` (query.hpp) evaluate a history.

#include <provisr/aggregator.hpp>
#include <provisr/clock.hpp>
#include <provisr/collector.hpp>
#include <provisr/counters.hpp>
#include <provisr/cpu_rate.hpp>
#include <provisr/diagnostics.hpp>
#include <provisr/figures.hpp>
#include <provisr/history.hpp>
#include <provisr/observer.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/process_name.hpp>
#include <provisr/prometheus.hpp>
#include <provisr/prometheus_writer.hpp>
#include <provisr/query.hpp>
#include <provisr/read_errors.hpp>
#include <provisr/registry.hpp>
#include <provisr/ring_buffer.hpp>
#include <provisr/sampler.hpp>
#include <provisr/snapshot.hpp>
#include <provisr/storage.hpp>
#include <provisr/tracking.hpp>

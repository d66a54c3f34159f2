// Watches processes and has metrics of its own. Writes both as one text for Prometheus, which the
// program's own HTTP server can answer with.
//
//     ./exposition [PID] [--openmetrics]
#include <provisr/provisr.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

namespace {

struct Queue {
  std::string_view name;
  std::uint64_t jobs_done;
  std::uint32_t jobs_waiting;
};

/// Writes families of your own with the same writer.
void write_queue(provisr::PrometheusWriter& writer, const Queue& queue) {
  writer.family("myapp_jobs_total", "counter", "Jobs that are done.");
  writer.sample({{"queue", queue.name}}, queue.jobs_done);
  writer.family("myapp_jobs_waiting", "gauge", "Jobs that wait.");
  writer.sample({{"queue", queue.name}}, queue.jobs_waiting);
}

/// Returns the answer to a scrape. Reads the counters now, because rate() uses the time of the
/// scrape.
std::string scrape(const provisr::Registry& registry, const Queue& queue,
                   provisr::ExpositionFormat format) {
  std::string text;
  provisr::PrometheusWriter writer(text, format);
  provisr::write_process_families(writer, registry.read_counters());
  write_queue(writer, queue);
  writer.end();
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  auto format = provisr::ExpositionFormat::text;
  provisr::Registry registry;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--openmetrics") {
      format = provisr::ExpositionFormat::openmetrics;
    } else if (const std::error_code error = registry.track("worker-1", std::atoi(argv[i]))) {
      std::fprintf(stderr, "cannot watch %s: %s\n", argv[i], error.message().c_str());
      return 1;
    }
  }
  registry.tick();  // in a program that keeps running, a Collector does this
  const Queue queue{.name = "mail \"fast\"", .jobs_done = 1200, .jobs_waiting = 3};
  std::fputs(scrape(registry, queue, format).c_str(), stdout);
  return 0;
}

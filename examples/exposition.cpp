// A program that has processes to watch and metrics of its own, and writes both into one text for
// Prometheus: for the HTTP server that it has already.
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

/// Families of your own, by the same writer.
void write_queue(provisr::PrometheusWriter& writer, const Queue& queue) {
  writer.family("myapp_jobs_total", "counter", "Jobs that are done.");
  writer.sample({{"queue", queue.name}}, queue.jobs_done);
  writer.family("myapp_jobs_waiting", "gauge", "Jobs that wait.");
  writer.sample({{"queue", queue.name}}, queue.jobs_waiting);
}

/// What to answer to a scrape. Counters are read now, as rate() goes by the time of the scrape.
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
  registry.tick();  // a Collector does it in a program that goes on
  const Queue queue{.name = "mail \"fast\"", .jobs_done = 1200, .jobs_waiting = 3};
  std::fputs(scrape(registry, queue, format).c_str(), stdout);
  return 0;
}

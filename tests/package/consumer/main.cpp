// A minimal user of the library: watches its own process.

#include <provisr/provisr.hpp>

#include <cstdio>
#include <string>
#include <unistd.h>

namespace {

int fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  return 1;
}

}  // namespace

int main() {
  provisr::Registry registry;
  if (const auto error = registry.track("self", getpid())) return fail(error.message());

  if (registry.tick().running != 1) return fail("the tick did not sample one process");

  const auto sample = registry.latest("self");
  if (!sample) return fail("no sample of this process");
  if (!sample->memory_rss_bytes) return fail("no resident memory in the sample");
  if (!sample->num_threads) return fail("no thread count in the sample");
  std::printf("self: %.1f MB\n", *sample->memory_mb());
}

#include "lib/platform/linux/reclaim_watch.hpp"

#include "lib/platform/linux/proc_directory.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <string>

using namespace provisr::linux_platform;
using provisr::test::TempDirectory;

namespace {

std::string vmstat(const std::string& rising, int value) {
  std::string text = "nr_free_pages 1\n";
  for (const char* key : {"pswpin", "pswpout", "pgsteal_kswapd", "pgsteal_anon", "pgsteal_file",
                          "thp_collapse_alloc", "thp_collapse_alloc_failed"}) {
    text += key + std::string(" ") + std::to_string(key == rising ? value : 10) + "\n";
  }
  return text;
}

/// A proc root with a vmstat file, and ticks in which many idle processes ask.
class ReclaimingMachine {
 public:
  void has(const std::string& text) const { folder_.write("vmstat", text); }

  /// Returns the last answer.
  std::uint64_t tick(std::uint32_t idle_processes) {
    watch_.begin_tick();
    std::uint64_t answer = watch_.generation();
    for (std::uint32_t i = 0; i < idle_processes; ++i) answer = watch_.ask();
    return answer;
  }

 private:
  TempDirectory folder_;
  FileDescriptor root_ = open_handle(AT_FDCWD, folder_.path().c_str());
  ReclaimWatch watch_{root_.get()};
};

}  // namespace

TEST_CASE("reclaim is counted over all that takes or gives memory") {
  CHECK(parse_reclaim_count(vmstat("pswpin", 10)) == 50);
  CHECK(parse_reclaim_count("pgsteal_anon 1\npgsteal_file 2\n") == 3);  // no swap, no huge pages
  CHECK(parse_reclaim_count("pgsteal_kswapd 1\npgsteal_direct 2\n") == std::nullopt);
  CHECK(parse_reclaim_count("pgsteal_anon x\npgsteal_file 2\n") == std::nullopt);
  CHECK(parse_reclaim_count("") == std::nullopt);
}

TEST_CASE("while nothing is reclaimed, memory stands") {
  ReclaimingMachine machine;
  machine.has(vmstat("", 0));
  static_cast<void>(machine.tick(ReclaimWatch::worth_looking));
  const std::uint64_t at_first = machine.tick(ReclaimWatch::worth_looking);
  CHECK(machine.tick(ReclaimWatch::worth_looking) == at_first);
  machine.has(vmstat("thp_collapse_alloc_failed", 11));
  CHECK(machine.tick(ReclaimWatch::worth_looking) == at_first);
}

TEST_CASE("any reclaim makes memory be read again") {
  const std::string key =
      GENERATE("pswpin", "pswpout", "pgsteal_anon", "pgsteal_file", "thp_collapse_alloc");
  CAPTURE(key);
  ReclaimingMachine machine;
  machine.has(vmstat(key, 10));
  static_cast<void>(machine.tick(ReclaimWatch::worth_looking));
  const std::uint64_t before = machine.tick(ReclaimWatch::worth_looking);
  machine.has(vmstat(key, 11));
  const std::uint64_t after = machine.tick(ReclaimWatch::worth_looking);
  CHECK(after != before);
  CHECK(machine.tick(ReclaimWatch::worth_looking) == after);
}

TEST_CASE("without vmstat, or for a few processes, memory is read at every tick") {
  const bool has_vmstat = GENERATE(true, false);
  const std::uint32_t processes = has_vmstat ? ReclaimWatch::worth_looking - 1 : 100;
  CAPTURE(has_vmstat);
  ReclaimingMachine machine;
  if (has_vmstat) machine.has(vmstat("", 0));
  std::uint64_t latest = machine.tick(processes);
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t next = machine.tick(processes);
    CHECK(next != latest);
    latest = next;
  }
}

TEST_CASE("what was reclaimed while few were idle is not missed") {
  ReclaimingMachine machine;
  machine.has(vmstat("pgsteal_anon", 10));
  static_cast<void>(machine.tick(ReclaimWatch::worth_looking));
  static_cast<void>(machine.tick(ReclaimWatch::worth_looking));
  const std::uint64_t before = machine.tick(ReclaimWatch::worth_looking - 1);
  machine.has(vmstat("pgsteal_anon", 11));
  CHECK(machine.tick(ReclaimWatch::worth_looking) != before);
}

TEST_CASE("a file of counters that cannot be opened is looked for at each look") {
  ReclaimingMachine machine;
  static_cast<void>(machine.tick(ReclaimWatch::worth_looking));
  const std::uint64_t without = machine.tick(ReclaimWatch::worth_looking);
  CHECK(machine.tick(ReclaimWatch::worth_looking) !=
        without);  // nobody knows: memory is read again
  machine.has(vmstat("", 0));
  const std::uint64_t found = machine.tick(ReclaimWatch::worth_looking);
  CHECK(machine.tick(ReclaimWatch::worth_looking) == found);
}

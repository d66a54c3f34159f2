#include "lib/platform/linux/further_reader.hpp"

#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"
#include "lib/platform/linux/switch_count.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>

using namespace provisr;
using namespace provisr::linux_platform;
using provisr::test::TempDirectory;
namespace fs = std::filesystem;

namespace {

using Value = Figure<std::uint64_t>;

/// The /proc directory of a process, written by the test.
struct FakeProcess {
  FakeProcess() { fs::create_directory(folder.path().string() + "/task"); }

  void write(const std::string& file, const std::string& text) const {
    std::ofstream(folder.path().string() + "/" + file) << text;
  }
  void thread(int id, int voluntary, int involuntary) const {
    const std::string name = "task/" + std::to_string(id);
    fs::create_directory(folder.path().string() + "/" + name);
    write(name + "/status", "Name:\tx\nvoluntary_ctxt_switches:\t" + std::to_string(voluntary) +
                                "\nnonvoluntary_ctxt_switches:\t" + std::to_string(involuntary) +
                                "\n");
  }
  void end_thread(int id) const {
    fs::remove_all(folder.path().string() + "/task/" + std::to_string(id));
  }
  [[nodiscard]] FileDescriptor task() const {
    return open_handle(AT_FDCWD, (folder.path().string() + "/task").c_str());
  }

  TempDirectory folder;
};

ContextSwitches read(SwitchCount& count, const FakeProcess& process) {
  const auto sum = count.read(process.task().get());
  REQUIRE(sum);
  return *sum;
}

}  // namespace

TEST_CASE("context switches are those of all threads, and never fall", "[collect]") {
  const FakeProcess process;
  SwitchCount count;
  CHECK_FALSE(count.read(process.task().get()));
  CHECK(errno == ESRCH);
  process.thread(10, 1, 2);
  process.thread(11, 10, 20);
  process.thread(12, 100, 200);
  CHECK(read(count, process) == ContextSwitches{111, 222});
  SECTION("a thread ends") {
    process.end_thread(11);
    CHECK(read(count, process) == ContextSwitches{111, 222});
    process.thread(12, 101, 200);
    CHECK(read(count, process) == ContextSwitches{112, 222});
  }
  SECTION("an id is used again") {
    process.thread(11, 3, 0);
    CHECK(read(count, process) == ContextSwitches{114, 222});
    process.thread(11, 4, 0);
    CHECK(read(count, process) == ContextSwitches{115, 222});
  }
  SECTION("an id comes below the others, as ids wrap around") {
    process.thread(3, 5, 0);
    process.end_thread(12);
    CHECK(read(count, process) == ContextSwitches{116, 222});
    process.thread(3, 6, 0);
    CHECK(read(count, process) == ContextSwitches{117, 222});
  }
  SECTION("threads come") {
    for (int id = 13; id < 300; ++id) process.thread(id, 1, 0);
    CHECK(read(count, process) == ContextSwitches{111 + 287, 222});
    for (int id = 13; id < 300; ++id) process.end_thread(id);
    CHECK(read(count, process) == ContextSwitches{111 + 287, 222});
  }
}

TEST_CASE("further figures are absent one by one", "[collect]") {
  const FakeProcess process;
  std::array<Value, 8> slots;
  FurtherReadings more{.slots = slots,
                       .asked = further_figures<figures>([](const FigureInfo&) { return true; })};
  FurtherReader reader;
  PssReader pss;
  const auto read_all = [&] {
    const FileDescriptor task = process.task();
    const auto now = std::chrono::steady_clock::now();
    reader.read_usage(task.get(), more.asked);
    static_cast<void>(reader.is_due(more.asked, now, std::chrono::seconds(0)));
    reader.read_periodic(task.get(), more.asked, now, pss);
    more.clear();
    reader.show(more);
  };
  read_all();
  for (const Value value : slots) CHECK_FALSE(value.has_value());
  CHECK(more.refused.empty());
  CHECK_FALSE(reader.knows_counters(more.asked));
  process.write("io",
                "rchar: 1\nwchar: 2\nread_bytes: 7\nwrite_bytes: 8\ncancelled_write_bytes: 9\n");
  process.write("status", "Name:\tx\nVmHWM:\t      12 kB\n");
  process.write("limits",
                "Limit                     Soft Limit           Hard Limit           Units\n"
                "Max open files            unlimited            unlimited            files\n");
  read_all();
  CHECK(slots[further_slot<figures>("io_read_bytes")] == Value(7U));
  CHECK(slots[further_slot<figures>("io_write_bytes")] == Value(8U));
  CHECK(slots[further_slot<figures>("memory_peak")] == Value(12288U));
  CHECK_FALSE(slots[further_slot<figures>("max_fds")].has_value());
  CHECK_FALSE(slots[further_slot<figures>("major_faults")].has_value());
  process.write("io", "rchar: 1\nread_bytes: -7\n");
  read_all();
  CHECK_FALSE(slots[further_slot<figures>("io_read_bytes")].has_value());
}

TEST_CASE("the lines of procfs that further figures come from", "[collect]") {
  CHECK(parse_number("rchar: 5\nread_bytes: 18446744073709551614\n", "read_bytes") ==
        18446744073709551614ULL);
  CHECK_FALSE(parse_number("read_bytes: x\n", "read_bytes"));
  CHECK_FALSE(parse_number("", "read_bytes"));
  CHECK(parse_soft_limit("Max cpu time  1 2 s\nMax open files            1024    4096   files \n",
                         "Max open files") == 1024U);
  CHECK_FALSE(parse_soft_limit("Max open files            unlimited 1 files\n", "Max open files"));
  const auto stat =
      parse_stat("7 (a) b) S 1 2 3 0 -1 4194304 100 200 31 32 5 6 7 8 20 0 1 0 99 4096 5 0");
  REQUIRE(stat);
  CHECK(stat->major_faults == 31);
  CHECK(stat->children_major_faults == 32);
  CHECK(stat->cpu_clock_ticks == 11);
}

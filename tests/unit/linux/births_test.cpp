#include "lib/platform/linux/births.hpp"

#include "lib/platform/posix/file_descriptor.hpp"
#include "support/child_program.hpp"
#include "support/descriptor_limit.hpp"
#include "support/proc_tree.hpp"
#include "support/sanitizers.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <time.h>
#include <unistd.h>

using namespace provisr;
using linux_platform::Births;
using provisr::test::DescriptorLimit;
using provisr::test::in_own_process;
using provisr::test::ProcTree;

namespace {

/// A proc root whose newest id the test sets.
struct BirthsFixture {
  explicit BirthsFixture(ProcessId first = 1000) { set_newest(first); }

  void set_newest(ProcessId id) {
    test::write_text(tree.root() + "/loadavg", "0.10 0.20 0.30 1/234 " + std::to_string(id) + "\n");
  }
  void add(ProcessId pid, ProcessId parent) {
    tree.add(pid, "ordinary");
    tree.edit(pid, "stat", ") S 1 1000 ", ") S " + std::to_string(parent) + " 1000 ");
  }
  /// Lets a process be younger than all ticks of the fixture.
  void start_late(ProcessId pid) {
    timespec since_boot{};
    ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
    edit_start(pid, std::to_string((since_boot.tv_sec + 36'000) * ::sysconf(_SC_CLK_TCK)));
  }
  void edit_start(ProcessId pid, const std::string& clock_ticks) {
    tree.edit(pid, "stat", " 88123 ", " " + clock_ticks + " ");
  }
  void begin_tick(Births& births) { births.begin_tick(now += tick_interval); }
  std::set<ProcessId> look_in_tick(Births& births) {
    begin_tick(births);
    return pids_of(births.look());
  }
  static std::set<ProcessId> pids_of(std::span<const Descent> found) {
    std::set<ProcessId> pids;
    for (const Descent& descent : found) pids.insert(descent.pid);
    return pids;
  }
  static bool may_be_any(ProcessId) noexcept { return true; }

  std::chrono::milliseconds tick_interval{1000};
  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
  ProcTree tree;
  posix_platform::FileDescriptor root{
      ::open(tree.root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
};

using Pids = std::set<ProcessId>;

}  // namespace

TEST_CASE("births are found by the ids given out since the last look", "[births]") {
  BirthsFixture fixture;
  fixture.add(900, 1);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  CHECK(fixture.look_in_tick(births) == Pids{});
  CHECK_FALSE(births.missed_some());
  fixture.add(1001, 900);
  fixture.add(1003, 1001);
  fixture.set_newest(1003);
  fixture.begin_tick(births);
  const auto found = births.look();
  CHECK(BirthsFixture::pids_of(found) == Pids{1001, 1003});
  CHECK(found[0].parent == 900);
  CHECK(births.missed_some());  // 1002, which is looked up once more
  CHECK(fixture.look_in_tick(births) == Pids{});
  CHECK(births.missed_some());
  CHECK(fixture.look_in_tick(births) == Pids{});
  CHECK_FALSE(births.missed_some());
}

TEST_CASE("a listing tells which processes were newborn", "[births]") {
  BirthsFixture fixture;
  const auto age = [](std::chrono::seconds seconds) {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::to_string((now.tv_sec - seconds.count()) * ::sysconf(_SC_CLK_TCK));
  };
  const auto add = [&](ProcessId pid, const std::string& start) {
    fixture.add(pid, 1);
    fixture.edit_start(pid, start);
  };
  const auto now = std::chrono::steady_clock::now();
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  const auto newborns = [&](std::chrono::steady_clock::time_point tick_at) {
    births.recount();
    births.begin_tick(tick_at);
    Pids pids;
    for (const Descent& descent : births.look()) {
      if (descent.is_newborn == true) pids.insert(descent.pid);
    }
    return pids;
  };
  add(900, "1");
  CHECK(newborns(now - std::chrono::seconds(40)) == Pids{});  // it is older than the listing
  CHECK(newborns(now - std::chrono::seconds(20)) == Pids{});
  add(901, age(std::chrono::seconds(50)));
  add(902, age(std::chrono::seconds(30)));
  CHECK(newborns(now) == Pids{902});
  add(903, age(std::chrono::seconds(10)));
  CHECK(newborns(now + std::chrono::seconds(1)) == Pids{903});
  CHECK(newborns(now + std::chrono::seconds(2)) == Pids{});
}

TEST_CASE("a process that was not complete is found at the next tick", "[births]") {
  BirthsFixture fixture;
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  fixture.set_newest(1001);
  CHECK(fixture.look_in_tick(births) == Pids{});
  fixture.add(1001, 900);
  CHECK(fixture.look_in_tick(births) == Pids{1001});
}

TEST_CASE("at short intervals, a process that was not complete is looked up for 100 ms",
          "[births]") {
  BirthsFixture fixture;
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  fixture.set_newest(1002);
  CHECK(fixture.look_in_tick(births) == Pids{});
  fixture.tick_interval = std::chrono::milliseconds(30);
  for (int tick = 1; tick <= 3; ++tick) CHECK(fixture.look_in_tick(births) == Pids{});
  fixture.add(1001, 900);
  CHECK(fixture.look_in_tick(births) == Pids{1001});
  fixture.add(1002, 900);
  CHECK(fixture.look_in_tick(births) == Pids{});
}

TEST_CASE("a scan reads a process again whose parent has ended meanwhile", "[births]") {
  static BirthsFixture* scanned = nullptr;
  BirthsFixture fixture;
  scanned = &fixture;
  fixture.add(901, 950);
  fixture.add(902, 960);
  Births births(fixture.root.get(), true, [](ProcessId parent) noexcept {
    if (parent == 950) scanned->add(901, 1);
    return parent == 960;  // a process that this user may not see
  });
  static_cast<void>(fixture.look_in_tick(births));
  const auto found = births.candidates(901);
  REQUIRE(BirthsFixture::pids_of(found) == Pids{901, 902});
  CHECK(found[0].parent == 1);
  CHECK(found[0].orphan_of == 1000);
  CHECK(found[1].parent == 960);
}

TEST_CASE("a look within a tick tells the rest, and who has come since it began", "[births]") {
  BirthsFixture fixture;
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  fixture.add(900, 1);
  fixture.add(1001, 1);
  fixture.start_late(1001);
  fixture.set_newest(1001);
  CHECK(fixture.look_in_tick(births) == Pids{1001});
  fixture.add(1002, 1001);
  fixture.start_late(1002);
  fixture.set_newest(1002);
  CHECK(BirthsFixture::pids_of(births.look()) == Pids{1002});
  CHECK(BirthsFixture::pids_of(births.candidates(1001)) == Pids{1001, 1002});
}

TEST_CASE("of a process from before all processes are gone through, once a tick", "[births]") {
  BirthsFixture fixture;
  fixture.add(900, 1);
  fixture.add(901, 900);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  CHECK(fixture.look_in_tick(births) == Pids{});
  CHECK(BirthsFixture::pids_of(births.candidates(900)) == Pids{900, 901});
  fixture.add(902, 901);  // below the newest id, so that only another scan would find it
  CHECK(BirthsFixture::pids_of(births.candidates(901)) == Pids{900, 901});
}

TEST_CASE("a process among the new ids that was started before is not taken for a new one",
          "[births]") {
  const bool is_new = GENERATE(true, false);
  BirthsFixture fixture;
  fixture.add(900, 1001);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  CHECK(fixture.look_in_tick(births) == Pids{});
  fixture.add(1001, 1);  // ids may have wrapped around, so that its child has a lower one
  if (is_new) {
    fixture.start_late(1001);
  } else {
    fixture.edit_start(1001, "1");
  }
  fixture.set_newest(1001);
  CHECK(fixture.look_in_tick(births) == Pids{1001});
  CHECK(BirthsFixture::pids_of(births.candidates(1001)) == (is_new ? Pids{1001} : Pids{900, 1001}));
}

TEST_CASE("what was born in ticks without a look is new at the next look", "[births]") {
  BirthsFixture fixture;
  fixture.tick_interval = std::chrono::hours(4);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  fixture.add(900, 1);
  CHECK(fixture.look_in_tick(births) == Pids{});
  fixture.add(1001, 1);
  fixture.start_late(1001);
  fixture.set_newest(1001);
  for (int tick = 0; tick < 3; ++tick) fixture.begin_tick(births);
  CHECK(fixture.look_in_tick(births) == Pids{1001});
  CHECK(BirthsFixture::pids_of(births.candidates(1001)) == Pids{1001});
}

TEST_CASE("a recount that was asked for is made, whoever looks at all processes first",
          "[births]") {
  BirthsFixture fixture;
  fixture.add(900, 1);
  fixture.add(901, 900);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  CHECK(fixture.look_in_tick(births) == Pids{});
  births.recount();
  CHECK(BirthsFixture::pids_of(births.candidates(900)) == Pids{900, 901});
  CHECK(fixture.look_in_tick(births) == Pids{900, 901});
  CHECK(fixture.look_in_tick(births) == Pids{});
}

TEST_CASE("all processes are gone through if ids have wrapped around, or are very many",
          "[births]") {
  BirthsFixture fixture(4000);
  fixture.add(900, 1);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  CHECK(fixture.look_in_tick(births) == Pids{});
  fixture.add(300, 900);
  SECTION("wrapped") {
    fixture.set_newest(300);
  }
  SECTION("many") {
    fixture.set_newest(400'000);
  }
  CHECK(fixture.look_in_tick(births) == Pids{300, 900});
  CHECK(births.missed_some());
  fixture.look_in_tick(births);
  CHECK(fixture.look_in_tick(births) == Pids{});
}

TEST_CASE("ids may wrap around more than once in a tick, while processes end", "[births]") {
  BirthsFixture fixture;
  for (ProcessId pid = 900; pid < 910; ++pid) fixture.add(pid, 1);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  CHECK(fixture.look_in_tick(births) == Pids{});
  fixture.set_newest(500);
  CHECK(BirthsFixture::pids_of(births.look()).size() == 10);
  for (ProcessId pid = 901; pid < 910; ++pid) fixture.tree.remove(pid);
  fixture.set_newest(400);
  CHECK(BirthsFixture::pids_of(births.look()) == Pids{900});
}

TEST_CASE("threads are no births, but hide what has come and gone", "[births]") {
  BirthsFixture fixture;
  Births births(fixture.root.get(), true, [](ProcessId id) noexcept { return id % 2 == 0; });
  fixture.add(1001, 1);
  fixture.add(1002, 1);
  fixture.set_newest(1002);
  CHECK(fixture.look_in_tick(births) == Pids{1002});
  CHECK(births.missed_some());
}

TEST_CASE("at a proc root of another namespace no id of ours is looked up", "[births]") {
  BirthsFixture fixture;
  fixture.add(900, 1);
  bool was_asked = false;
  static bool* asked = nullptr;
  asked = &was_asked;
  Births births(fixture.root.get(), false, [](ProcessId) noexcept { return *asked = true; });
  CHECK(fixture.look_in_tick(births) == Pids{900});
  fixture.add(901, 900);
  CHECK(BirthsFixture::pids_of(births.look()) == Pids{});  // not before the next tick
  CHECK(fixture.look_in_tick(births) == Pids{900, 901});
  CHECK_FALSE(was_asked);
}

TEST_CASE("a newest id that cannot be read is none", "[births]") {
  BirthsFixture fixture;
  fixture.add(900, 1);
  test::write_text(fixture.tree.root() + "/loadavg", "garbage\n");
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  CHECK(fixture.look_in_tick(births) == Pids{900});
  CHECK(fixture.look_in_tick(births) == Pids{900});
}

TEST_CASE("the newest id is asked of the cheaper file, if the kernel has it", "[births]") {
  BirthsFixture fixture;
  const std::string folder = fixture.tree.root() + "/sys/kernel";
  std::filesystem::create_directories(folder);
  test::write_text(folder + "/ns_last_pid", "1000\n");
  fixture.set_newest(900);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  CHECK(fixture.look_in_tick(births) == Pids{});
  fixture.add(1001, 900);
  test::write_text(folder + "/ns_last_pid", "1001\n");
  CHECK(fixture.look_in_tick(births) == Pids{1001});
}

namespace {

/// Returns what `expected` and `found` differ in, if anything.
std::string pids_differ(const char* when, const Pids& found, const Pids& expected) {
  if (found == expected) return {};
  std::string text = std::string(when) + ":";
  for (const ProcessId pid : found) text += " " + std::to_string(pid);
  return text + "; ";
}

bool lookup_ended = false;

}  // namespace

TEST_CASE("a process born while descriptors are short is found once they are not", "[births]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  BirthsFixture fixture;
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  fixture.look_in_tick(births);
  fixture.add(1001, 900);
  fixture.add(1002, 1001);
  fixture.set_newest(1002);
  const std::string faults = in_own_process([&] {
    const DescriptorLimit limit(0);
    std::string said = pids_differ("short", fixture.look_in_tick(births), {});
    for (int i = 0; i < 3; ++i) said += pids_differ("later", fixture.look_in_tick(births), {});
    if (!births.has_unread()) said += "all are said to be read; ";
    if (!births.missed_some()) said += "none is said to be missed; ";
    limit.leave(4);
    said += pids_differ("free", fixture.look_in_tick(births), {1001, 1002});
    if (births.has_unread()) said += "some are said to be unread; ";
    return said + pids_differ("after", fixture.look_in_tick(births), {});
  });
  CHECK(faults == "");
}

TEST_CASE("a process that ends while descriptors are short is not waited for", "[births]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  BirthsFixture fixture;
  lookup_ended = false;
  Births births(fixture.root.get(), true, [](ProcessId) noexcept { return !lookup_ended; });
  fixture.look_in_tick(births);
  fixture.set_newest(1001);
  const std::string faults = in_own_process([&] {
    const DescriptorLimit limit(0);
    std::string said = pids_differ("short", fixture.look_in_tick(births), {});
    if (!births.has_unread()) said += "all are said to be read; ";
    lookup_ended = true;
    said += pids_differ("ended", fixture.look_in_tick(births), {});
    if (births.has_unread()) said += "some are said to be unread; ";
    return said;
  });
  CHECK(faults == "");
}

TEST_CASE("a scan that descriptors do not suffice for is made again", "[births]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  BirthsFixture fixture;
  fixture.add(900, 1);
  fixture.add(901, 900);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  fixture.look_in_tick(births);
  const std::string faults = in_own_process([&] {
    std::string said;
    const DescriptorLimit limit(0);
    for (const int free_count : {0, 1}) {  // none for the directory, none for the processes
      limit.leave(free_count);
      fixture.begin_tick(births);
      said += pids_differ("short", BirthsFixture::pids_of(births.candidates(900)), {});
      if (!births.has_unread()) said += "all are said to be read; ";
    }
    limit.leave(4);
    said +=
        pids_differ("within the tick", BirthsFixture::pids_of(births.candidates(900)), {900, 901});
    if (births.has_unread()) said += "some are said to be unread; ";
    // What was short may have kept another tree from being complete.
    said += pids_differ("at the next tick", fixture.look_in_tick(births), {900, 901});
    return said + pids_differ("after", fixture.look_in_tick(births), {});
  });
  CHECK(faults == "");
}

TEST_CASE("a scan is made again at the next tick, too", "[births]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  BirthsFixture fixture(4000);
  fixture.add(900, 1);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  fixture.look_in_tick(births);
  fixture.add(300, 900);
  fixture.set_newest(300);  // ids have wrapped around
  const std::string faults = in_own_process([&] {
    const DescriptorLimit limit(1);
    std::string said = pids_differ("short", fixture.look_in_tick(births), {});
    limit.leave(4);
    return said + pids_differ("free", fixture.look_in_tick(births), {300, 900});
  });
  CHECK(faults == "");
}

TEST_CASE("a process that is read again while descriptors are short makes a scan due", "[births]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  BirthsFixture fixture;
  fixture.add(900, 1);
  Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
  fixture.look_in_tick(births);
  const std::string faults = in_own_process([&] {
    std::string said;
    {
      const DescriptorLimit limit(0);
      if (births.descent_of(900)) said += "it was read; ";
      if (!births.has_unread()) said += "all are said to be read; ";
    }
    if (!births.descent_of(900)) said += "it was not read; ";
    if (births.descent_of(901)) said += "there is one more; ";
    return said + pids_differ("after", fixture.look_in_tick(births), {900});
  });
  CHECK(faults == "");
}

TEST_CASE("births are followed by their ids even if descriptors were short at the start",
          "[births]") {
  if (test::sanitizer_needs_descriptors) SKIP("the sanitizer needs descriptors of its own");
  BirthsFixture fixture;
  fixture.add(900, 1);
  fixture.add(1001, 900);
  const std::string faults = in_own_process([&] {
    const DescriptorLimit limit(0);
    Births births(fixture.root.get(), true, BirthsFixture::may_be_any);
    std::string said = pids_differ("short", fixture.look_in_tick(births), {});
    limit.leave(4);
    said += pids_differ("free", fixture.look_in_tick(births), {900, 1001});
    fixture.set_newest(1001);
    said += pids_differ("born", fixture.look_in_tick(births), {1001});
    return said + pids_differ("after", fixture.look_in_tick(births), {});
  });
  CHECK(faults == "");
}

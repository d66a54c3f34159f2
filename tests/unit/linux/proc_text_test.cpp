#include "lib/platform/linux/proc_text.hpp"

#include "support/proc_tree.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using provisr::linux_platform::is_of_nested_pid_namespace;
using provisr::linux_platform::parse_newest_id;
using provisr::linux_platform::parse_stat;
using provisr::linux_platform::parse_statm;
using provisr::linux_platform::parse_status_bytes;
using provisr::test::ProcTree;
using provisr::test::read_text;

namespace {

std::string fixture(std::string_view kind, std::string_view file) {
  return read_text(ProcTree::fixtures() / kind / file);
}

/// The fields of a stat line after the name.
constexpr std::string_view after_name =
    " S 1 1 1 0 -1 4194560 1 2 3 4 100 20 -5 -6 20 -10 3 0 999 4096 7 18446744073709551615";

std::string stat_of(std::string_view name) {
  return "42 (" + std::string(name) + ")" + std::string(after_name);
}

}  // namespace

TEST_CASE("stat of an ordinary process", "[proc_text]") {
  const auto stat = parse_stat(fixture("ordinary", "stat"));
  REQUIRE(stat);
  CHECK(stat->state == 'S');
  CHECK(stat->cpu_clock_ticks == 300);
  CHECK(stat->num_threads == 4);
  CHECK(stat->start_clock_ticks == 88123);
  CHECK(stat->size_bytes == 536870912);
  CHECK(stat->resident_pages == 32896);
  CHECK_FALSE(stat->has_ended());
  CHECK_FALSE(stat->leader_has_ended());
}

TEST_CASE("stat of a process that is called (bash process)", "[proc_text]") {
  const auto stat = parse_stat(fixture("parentheses", "stat"));
  REQUIRE(stat);
  CHECK(stat->state == 'R');
  CHECK(stat->cpu_clock_ticks == 10);
  CHECK(stat->start_clock_ticks == 90001);
}

TEST_CASE("stat of a kernel thread has no size", "[proc_text]") {
  const auto stat = parse_stat(fixture("kernel_thread", "stat"));
  REQUIRE(stat);
  CHECK(stat->size_bytes == 0);
  CHECK(stat->resident_pages == 0);
  CHECK(stat->num_threads == 1);
  CHECK_FALSE(stat->has_ended());
}

TEST_CASE("stat of a zombie says that it has ended", "[proc_text]") {
  const auto stat = parse_stat(fixture("zombie", "stat"));
  REQUIRE(stat);
  CHECK(stat->state == 'Z');
  CHECK(stat->has_ended());
}

TEST_CASE("stat says whether a process has executed a program since it was forked", "[proc_text]") {
  for (const char* kind : {"ordinary", "zombie"}) {
    const auto stat = parse_stat(fixture(kind, "stat"));
    REQUIRE(stat);
    CHECK_FALSE(stat->is_unexecuted_fork());
  }
  const auto stat = parse_stat(fixture("kernel_thread", "stat"));
  REQUIRE(stat);
  CHECK(stat->is_unexecuted_fork());
}

TEST_CASE("a zombie leader of living threads has not ended", "[proc_text]") {
  const auto stat = parse_stat(fixture("zombie_leader", "stat"));
  REQUIRE(stat);
  CHECK(stat->leader_has_ended());
  CHECK_FALSE(stat->has_ended());
}

TEST_CASE("no name of a program confuses the parser", "[proc_text]") {
  const std::string name = GENERATE(as<std::string>{}, "", " ", ")", "(", ") R 1 2 (", "a) Z 1 1 1",
                                    ")))", "a\nb", "((sd-pam))", "1 2 3 4 5 6 7 8");
  CAPTURE(name);
  const auto stat = parse_stat(stat_of(name));
  REQUIRE(stat);
  CHECK(stat->state == 'S');
  CHECK(stat->cpu_clock_ticks == 120);
  CHECK(stat->num_threads == 3);
  CHECK(stat->start_clock_ticks == 999);
  CHECK(stat->size_bytes == 4096);
  CHECK(stat->resident_pages == 7);
}

TEST_CASE("a stat line cut off before its last used field is no stat", "[proc_text]") {
  const std::string whole = fixture("ordinary", "stat");
  const std::size_t used = whole.find(" 32896 ") + std::string_view(" 32896").size();
  REQUIRE(parse_stat(std::string_view(whole).substr(0, used)));
  const std::size_t last_field = whole.find(" 32896 ") + 1;
  for (std::size_t length = 0; length <= last_field; ++length) {
    CAPTURE(length);
    REQUIRE_FALSE(parse_stat(std::string_view(whole).substr(0, length)));
  }
}

TEST_CASE("what is no stat line is refused", "[proc_text]") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "\n", "garbage", "1 (x)", "1 (x) S", "1 (x) S a b c d",
               "42 (x) Sleeping 1 1 1 0 -1 1 1 2 3 4 100 20 0 0 20 0 3 0 999 4096 7",
               "42 (x) S 1 1 1 0 -1 1 1 2 3 4 -100 20 0 0 20 0 3 0 999 4096 7",
               "42 (x) S 1 1 1 0 -1 1 1 2 3 4 100 20 0 0 20 0 3x 0 999 4096 7",
               "42 (x) S 1 1 1 0 -1 1 1 2 3 4 100 20 0 0 20 0 99999999999 0 999 4096 7",
               "42 (x) S 1 1 1 0 -1 1 1 2 3 4 100 20 0 0 20 0 3 0 18446744073709551616 4096 7");
  CAPTURE(text);
  CHECK_FALSE(parse_stat(text));
}

TEST_CASE("the largest numbers are read", "[proc_text]") {
  const auto stat = parse_stat(
      "42 (x) S 1 1 1 0 -1 1 1 2 3 4 18446744073709551615 0 0 0 20 0 1 0 18446744073709551615 "
      "18446744073709551615 18446744073709551615");
  REQUIRE(stat);
  CHECK(stat->cpu_clock_ticks == UINT64_MAX);
  CHECK(stat->start_clock_ticks == UINT64_MAX);
  CHECK(stat->size_bytes == UINT64_MAX);
}

TEST_CASE("statm gives size and resident pages", "[proc_text]") {
  const auto statm = parse_statm(fixture("ordinary", "statm"));
  REQUIRE(statm);
  CHECK(statm->size_pages == 131072);
  CHECK(statm->resident_pages == 32896);
  REQUIRE(parse_statm(fixture("zombie", "statm")));
  CHECK(parse_statm(fixture("zombie", "statm"))->size_pages == 0);
}

TEST_CASE("what is no statm is refused", "[proc_text]") {
  const std::string text = GENERATE(as<std::string>{}, "", "\n", "12", "12 ", "a b", "12 -1 3",
                                    "-12 1", "12.5 1", "18446744073709551616 1");
  CAPTURE(text);
  CHECK_FALSE(parse_statm(text));
}

TEST_CASE("a line of status is given in bytes", "[proc_text]") {
  const std::string status = fixture("ordinary", "status");
  CHECK(parse_status_bytes(status, "VmSwap") == 2048U * 1024U);
  CHECK(parse_status_bytes(status, "VmRSS") == 131584U * 1024U);
  CHECK(parse_status_bytes(fixture("parentheses", "status"), "VmSwap") == 0U);
}

TEST_CASE("a line that status does not have is not found", "[proc_text]") {
  CHECK_FALSE(parse_status_bytes(fixture("kernel_thread", "status"), "VmSwap"));
  CHECK_FALSE(parse_status_bytes(fixture("zombie", "status"), "VmSwap"));
  CHECK_FALSE(parse_status_bytes("", "VmSwap"));
  CHECK_FALSE(parse_status_bytes("VmSwap", "VmSwap"));
  CHECK_FALSE(parse_status_bytes("VmSwap:", "VmSwap"));
  CHECK_FALSE(parse_status_bytes("VmSwap:\n12 kB\n", "VmSwap"));
  CHECK_FALSE(parse_status_bytes("VmSwap:\t-3 kB\n", "VmSwap"));
  CHECK_FALSE(parse_status_bytes("VmSwapped:\t3 kB\n", "VmSwap"));
  CHECK_FALSE(parse_status_bytes("\tVmSwap:\t3 kB\n", "VmSwap"));
}

TEST_CASE("a line of status is found at the end of a cut-off text", "[proc_text]") {
  CHECK(parse_status_bytes("Name:\tx\n\n\nVmSwap:\t  3 kB", "VmSwap") == 3U * 1024U);
}

TEST_CASE("a status tells of a nested PID namespace by more than one id", "[proc_text]") {
  CHECK_FALSE(is_of_nested_pid_namespace("Name:\tx\nNSpid:\t12\nNSpgid:\t12\n"));
  CHECK(is_of_nested_pid_namespace("Name:\tx\nNSpid:\t12\t1\nNSpgid:\t12\t1\n"));
  CHECK(is_of_nested_pid_namespace("NSpid:\t12\t7\t1"));
  CHECK_FALSE(is_of_nested_pid_namespace("NSpid:\n12 1\n"));
  CHECK_FALSE(is_of_nested_pid_namespace("Name:\tx\n"));  // before Linux 4.1
}

TEST_CASE("the newest id is the last field, or the only one", "[proc_text]") {
  CHECK(parse_newest_id("0.10 0.20 0.30 1/234 4711\n") == 4711);
  CHECK(parse_newest_id("4711\n") == 4711);
  CHECK(parse_newest_id("4711") == 4711);
  for (const std::string_view text :
       {"", "\n", "0\n", "-1\n", "0.10 0.20 0.30 1/234\n", "4711 \n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_newest_id(text));
  }
}

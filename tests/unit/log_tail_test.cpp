#include "daemon/cli/client/log_tail.hpp"

#include "daemon/api/json.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using provisr::test::TempDirectory;

namespace {

using Lines = std::vector<std::string>;

[[nodiscard]] Lines lines_of(std::string_view text, bool is_whole = true,
                             std::size_t columns = 40) {
  return last_lines(text, is_whole, 3, columns);
}

[[nodiscard]] ProcessReport writing_to(const std::filesystem::path& out,
                                       const std::filesystem::path& err = {}) {
  ProcessReport report;
  report.name = "app";
  report.stdout_file = out.string();
  report.stderr_file = err.string();
  return report;
}

}  // namespace

TEST_CASE("the last lines of a log, with and without a line break at its end") {
  CHECK(lines_of("1\n2\n3\n4\n") == Lines{"2", "3", "4"});
  CHECK(lines_of("1\n2\n3\n4") == Lines{"2", "3", "4"});
  CHECK(lines_of("1") == Lines{"1"});
  CHECK(lines_of("1\r\n\r\n2\r\n") == Lines{"1", "", "2"});
  CHECK(lines_of("").empty());
  CHECK(lines_of("\n").empty());
}

TEST_CASE("a line whose beginning was not read is left out unless it is all there is") {
  CHECK(lines_of("rest\n1\n2\n", false) == Lines{"1", "2"});
  CHECK(lines_of("rest", false) == Lines{"rest"});
  CHECK(lines_of("rest\n", false) == Lines{"rest"});
}

TEST_CASE("what a log says does nothing to the terminal") {
  CHECK(lines_of("\x1b[1;31mERROR\x1b[0m disk\n") == Lines{"ERROR disk"});
  CHECK(lines_of("\x1b[2J\x1b]0;title\x07\x1b[\n") == Lines{"\\x1b[2J\\x1b]0;title\\x07\\x1b["});
  CHECK(lines_of("10 %\r20 %\n") == Lines{"10 %\\r20 %"});
  CHECK(lines_of("caf\xe9\n") == Lines{"caf\xef\xbf\xbd"});
  CHECK(lines_of(std::string_view("a\0b\n", 4)) == Lines{"a\\x00b"});
}

TEST_CASE("a line that is wider than the terminal is cut off") {
  CHECK(lines_of(std::string(5'000'000, 'x'), true, 10) == Lines{"xxxxxxx..."});
  CHECK(lines_of("1234567890", true, 10) == Lines{"1234567890"});
  CHECK(lines_of("\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5", true, 7) ==
        Lines{"\xe6\x97\xa5\xe6\x97\xa5..."});
}

TEST_CASE("of a large log only the end is read") {
  const TempDirectory folder;
  std::string text(3'000'000, 'x');
  text += "\nlast but one\nlast";
  const auto tails = log_tails_of(writing_to(folder.write("log", text)), 20);
  REQUIRE(tails.size() == 1);
  CHECK(tails.at(0).lines == Lines{"last but one", "last"});
}

TEST_CASE("a log that both streams go to is shown once, two are shown each") {
  const TempDirectory folder;
  const auto out = folder.write("out", "o\n");
  const auto err = folder.write("err", "e\n");
  const auto both = log_tails_of(writing_to(out, err), 20);
  REQUIRE(both.size() == 2);
  CHECK(both.at(0).label == "Stdout");
  CHECK(both.at(1).lines == Lines{"e"});
  const auto one = log_tails_of(writing_to(out, out), 20);
  REQUIRE(one.size() == 1);
  CHECK(one.at(0).label == "Output");
}

TEST_CASE("logs that are missing, empty or not absolute are left out") {
  const TempDirectory folder;
  CHECK(log_tails_of(writing_to(folder.path() / "missing", folder.write("empty", "")), 20).empty());
  CHECK(log_tails_of(writing_to("relative.log", folder.path()), 20).empty());
  CHECK(log_tails_of(writing_to({}), 20).empty());
}

TEST_CASE("a status tells the files of the output, and a block ends with the last lines") {
  ProcessStatus process;
  process.name = "app";
  process.stdout_file = "/var/log/app.log";
  const StatusList list{std::make_shared<const ProcessStatus>(process)};
  const auto reports = parse_status(status_json(list, {}, MonotonicTime()));
  CHECK(reports.at(0).stdout_file == "/var/log/app.log");
  CHECK(reports.at(0).stderr_file.empty());
  const std::vector<LogTail> logs{
      {.label = "Stdout", .file = "/var/log/app.log", .lines = {"one", "two"}}};
  CHECK(status_block(reports.at(0), {}, {}, logs)
            .ends_with("      Stdout: /var/log/app.log\n"
                       "              one\n"
                       "              two\n"));
}

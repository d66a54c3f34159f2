#include "daemon/platform/windows/launch_plan.hpp"

#include "lib/platform/windows/windows_api.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <shellapi.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace provisr::daemon;
using provisr::test::TempDirectory;
using WideWords = std::vector<std::wstring>;

namespace {

/// Splits a command line as Windows does.
WideWords split(const std::wstring& command_line) {
  int count = 0;
  wchar_t** const words = CommandLineToArgvW(command_line.c_str(), &count);
  REQUIRE(words != nullptr);
  WideWords result(words, words + count);
  LocalFree(words);
  return result;
}

ChildCommand cmd_exe(std::vector<std::string> env = {}) {
  return {.argv = {"cmd.exe", "/c", "exit 0"}, .work_dir = {}, .env = std::move(env)};
}

WideWords entries_of(const std::wstring& block) {
  WideWords entries;
  for (const wchar_t* at = block.c_str(); *at != L'\0'; at += entries.back().size() + 1) {
    entries.emplace_back(at);
  }
  return entries;
}

bool contains(const WideWords& words, const std::wstring& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("a quoted argument is read back as it was") {
  const std::wstring argument =
      GENERATE(as<std::wstring>{}, L"", L"plain", L"two words", L"tab\there", L"\"", L"\"quoted\"",
               L"C:\\dir\\", L"C:\\a dir\\", L"\\\\server\\a share\\\\", L"a\\\"b", L"a\\\\\"b c",
               L"\u00e9t\u00e9 \u65e5\u672c");
  // Windows splits the first word by other rules.
  CHECK(split(L"x " + quote_argument(argument)) == WideWords{L"x", argument});
  CHECK(split(L"x " + quote_argument(argument) + L" y") == WideWords{L"x", argument, L"y"});
}

TEST_CASE("what needs no quotes gets none") {
  CHECK(quote_argument(L"C:\\dir\\app.exe") == L"C:\\dir\\app.exe");
}

TEST_CASE("a program without a folder is looked for in PATH") {
  const LaunchPlan plan(cmd_exe());
  CHECK(std::filesystem::exists(plan.program));
  CHECK(split(plan.command_line) == WideWords{L"cmd.exe", L"/c", L"exit 0"});
  CHECK(plan.work_dir.empty());
}

TEST_CASE("a program that PATH does not have is an error") {
  ChildCommand command = cmd_exe();
  command.argv[0] = "provisr-no-such-program";
  try {
    const LaunchPlan plan(command);
    FAIL("found " << std::filesystem::path(plan.program).string());
  } catch (const std::system_error& error) {
    CHECK(error.code() == std::errc::no_such_file_or_directory);
  }
}

TEST_CASE("a PATH of the process's own is the one that is looked in") {
  const TempDirectory folder;
  const auto program = folder.write("provisr-own.exe", "");
  ChildCommand command = cmd_exe({"PATH=" + folder.path().string()});
  command.argv[0] = "provisr-own";
  CHECK(std::filesystem::equivalent(LaunchPlan(command).program, program));
}

TEST_CASE("a program with a folder is relative to the working directory") {
  ChildCommand command = cmd_exe();
  command.argv[0] = "bin/app";
  command.work_dir = "C:\\srv";
  CHECK(LaunchPlan(command).program == L"C:\\srv\\bin\\app.exe");
  CHECK(LaunchPlan(command).work_dir == L"C:\\srv");
}

TEST_CASE("the environment is the daemon's and what is added, whatever the case of a name") {
  REQUIRE(SetEnvironmentVariableW(L"Provisr_Kept", L"kept") != 0);
  REQUIRE(SetEnvironmentVariableW(L"Provisr_Replaced", L"old") != 0);
  const LaunchPlan plan(cmd_exe({"PROVISR_REPLACED=new", "PROVISR_ADDED=a=b", "PROVISR_EMPTY="}));
  const WideWords entries = entries_of(plan.environment);
  CHECK(contains(entries, L"Provisr_Kept=kept"));
  CHECK(contains(entries, L"Provisr_Replaced=new"));
  CHECK_FALSE(contains(entries, L"PROVISR_REPLACED=new"));
  CHECK_FALSE(contains(entries, L"Provisr_Replaced=old"));
  CHECK(contains(entries, L"PROVISR_ADDED=a=b"));
  CHECK(contains(entries, L"PROVISR_EMPTY="));
  CHECK(plan.environment.ends_with(std::wstring(2, L'\0')));
}

TEST_CASE("references are to variables whatever the case of their names") {
  REQUIRE(SetEnvironmentVariableW(L"Provisr_Kept", L"kept") != 0);
  const LaunchPlan plan(
      cmd_exe({"PROVISR_KEPT=more;${provisr_kept}", "PROVISR_B=${Provisr_Kept}"}));
  const WideWords entries = entries_of(plan.environment);
  CHECK(contains(entries, L"Provisr_Kept=more;kept"));
  CHECK(contains(entries, L"PROVISR_B=more;kept"));
}

TEST_CASE("an environment of its own has what Windows needs, and nothing else of the daemon's") {
  REQUIRE(SetEnvironmentVariableW(L"Provisr_Kept", L"kept") != 0);
  ChildCommand command = cmd_exe({"PROVISR_ADDED=1"});
  command.inherit_env = false;
  const LaunchPlan plan(command);
  const WideWords entries = entries_of(plan.environment);
  CHECK(contains(entries, L"PROVISR_ADDED=1"));
  CHECK_FALSE(contains(entries, L"Provisr_Kept=kept"));
  CHECK(entries.size() == 3);
}

#include "daemon/platform/windows/launch_plan.hpp"

#include "daemon/base/environment.hpp"
#include "daemon/platform/windows/wide_text.hpp"
#include "lib/platform/windows/windows_api.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>

namespace provisr::daemon {
namespace {

bool are_one_name(std::string_view one, std::string_view other) {
  return CompareStringOrdinal(to_wide(one).c_str(), -1, to_wide(other).c_str(), -1, TRUE) ==
         CSTR_EQUAL;
}

/// Compares names of variables without case, in the order that an environment block requires.
struct NameOrder {
  bool operator()(const std::wstring& one, const std::wstring& other) const {
    return CompareStringOrdinal(one.c_str(), -1, other.c_str(), -1, TRUE) == CSTR_LESS_THAN;
  }
};
using Environment = std::map<std::wstring, std::wstring, NameOrder>;

void set_entry(Environment& environment, const std::wstring& entry) {
  // Search from the second character: "=C:=C:\folder", the working directory of a drive, is an
  // entry.
  const std::size_t equals = entry.find(L'=', 1);
  if (equals == std::wstring::npos) return;
  environment.insert_or_assign(entry.substr(0, equals), entry.substr(equals + 1));
}

Environment own_environment() {
  Environment own;
  wchar_t* const block = GetEnvironmentStringsW();
  if (block != nullptr) {
    for (const wchar_t* entry = block; *entry != L'\0'; entry += std::wstring(entry).size() + 1) {
      set_entry(own, entry);
    }
    FreeEnvironmentStringsW(block);
  }
  return own;
}

/// Returns the variables that Windows programs, and the search for them and their libraries, need.
Environment least_environment() {
  Environment least;
  const Environment own = own_environment();
  for (const wchar_t* const name : {L"PATH", L"SystemRoot"}) {
    const auto found = own.find(name);
    if (found != own.end()) least.insert(*found);
  }
  return least;
}

std::optional<std::string> value_of(const Environment& environment, std::string_view name) {
  const auto found = environment.find(to_wide(name));
  if (found == environment.end()) return std::nullopt;
  return to_utf8(found->second);
}

Environment environment_of(const ChildCommand& command) {
  Environment merged = command.inherit_env ? own_environment() : least_environment();
  set_variables(command.env,
                {.get = [&](std::string_view name) { return value_of(merged, name); },
                 .set = [&](const std::string& entry) { set_entry(merged, to_wide(entry)); },
                 .is_same = are_one_name});
  return merged;
}

std::wstring block_of(const Environment& environment) {
  std::wstring block;
  for (const auto& [name, value] : environment) {
    block.append(name).append(L"=").append(value).push_back(L'\0');
  }
  if (block.empty()) block.push_back(L'\0');
  block.push_back(L'\0');
  return block;
}

std::wstring find_in_path(const std::wstring& program, const Environment& environment) {
  const auto path = environment.find(L"PATH");
  if (path == environment.end()) return {};
  wchar_t found[MAX_PATH + 1];
  const DWORD length =
      SearchPathW(path->second.c_str(), program.c_str(), L".exe", MAX_PATH, found, nullptr);
  if (length == 0 || length > MAX_PATH) return {};
  return found;
}

std::filesystem::path file_of(const ChildCommand& command, const Environment& environment) {
  const std::wstring program = to_wide(command.argv.at(0));
  if (program.find_first_of(L"/\\") != std::wstring::npos) {
    std::filesystem::path file = command.work_dir / program;
    if (!file.has_extension()) file += L".exe";
    return file.make_preferred();
  }
  const std::wstring found = find_in_path(program, environment);
  if (!found.empty()) return found;
  throw std::system_error(std::make_error_code(std::errc::no_such_file_or_directory));
}

}  // namespace

// Follows Microsoft's "Parsing C command-line arguments": a backslash is special only before a
// quote.
std::wstring quote_argument(const std::wstring& argument) {
  if (!argument.empty() && argument.find_first_of(L" \t\n\v\"") == std::wstring::npos) {
    return argument;
  }
  std::wstring quoted = L"\"";
  std::size_t backslashes = 0;
  for (const wchar_t character : argument) {
    if (character == L'"') quoted.append(backslashes + 1, L'\\');
    backslashes = character == L'\\' ? backslashes + 1 : 0;
    quoted.push_back(character);
  }
  return quoted.append(backslashes, L'\\').append(L"\"");
}

LaunchPlan::LaunchPlan(const ChildCommand& command) : work_dir(command.work_dir.wstring()) {
  const Environment merged = environment_of(command);
  program = file_of(command, merged).wstring();
  environment = block_of(merged);
  for (const std::string& argument : command.argv) {
    if (!command_line.empty()) command_line.push_back(L' ');
    command_line += quote_argument(to_wide(argument));
  }
}

}  // namespace provisr::daemon

#include "system.hpp"

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <cstdint>
#include <string>
#include <system_error>

namespace provisr::child {

namespace {

void check(bool succeeded, const char* what) {
  if (succeeded) return;
  throw std::system_error(static_cast<int>(GetLastError()), std::system_category(), what);
}

std::chrono::nanoseconds length_of(const FILETIME& time) {
  const std::uint64_t units = (std::uint64_t{time.dwHighDateTime} << 32U) | time.dwLowDateTime;
  return std::chrono::nanoseconds(units * 100);
}

BOOL WINAPI do_nothing(DWORD /*kind*/) {
  return TRUE;
}

}  // namespace

std::chrono::nanoseconds cpu_time() {
  FILETIME created{};
  FILETIME ended{};
  FILETIME kernel{};
  FILETIME user{};
  check(GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user) != 0,
        "GetProcessTimes");
  return length_of(kernel) + length_of(user);
}

void ignore_requests_to_end() {
  check(SetConsoleCtrlHandler(do_nothing, TRUE) != 0, "SetConsoleCtrlHandler");
}

void open_descriptor() {
  HANDLE const opened =
      CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr);
  check(opened != INVALID_HANDLE_VALUE, "CreateFile NUL");
}

long start_sleeping_copy(std::chrono::seconds lifetime) {
  wchar_t program[MAX_PATH];
  check(GetModuleFileNameW(nullptr, program, MAX_PATH) != 0, "GetModuleFileName");
  std::wstring command_line =
      L"provisr_child threader 1 --seconds " + std::to_wstring(lifetime.count());
  STARTUPINFOW startup{};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION made{};
  check(CreateProcessW(program, command_line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr,
                       &startup, &made) != 0,
        "CreateProcess");
  CloseHandle(made.hThread);
  CloseHandle(made.hProcess);
  return static_cast<long>(made.dwProcessId);
}

}  // namespace provisr::child

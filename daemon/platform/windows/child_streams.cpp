#include "daemon/platform/windows/child_streams.hpp"

#include "daemon/base/text.hpp"

#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] windows_platform::Handle open_null(DWORD access) {
  SECURITY_ATTRIBUTES inheritable{sizeof inheritable, nullptr, TRUE};
  return windows_platform::Handle(CreateFileW(L"NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                              &inheritable, OPEN_EXISTING, 0, nullptr));
}

/// Returns a copy of one of the daemon's own streams; empty if the daemon has no such stream.
[[nodiscard]] windows_platform::Handle inheritable_copy(DWORD standard_stream) {
  HANDLE const own = GetStdHandle(standard_stream);
  HANDLE copy = nullptr;
  if (own == nullptr || own == INVALID_HANDLE_VALUE) return {};
  HANDLE const self = GetCurrentProcess();
  if (DuplicateHandle(self, own, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS) == 0) return {};
  return windows_platform::Handle(copy);
}

[[nodiscard]] windows_platform::Handle output_stream(DWORD standard_stream) {
  windows_platform::Handle copy = inheritable_copy(standard_stream);
  return copy ? std::move(copy) : open_null(GENERIC_WRITE);
}

[[nodiscard]] windows_platform::Handle input_stream(bool inherit) {
  windows_platform::Handle copy =
      inherit ? inheritable_copy(STD_INPUT_HANDLE) : windows_platform::Handle();
  return copy ? std::move(copy) : open_null(GENERIC_READ);
}

/// Opens a file so that each write appends, even if others write to the file, too.
[[nodiscard]] windows_platform::Handle appended_file(const std::filesystem::path& file) {
  SECURITY_ATTRIBUTES inheritable{sizeof inheritable, nullptr, TRUE};
  return windows_platform::Handle(CreateFileW(
      file.c_str(), FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
      &inheritable, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr));
}

[[nodiscard]] windows_platform::Handle output_to(const std::filesystem::path& file,
                                                 DWORD standard_stream) {
  return file.empty() ? output_stream(standard_stream) : appended_file(file);
}

}  // namespace

bool ChildStreams::open(const ChildCommand& command) {
  streams_[0] = input_stream(command.inherit_stdin);
  if (!streams_[0]) return false;
  if (!command.log_directory.empty()) CreateDirectoryW(command.log_directory.c_str(), nullptr);
  streams_[1] = output_to(command.stdout_file, STD_OUTPUT_HANDLE);
  if (!streams_[1] && !command.stdout_file.empty()) missing_ = name_of(command.stdout_file);
  if (!streams_[1]) return false;
  streams_[2] = output_to(command.stderr_file, STD_ERROR_HANDLE);
  if (!streams_[2] && !command.stderr_file.empty()) missing_ = name_of(command.stderr_file);
  return bool(streams_[2]);
}

ChildStreams::ChildStreams(const ChildCommand& command) {
  if (!open(command)) return;
  for (std::size_t i = 0; i < streams_.size(); ++i) inherited_[i] = streams_[i].get();
  info_.StartupInfo.cb = sizeof info_;
  info_.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  info_.StartupInfo.hStdInput = inherited_[0];
  info_.StartupInfo.hStdOutput = inherited_[1];
  info_.StartupInfo.hStdError = inherited_[2];
  is_ready_ = limit_inheritance();
}

ChildStreams::~ChildStreams() {
  if (info_.lpAttributeList != nullptr) DeleteProcThreadAttributeList(info_.lpAttributeList);
}

bool ChildStreams::limit_inheritance() {
  SIZE_T size = 0;
  InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
  attributes_.resize(size);
  auto* const list = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(attributes_.data());
  if (InitializeProcThreadAttributeList(list, 1, 0, &size) == 0) return false;
  info_.lpAttributeList = list;
  return UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited_.data(),
                                   sizeof inherited_, nullptr, nullptr) != 0;
}

}  // namespace provisr::daemon

#include "daemon/platform/windows/child_streams.hpp"

#include <algorithm>
#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] windows_platform::Handle open_null(DWORD access) {
  SECURITY_ATTRIBUTES inheritable{sizeof inheritable, nullptr, TRUE};
  return windows_platform::Handle(CreateFileW(L"NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                              &inheritable, OPEN_EXISTING, 0, nullptr));
}

/// A copy of one of the daemon's own streams; empty if it has none.
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

}  // namespace

ChildStreams::ChildStreams(bool inherit_stdin)
    : streams_{input_stream(inherit_stdin), output_stream(STD_OUTPUT_HANDLE),
               output_stream(STD_ERROR_HANDLE)} {
  if (!std::all_of(streams_.begin(), streams_.end(), [](const auto& s) { return bool(s); })) return;
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

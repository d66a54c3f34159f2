#pragma once

#include <functional>
#include <string_view>

namespace provisr {

enum class Severity { debug, info, warning, error };

/// Something worth telling about one process; `process` is empty if it is about none.
/// The views are valid during the call only.
struct Diagnostic {
  Severity severity;
  std::string_view process;
  std::string_view message;
};

/// Where diagnostics go; the library itself prints nothing. Called from the thread that ticks or
/// tracks, with the registry locked: it must not call back into the registry, and what it throws
/// is dropped.
using DiagnosticSink = std::function<void(const Diagnostic&)>;

}  // namespace provisr

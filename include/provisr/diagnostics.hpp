#pragma once

#include <functional>
#include <string_view>

namespace provisr {

enum class Severity { debug, info, warning, error };

/// A message about one process; `process` is empty if the message is about none. The views are
/// valid only during the call.
struct Diagnostic {
  Severity severity;
  std::string_view process;
  std::string_view message;
};

/// Receives diagnostics; the library itself prints nothing. Called from threads that tick, track or
/// declare, possibly at the same time and with the registry locked: it must be thread-safe and must
/// not call into the registry. Exceptions from it are ignored.
using DiagnosticSink = std::function<void(const Diagnostic&)>;

}  // namespace provisr

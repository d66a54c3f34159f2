#pragma once

#include <provisr/storage.hpp>

namespace provisr::daemon {

/// Provides bytes for histories that a fork does not copy, so the cost of starting a child does not
/// depend on how much is kept. Bytes that a history gives back are reused for the next history of
/// its size. Uses the heap on systems that do not fork. Several threads may call the provider at
/// once.
[[nodiscard]] StorageProvider unforked_storage();

}  // namespace provisr::daemon

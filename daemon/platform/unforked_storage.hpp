#pragma once

#include <provisr/storage.hpp>

namespace provisr::daemon {

/// Gives bytes to histories that a fork leaves out: a child is started at the same cost however
/// much is kept. What a history gives back is for the next one of its size. On the heap if this
/// system does not fork. The provider may be called by several threads at once.
[[nodiscard]] StorageProvider unforked_storage();

}  // namespace provisr::daemon

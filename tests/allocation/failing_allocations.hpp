#pragma once

namespace provisr::test {

/// Lets the next `count` allocations of this thread fail.
void fail_allocations(int count);

}  // namespace provisr::test

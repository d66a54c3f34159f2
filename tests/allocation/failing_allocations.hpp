#pragma once

namespace provisr::test {

/// Lets `count` allocations of this thread fail, after `passed` that succeed.
void fail_allocations(int count, int passed = 0);

}  // namespace provisr::test

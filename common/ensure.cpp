#include "common/ensure.hpp"

#include <cstdio>
#include <cstdlib>

namespace canhgac::common {

void ensure_failed(const char* why, const char* file, int line) noexcept {
    std::fprintf(stderr, "%s:%d: internal error: %s\n", file, line, why);
    std::abort();
}

} // namespace canhgac::common

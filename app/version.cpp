#include "app/version.hpp"

#include <fmt/format.h>

namespace canhgac::app {

std::string version() {
    return CANHGAC_VERSION;
}

std::string version_report() {
    std::string features;
    const auto add = [&features](bool has, const char* name) {
        if (has) { features += (features.empty() ? "" : " ") + std::string(name); }
    };
    add(__builtin_cpu_supports("ssse3") != 0, "ssse3");
    add(__builtin_cpu_supports("sse4.2") != 0, "sse4.2");
    add(__builtin_cpu_supports("avx2") != 0, "avx2");
    add(__builtin_cpu_supports("avx512f") != 0, "avx512f");
    add(__builtin_cpu_supports("avx512vbmi") != 0, "avx512vbmi");
    return fmt::format("canhgac {}\ncompiler: g++ {}\nbuild: {}\nlibraries: {}\nCPU: {}\n", CANHGAC_VERSION,
                       __VERSION__, CANHGAC_BUILD_TYPE, CANHGAC_LIBRARIES, features);
}

} // namespace canhgac::app

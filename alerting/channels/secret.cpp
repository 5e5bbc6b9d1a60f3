#include "alerting/channels/secret.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

namespace canhgac::alerting {
namespace {

constexpr std::size_t kMaxFileBytes = 64 * 1024;

} // namespace

std::string read_text_file(const std::string& path, const char* what) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error(
            fmt::format("{} '{}': {}", what, path, std::generic_category().message(errno == 0 ? EIO : errno)));
    }
    std::string text(kMaxFileBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) { throw std::runtime_error(fmt::format("{} '{}': cannot be read", what, path)); }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxFileBytes) {
        throw std::runtime_error(fmt::format("{} '{}': larger than {} bytes", what, path, kMaxFileBytes));
    }
    return text;
}

std::string read_secret_file(const std::string& path, const char* what) {
    std::string text = read_text_file(path, what);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.pop_back();
    }
    if (text.empty()) { throw std::runtime_error(fmt::format("{} '{}': empty", what, path)); }
    return text;
}

} // namespace canhgac::alerting

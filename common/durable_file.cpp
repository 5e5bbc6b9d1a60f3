#include "common/durable_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace canhgac::common {

namespace {

std::error_code last_error() noexcept {
    return {errno, std::generic_category()};
}

std::error_code write_all(int file, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t size = ::write(file, text.data(), text.size());
        if (size < 0 && errno == EINTR) { continue; }
        if (size < 0) { return last_error(); }
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    return {};
}

/// A new file with this text, fsynced.
std::error_code write_new(const std::string& path, std::string_view text, FileAccess access) noexcept {
    ::unlink(path.c_str()); // of a writer that died, perhaps with another mode
    const int file =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, static_cast<mode_t>(access));
    if (file < 0) { return last_error(); }
    std::error_code error = write_all(file, text);
    if (!error && ::fsync(file) != 0) { error = last_error(); }
    if (::close(file) != 0 && !error) { error = last_error(); }
    return error;
}

} // namespace

void replace_file(const std::filesystem::path& path, std::string_view text, FileAccess access) {
    const std::string temporary = path.string() + ".new";
    std::error_code error = write_new(temporary, text, access);
    if (!error && std::rename(temporary.c_str(), path.c_str()) != 0) { error = last_error(); }
    if (!error) { error = sync_path(path.has_parent_path() ? path.parent_path() : "."); }
    if (error) {
        ::unlink(temporary.c_str());
        throw std::system_error(error, path.string());
    }
}

std::error_code sync_path(const std::filesystem::path& path) noexcept {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) { return last_error(); }
    std::error_code error;
    if (::fsync(file) != 0) { error = last_error(); }
    ::close(file);
    return error;
}

} // namespace canhgac::common

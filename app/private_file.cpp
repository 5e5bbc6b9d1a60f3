#include "app/private_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <sys/stat.h>

namespace canhgac::app {

void write_private_file(const std::filesystem::path& file, std::string_view text) {
    const std::string temporary = file.string() + ".new";
    const auto refuse = [&] { return std::runtime_error(file.string() + ": " + std::strerror(errno)); };
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) { throw refuse(); }
    const bool written =
        ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(descriptor) == 0;
    const bool closed = ::close(descriptor) == 0;
    if (!written || !closed || std::rename(temporary.c_str(), file.c_str()) != 0) { throw refuse(); }
}

} // namespace canhgac::app

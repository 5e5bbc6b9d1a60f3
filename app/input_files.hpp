/// Files given on the command line: plain, .gz, members of .zip, and "-" for standard input, all read as streams.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace canhgac::app {

/// One stream of bytes to scan.
class InputStream {
public:
    virtual ~InputStream() = default;
    /// Fills `target` with at most `size` bytes; 0 at the end. Error: what went wrong, for a person.
    [[nodiscard]] virtual common::Result<std::size_t, std::string> read(char* target, std::size_t size) = 0;
};

struct InputError {
    std::string file;
    std::string message;
};

/// Calls `visit` for each stream behind `path`, with its display name: "a.json", "b.zip!member.json", "-". Folders are
/// not descended. Zip members that are folders or macOS resource forks ("__MACOSX/") are left out. What cannot be
/// opened or read is reported through the returned list; the rest is still visited.
[[nodiscard]] std::vector<InputError>
visit_input(const std::string& path,
            const std::function<common::Result<void, std::string>(const std::string& name, InputStream&)>& visit);

/// The whole stream as one string, at most `limit` bytes.
[[nodiscard]] common::Result<std::string, std::string> read_all(InputStream& stream, std::size_t limit);

} // namespace canhgac::app

/// Files given on the command line, all read as streams: plain, gzip (by content, whatever the name), members of zip
/// archives (gzip inside too), folders with everything below them, and "-" for standard input. Nothing is written to
/// disk.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.hpp"
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

/// Against archives made to exhaust whoever opens them. Both are of one file on disk, over all its members.
struct InputLimits {
    std::uint64_t max_unpacked = 256 * std::uint64_t{common::kGiB};
    std::uint64_t max_ratio = 200; ///< unpacked bytes per packed byte, beyond the first kFreeUnpacked
    static constexpr std::uint64_t kFreeUnpacked = 256 * std::uint64_t{common::kMiB};
};

using VisitInput = std::function<common::Result<void, std::string>(const std::string& name, InputStream&)>;

/// Calls `visit` for each stream behind `path`, with its display name: "a.json", "b.zip!member.json", "-". A folder
/// gives its files, sub-folders too, ordered by path (bytes); an archive its members, ordered by name. Symbolic links
/// to folders are not followed. Zip members that are folders or macOS resource forks ("__MACOSX/") are left out. What
/// cannot be opened or read is reported through the returned list; the rest is still visited. `packed`, if given,
/// counts the bytes taken from disk.
[[nodiscard]] std::vector<InputError> visit_input(const std::string& path, const VisitInput& visit,
                                                  const InputLimits& limits = {},
                                                  std::atomic<std::uint64_t>* packed = nullptr);

/// Bytes on disk behind `path`, 0 when unknown.
[[nodiscard]] std::uint64_t input_bytes(const std::string& path);

/// A name or text that may be shown on a terminal and put into JSON: valid UTF-8, control characters and those that
/// turn the direction of writing replaced by '?'.
[[nodiscard]] std::string printable(std::string_view text);

/// Reads until `size` bytes are there or the stream ends; the number read.
[[nodiscard]] common::Result<std::size_t, std::string> read_full(InputStream& stream, char* target, std::size_t size);

/// The whole stream as one string, at most `limit` bytes.
[[nodiscard]] common::Result<std::string, std::string> read_all(InputStream& stream, std::size_t limit);

} // namespace canhgac::app

/// Cuts a stream into records for `scan`: JSON values (one a line, pretty-printed, concatenated, or in one array) or
/// lines.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "app/input_files.hpp"
#include "common/bytes.hpp"

namespace canhgac::app {

/// Holds at most two windows. A line longer than one is cut there; a value longer than the window, or a broken one,
/// where the next line begins with '{', so that one broken event does not swallow its neighbours. Not thread safe.
class ScanSplitter {
public:
    static constexpr std::size_t kWindowBytes = 4 * common::kMiB;

    /// `format`: "json", "lines", or "auto" (JSON when a stream's first character is '{' or '[').
    explicit ScanSplitter(std::string format) : format_(std::move(format)) {}

    /// A new stream begins.
    void start();
    /// Reads more; the number of bytes read, 0 at the end (then next() gives what is left). Views handed out die here.
    [[nodiscard]] common::Result<std::size_t, std::string> fill(InputStream& stream);
    /// True when what has been read and not been handed out begins with `text`.
    [[nodiscard]] bool begins_with(std::string_view text) const noexcept {
        return std::string_view(window_).substr(at_).starts_with(text);
    }
    /// The next complete record, without its line end; nothing when more has to be read. Empty lines are skipped.
    [[nodiscard]] std::optional<std::string_view> next();

private:
    enum class Mode { undecided, json, lines };

    [[nodiscard]] std::optional<std::string_view> next_line();
    [[nodiscard]] std::optional<std::string_view> next_json();
    /// End of the JSON value that begins at `from`, or npos when it is not there yet.
    [[nodiscard]] std::size_t value_end(std::size_t from) const;
    [[nodiscard]] std::string_view take(std::size_t from, std::size_t end, std::size_t next);

    std::string format_;
    Mode mode_ = Mode::undecided;
    std::string window_;
    std::size_t at_ = 0;
    bool ended_ = false;
};

} // namespace canhgac::app

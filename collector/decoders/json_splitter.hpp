/// Cuts the text of a file into records: JSON values (JSON lines, or pretty-printed objects one after the other) or
/// lines. For files; network protocols frame their records themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace canhgac::collector {

enum class FileShape : std::uint8_t {
    json,  ///< JSON objects, separated by white space, commas or nothing; also inside one top-level array
    lines, ///< anything else, one record a line
};

/// Looks at the first character that is not white space or a byte order mark: '{' is JSON; '[' too, when an object
/// follows it.
[[nodiscard]] FileShape detect_file_shape(std::string_view text) noexcept;

/// Yields the records of `text` as views into it, in order. Not thread safe; allocates nothing.
/// JSON: each record is one object from '{' to its matching '}', strings respected. What is no object (a broken line
/// between objects) is yielded as a record too, up to the end of its line, so that nothing is lost. When the first
/// object closes on its own line the file is taken for JSON lines, where no record passes the end of its line;
/// otherwise an object that never closes ends before a line that starts with '{' where no value can stand, else at the
/// last byte.
/// Lines: without their CR LF or LF; empty lines are left out. NUL bytes stay.
class RecordSplitter {
public:
    RecordSplitter(std::string_view text, FileShape shape) noexcept;
    /// The next record, or nothing at the end.
    [[nodiscard]] std::optional<std::string_view> next() noexcept;

private:
    [[nodiscard]] std::optional<std::string_view> next_line() noexcept;
    [[nodiscard]] std::optional<std::string_view> next_value() noexcept;

    std::string_view rest_;
    FileShape shape_;
    bool one_a_line_ = false; ///< JSON lines
};

} // namespace canhgac::collector

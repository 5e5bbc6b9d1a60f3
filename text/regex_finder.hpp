/// Where one regular expression matches, with its groups, by RE2: for changing text at start-up (processing pipelines),
/// not for events. Perl syntax without look-around and back-references, UTF-8; `$` is the end of the text alone.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.hpp"

namespace canhgac::text {

/// Bytes of the text, [begin, end).
struct RegexSpan {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Group 0 is the whole match; a group that took no part is empty of value.
using RegexMatch = std::vector<std::optional<RegexSpan>>;

/// Thread safe when const.
class RegexFinder {
public:
    /// Error: the library's message.
    [[nodiscard]] static common::Result<RegexFinder, std::string> compile(std::string_view pattern);
    RegexFinder(RegexFinder&&) noexcept;
    RegexFinder& operator=(RegexFinder&&) noexcept;
    ~RegexFinder();

    /// The match that begins where the text begins (Python's `re.match`).
    [[nodiscard]] std::optional<RegexMatch> match_start(std::string_view text) const;
    /// All matches from left to right without overlap, empty ones too (Python's `re.finditer`).
    [[nodiscard]] std::vector<RegexMatch> find_all(std::string_view text) const;
    /// Without group 0.
    [[nodiscard]] std::size_t group_count() const noexcept;
    /// Names of groups and their numbers, by number.
    [[nodiscard]] std::vector<std::pair<std::string, std::size_t>> named_groups() const;

private:
    struct Impl;
    explicit RegexFinder(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::text

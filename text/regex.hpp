/// One regular expression, searched anywhere in a value, by RE2: for the plain evaluator and for searches. Same
/// meaning as a pattern set gives it: Perl syntax without look-around, UTF-8, `$` also before a final newline. One
/// known difference: in multiline mode ^ also matches after a newline that ends the value.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace canhgac::text {

struct RegexOptions {
    bool ignore_case = false;
    bool multiline = false; ///< ^ and $ at lines
    bool dotall = false;    ///< . takes newlines
};

/// Thread safe when const.
class Regex {
public:
    /// Error: the library's message, e.g. "no argument for repetition operator: *".
    [[nodiscard]] static common::Result<Regex, std::string> compile(std::string_view pattern,
                                                                    RegexOptions options = {});
    Regex(Regex&&) noexcept;
    Regex& operator=(Regex&&) noexcept;
    ~Regex();
    /// Whether some part of `value` matches.
    [[nodiscard]] bool search(std::string_view value) const;

private:
    struct Impl;
    explicit Regex(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

/// Whether the fast matcher (Hyperscan) takes the expression: empty, or its message. For rule checks.
[[nodiscard]] std::string regex_problem(std::string_view pattern, RegexOptions options = {});

/// Whether every match of the expression holds some text of at least three characters that can be told beforehand. If
/// not, no search for texts can rule values out. False also for an expression that RE2 refuses.
[[nodiscard]] bool regex_needs_text(std::string_view pattern, RegexOptions options = {});

} // namespace canhgac::text

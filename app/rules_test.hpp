/// `canhgac rules test PATH...`: runs the test files beside rules (DESIGN 6.11, docs/reference/rule-tests.md) through
/// the real reader, decoder, matcher and correlator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace canhgac::app {

/// What became of one test, or of one file that could not be used (then `name` is empty).
struct RuleTestResult {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string rule; ///< id
    std::string name;
    std::string reason; ///< why it failed; empty = it passed
    bool near_miss = false;
    bool decoded = false; ///< at least one event went through the decoder

    [[nodiscard]] bool passed() const noexcept { return reason.empty(); }
};

struct RuleTestReport {
    std::vector<RuleTestResult> results;     ///< by file, in the order of the tests
    std::vector<std::string> rules;          ///< ids of all rules and correlations read, sorted
    std::vector<std::string> untested_rules; ///< of these: without a test, and not the base of a tested correlation
    std::size_t failed = 0;
};

/// A path is a folder (all test files and rules below it), a rule file (its test file beside it is meant) or a test
/// file (its rule file beside it is meant). Rules that cannot be used are failures. Start-up work: allocates, reads
/// files. Throws what the compiler throws.
[[nodiscard]] RuleTestReport test_rules(const std::vector<std::string>& paths);

/// Prints one line a test and a sum (`form` table), or one object (json). Exit status: 0 all passed, 1 something failed
/// or there was nothing to test.
[[nodiscard]] int run_rules_test(const std::vector<std::string>& paths, const std::string& form, std::ostream& output);

} // namespace canhgac::app

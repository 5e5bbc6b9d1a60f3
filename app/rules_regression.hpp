/// `canhgac rules test PATH... --sigmahq-regression DIR`: rules against recorded events in SigmaHQ's layout
/// (regression_data: `info.yml` beside `RULE-ID.evtx` and `RULE-ID.json`). Every event goes through the decoder and the
/// compiled matcher, with log source routing; a test passes when its rule hits at least `match_count` times (or once).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace canhgac::app {

/// One test of an info.yml.
struct RegressionTest {
    std::string rule; ///< id
    std::string name;
    std::string type; ///< evtx, json, ...
    std::string path; ///< as written: from the root of the rules' repository
    std::uint64_t match_count = 1;
    std::uint32_t line = 0;
};

struct RegressionError {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string message;
};

/// The tests of one info.yml; none when it lists none. Any thread.
[[nodiscard]] common::Result<std::vector<RegressionTest>, RegressionError> parse_regression_info(std::string_view text);

struct RegressionResult {
    std::string file; ///< info.yml
    std::string rule;
    std::string name;
    std::string input; ///< the recorded events
    std::uint64_t wanted = 0;
    std::uint64_t hits = 0;
    std::uint64_t events = 0;
    std::string reason; ///< why it failed; empty = it passed
    [[nodiscard]] bool passed() const noexcept { return reason.empty(); }
};

struct RegressionReport {
    std::vector<RegressionResult> results; ///< by info.yml; a test with samples in two forms has two
    std::vector<std::string> without_test; ///< info.yml files that list no test
    std::size_t rules = 0;                 ///< compiled
    std::size_t tested = 0;                ///< rules with at least one test
    std::size_t passed = 0;                ///< of these: rules all of whose tests passed
};

struct RegressionOptions {
    std::vector<std::string> paths; ///< rules
    std::string folder;             ///< with info.yml files at any depth
    std::string placeholders;
    std::string output = "table"; ///< or json
};

/// Start-up work: reads and compiles the rules, reads the samples. Throws std::runtime_error for a folder that cannot
/// be listed and for a bad placeholder file.
[[nodiscard]] RegressionReport test_regression(const RegressionOptions& options);

/// Exit status: 0 all passed, 1 one failed or there was nothing to test.
[[nodiscard]] int run_rules_regression(const RegressionOptions& options, std::ostream& output);

} // namespace canhgac::app

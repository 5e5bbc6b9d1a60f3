/// POST /api/v1/export: what an evidence package is to hold, and who makes it.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include "common/clock.hpp"
#include "common/result.hpp"

namespace canhgac::api {

struct EvidenceRequest {
    std::string query;
    common::Nanos from = std::numeric_limits<common::Nanos>::min(); ///< event time, inclusive
    common::Nanos to = std::numeric_limits<common::Nanos>::max();   ///< exclusive
    std::uint64_t limit = 100'000;                                  ///< more events are an error: no part is left out
    // Who and why, as given; not checked.
    std::string number; ///< of the case
    std::string custodian;
    std::string agency;
    std::string reason;
    std::string exporter; ///< the account
};

/// Why there is no package: as a problem document has it.
struct EvidenceProblem {
    unsigned status = 500;
    std::string detail;
};

/// Makes a package (a ZIP file) at a path of its own, which the caller removes. Thread safe; ends soon after
/// `cancelled`.
using ExportEvidence = std::function<common::Result<std::filesystem::path, EvidenceProblem>(
    const EvidenceRequest& request, const std::atomic<bool>& cancelled)>;

} // namespace canhgac::api

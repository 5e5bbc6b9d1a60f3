/// Evidence packages: the events a query finds, their raw records, who asked what when, and all that a third party
/// needs to see that they are in the hash chain (docs/reference/export.md, DESIGN 7 "Tamper evidence"). A ZIP file.
#pragma once

#include <atomic>
#include <filesystem>

#include "api/evidence_request.hpp"
#include "common/clock.hpp"
#include "common/result.hpp"
#include "storage/journal_store.hpp"
#include "storage/query/query_sources.hpp"

namespace canhgac::app {

struct EvidenceParts {
    storage::JournalStore& store;
    storage::QuerySources sources;
    const common::Clock& clock;
};

/// Writes the package to `out`, which must not exist yet, by way of a folder beside it. On errors nothing is left.
/// Problems: 400 the query, 422 too many or no events, a batch that does not hold, cancelled; 500 the store or the
/// disk. Blocks; up to three seconds of it until the newest events are signed. Throws nothing.
[[nodiscard]] common::Result<void, api::EvidenceProblem> write_evidence(const EvidenceParts& parts,
                                                                        const api::EvidenceRequest& request,
                                                                        const std::filesystem::path& out,
                                                                        const std::atomic<bool>& cancelled);

} // namespace canhgac::app

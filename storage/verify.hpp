/// Proves that the stored events are those of the hash chain, or names the first batch that is not.
#pragma once

#include <system_error>

#include "common/result.hpp"
#include "storage/chain.hpp"
#include "storage/journal_db.hpp"
#include "storage/sealed_reader.hpp"
#include "storage/verify_report.hpp"

namespace canhgac::storage {

struct VerifyParts {
    const JournalDb& db;
    const SealedReader& sealed;
    const ChainSigner& signer;
};

[[nodiscard]] common::Result<VerifyReport, std::error_code> verify_chain(const VerifyParts& parts,
                                                                         const VerifyOptions& options);

} // namespace canhgac::storage

/// Proves that the stored events are those of the hash chain, or names the first batch that is not.
#pragma once

#include <system_error>

#include "common/result.hpp"
#include "storage/chain.hpp"
#include "storage/journal_db.hpp"
#include "storage/sealed_reader.hpp"

namespace canhgac::storage {

[[nodiscard]] common::Result<VerifyReport, std::error_code>
verify_chain(const JournalDb& db, const SealedReader& sealed, const ChainSigner& signer);

} // namespace canhgac::storage

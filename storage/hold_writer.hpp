/// Makes and releases legal holds. A hold copies what a filter finds in a time range, raw line and fields, and for each
/// batch the hashes of its other events, so that the copies can be proven against the hash chain for ever.
#pragma once

#include <string>
#include <system_error>

#include "common/result.hpp"
#include "event/query_plan.hpp"
#include "storage/committer.hpp"
#include "storage/hold_stores.hpp"
#include "storage/order_book.hpp"
#include "storage/sealed_reader.hpp"
#include "storage/sealer.hpp"
#include "storage/searcher.hpp"

namespace canhgac::storage {

struct HoldParts {
    JournalDb& db;
    HoldStores& stores;
    const Searcher& searcher;
    const SealedReader& sealed;
    const ChainSigner& signer;
    Committer& committer;
    Sealer& sealer;
    OrderBook& orders;
};

/// Copies what is there now: nothing is sealed or dropped meanwhile, events go on coming in. `hold` has name,
/// incident, query and actor; the rest is filled in. Errors: invalid_argument (the name, or the filter), file_exists,
/// no_space_on_device, bad_message (an event's batch does not agree with the hash chain), io_error; after any of them
/// nothing is left.
[[nodiscard]] common::Result<HoldRecord, std::error_code> add_hold(const HoldParts& parts, HoldRecord hold,
                                                                   const event::QueryPlan& plan, common::Nanos now);
/// Forgets the copies; the order that says who did so and why stays. Errors: no_such_file_or_directory, io_error.
[[nodiscard]] std::error_code release_hold(const HoldParts& parts, const std::string& name,
                                           const event::DropOrder& order, common::Nanos now);

/// Empty if the copies of a hold are what the hash chain binds, else what is wrong; an error only if reading failed.
[[nodiscard]] common::Result<std::string, std::error_code>
prove_hold(const JournalDb& db, HoldStores& stores, const SealedReader& sealed, const HoldRecord& hold);

} // namespace canhgac::storage

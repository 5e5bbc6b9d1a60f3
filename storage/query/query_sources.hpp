/// What queries may ask, given by the wiring of the program. Everything may be missing; then a query that needs it is
/// refused before it runs (prepare.hpp), but for registered_domain(), which gives "unknown".
#pragma once

#include "event/query_sources.hpp"
#include "event/store.hpp"
#include "text/public_suffix.hpp"

namespace canhgac::storage {

/// Views; what they point to outlives the query.
struct QuerySources {
    event::EventStore* events = nullptr;            ///< around and join read it once more
    const event::SourceRegistry* senders = nullptr; ///< `log.source` inside steps
    const event::PredicateSource* rules = nullptr;  ///< sigma "..."
    const event::EventSetSource* alerts = nullptr;  ///< alert "..."
    const event::LookupSource* tables = nullptr;    ///< lookup
    const text::PublicSuffixes* suffixes = nullptr; ///< registered_domain()
};

} // namespace canhgac::storage

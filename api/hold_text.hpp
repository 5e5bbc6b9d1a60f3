/// Legal holds as the API and the command line speak of them.
#pragma once

#include <optional>
#include <string>
#include <system_error>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "event/query_plan.hpp"
#include "storage/hold_record.hpp"
#include "storage/query/query_sources.hpp"

namespace canhgac::api {

/// {"name","incident","query","actor","from","to","time","events","batches","bytes"}; open ends are null.
[[nodiscard]] std::string encode_hold(const storage::HoldRecord& hold);

struct HoldQuery {
    std::string text;
    std::optional<common::Nanos> from; ///< inclusive
    std::optional<common::Nanos> to;   ///< exclusive
};
/// What is to be held; an error for people when the query has steps, or is none.
[[nodiscard]] common::Result<event::QueryPlan, std::string> plan_hold(const HoldQuery& query, common::Nanos now,
                                                                      const storage::QuerySources& sources);
/// For people: what became of a hold named `name`.
[[nodiscard]] std::string describe_hold_error(const std::error_code& error, const std::string& name);

} // namespace canhgac::api

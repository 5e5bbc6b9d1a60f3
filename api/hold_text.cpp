#include "api/hold_text.hpp"

#include <limits>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "alerting/alert_codec.hpp"
#include "storage/query/parser.hpp"
#include "storage/query/prepare.hpp"

namespace canhgac::api {

namespace {

constexpr common::Nanos kOpenStart = std::numeric_limits<common::Nanos>::min();
constexpr common::Nanos kOpenEnd = std::numeric_limits<common::Nanos>::max();

boost::json::value open_or(common::Nanos time, common::Nanos open) {
    return time == open ? boost::json::value(nullptr) : boost::json::value(common::format_rfc3339(time));
}

} // namespace

std::string encode_hold(const storage::HoldRecord& hold) {
    return boost::json::serialize(boost::json::object{{"name", hold.name},
                                                      {"incident", alerting::valid_utf8(hold.incident)},
                                                      {"query", alerting::valid_utf8(hold.query)},
                                                      {"actor", alerting::valid_utf8(hold.actor)},
                                                      {"from", open_or(hold.from, kOpenStart)},
                                                      {"to", open_or(hold.to, kOpenEnd)},
                                                      {"time", common::format_rfc3339(hold.at)},
                                                      {"events", hold.rows},
                                                      {"batches", hold.batches},
                                                      {"bytes", hold.bytes}});
}

common::Result<event::QueryPlan, std::string> plan_hold(const HoldQuery& query, common::Nanos now,
                                                        const storage::QuerySources& sources) {
    auto prepared = storage::prepare_query(query.text, sources);
    if (!prepared) { return common::fail("query, line:column " + storage::describe(prepared.error())); }
    if (!prepared->query.pipes.empty()) {
        return common::fail(std::string("a hold takes a query without steps: what stands before the first |"));
    }
    if (!prepared->rules.empty()) { return common::fail(std::string("a hold cannot be told by a rule")); }
    return storage::plan_of(std::move(prepared->query), now, query.from.value_or(kOpenStart),
                            query.to.value_or(kOpenEnd), std::numeric_limits<std::uint64_t>::max());
}

std::string describe_hold_error(const std::error_code& error, const std::string& name) {
    if (error == std::errc::invalid_argument) {
        return fmt::format(
            "'{}' is no name of a hold: 1 to 64 of a-z, 0-9, - and _, the first a letter or digit; or the "
            "query cannot be run",
            name);
    }
    if (error == std::errc::file_exists) { return fmt::format("there is a hold '{}' already", name); }
    if (error == std::errc::no_such_file_or_directory) { return fmt::format("there is no hold '{}'", name); }
    if (error == std::errc::bad_message) {
        return "an event to be held is damaged or does not agree with the hash chain: see canhgac verify";
    }
    return fmt::format("the hold could not be written: {}", error.message());
}

} // namespace canhgac::api

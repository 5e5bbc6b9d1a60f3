/// Which operation a request means.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace canhgac::api {

/// Where an operation runs.
enum class Lane : std::uint8_t {
    inline_answer, ///< at once, on the I/O thread: reads memory only
    worker,
    search,
    backtest, ///< one at a time, below everything else
    verify,   ///< the same
    evidence, ///< the same
    stream,   ///< handed to the thread of live streams
    tail,     ///< begun by a worker, then handed to the thread of live tails
};

enum class Operation : std::uint8_t {
    health,
    ready,
    metrics,
    openapi,
    status,
    list_alerts,
    show_alert,
    act_on_alert,
    stream_alerts,
    search,
    tail,
    list_sources,
    list_rules,
    reload_rules,
    backtest_rules,
    list_notices,
    resend_notice,
    verify,
    export_evidence,
    list_holds,
    add_hold,
    release_hold,
};

struct Route {
    std::string_view method;
    std::string_view pattern; ///< literal segments and {names}
    Operation operation;
    Lane lane;
    bool open = false; ///< needs no token
    bool has_body = false;
};

/// Every route; a literal segment stands before a {name} that would match it too.
[[nodiscard]] std::span<const Route> all_routes() noexcept;

struct RouteMatch {
    const Route* route = nullptr;             ///< nullptr: see `allow`
    std::vector<std::string_view> parameters; ///< of the {names}, in order; views into the path
    std::string allow;                        ///< methods of that path; empty: there is no such path
};
/// HEAD is GET. `path` as decoded by the server.
[[nodiscard]] RouteMatch match_route(std::string_view method, std::string_view path);

} // namespace canhgac::api

/// One client of a live tail: its query, its place in the store, what it has not been sent yet.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/alert_events.hpp"
#include "api/result_rows.hpp"
#include "api/services.hpp"
#include "net/http_server.hpp"
#include "storage/query/exec/query_run.hpp"
#include "storage/query/prepare.hpp"

namespace canhgac::api {

/// "17" is behind all of batch 17, "17.4" behind its row 4.
struct TailPlace {
    std::uint64_t batch = 0;  ///< the last one read to its end
    std::uint64_t partly = 0; ///< the batch behind it of which rows up to `row` were read; 0 = none
    std::uint32_t row = 0;

    [[nodiscard]] static std::optional<TailPlace> parse(std::string_view text) noexcept;
    [[nodiscard]] std::string text() const;
};

/// Not thread safe. Does not move: its query looks at it.
class TailClient final : private storage::QueryResultSink {
public:
    using SteadyClock = std::chrono::steady_clock;

    /// What a client needs of others; all outlive it.
    struct Parts {
        const Services& services;
        const AlertEvents& alerts;
        std::chrono::milliseconds lag_told;
    };
    /// `query` may end in `| tail` or not. Errors: those of the query, and of one that cannot be followed.
    [[nodiscard]] static common::Result<std::unique_ptr<TailClient>, storage::QueryError>
    make(const Parts& parts, std::shared_ptr<net::HttpExchange> exchange, std::string_view query, TailPlace place);

    /// The first text of the stream.
    [[nodiscard]] std::string greeting() const;

    enum class Served : std::uint8_t {
        all,  ///< it has what there is
        more, ///< there is more to be read
        full, ///< it reads too slowly
        gone, ///< it left, or the stream was ended
    };
    /// Sends what is new, at most a slice. Does not wait for the client.
    [[nodiscard]] Served serve();

private:
    TailClient(const Parts& parts, std::shared_ptr<net::HttpExchange> exchange, storage::PreparedQuery prepared,
               TailPlace place);
    [[nodiscard]] storage::QueryRunOptions run_options() const;
    bool row(std::span<const storage::QueryValue> values, const event::StoredEvent* event) override;
    /// False: stop reading.
    bool take(const event::StoredEvent& event);
    [[nodiscard]] Served read();
    bool send(std::string_view text);
    bool send_pending();
    void end();
    void fail(unsigned status, std::string_view detail);
    void tell_lag();

    Parts parts_;
    std::shared_ptr<net::HttpExchange> exchange_;
    storage::PreparedQuery prepared_;
    event::QueryPlan plan_;
    ResultRows rows_;
    storage::QueryRun run_;
    TailPlace place_;
    std::string pending_; ///< rows of the event read last that did not fit into the buffer
    bool ended_ = false;  ///< the query wants no more, or failed
    bool too_large_ = false;
    bool told_ = false; ///< that it lags
    SteadyClock::time_point up_to_date_ = SteadyClock::now();
    SteadyClock::time_point last_write_ = SteadyClock::now();
    SteadyClock::time_point last_told_{};
};

} // namespace canhgac::api

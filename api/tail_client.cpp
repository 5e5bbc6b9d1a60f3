#include "api/tail_client.hpp"

#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "api/problem.hpp"
#include "storage/query/push_down.hpp"

namespace canhgac::api {

namespace {

constexpr std::uint64_t kBatchesASlice = 128;           ///< read for one client before the next one has its turn
constexpr std::size_t kMostEventBytes = 16 * 1'048'576; ///< all rows of one event
constexpr std::chrono::seconds kTailHeartbeat{15};
constexpr unsigned kTailUnprocessable = 422;
constexpr unsigned kTailServerError = 500;

template <typename T>
bool read_number(std::string_view& text, T& out) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{}) { return false; }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

} // namespace

std::optional<TailPlace> TailPlace::parse(std::string_view text) noexcept {
    std::uint64_t batch = 0;
    std::uint32_t row = 0;
    if (!read_number(text, batch)) { return std::nullopt; }
    if (text.empty()) { return TailPlace{batch, 0, 0}; }
    if (batch == 0 || !text.starts_with('.')) { return std::nullopt; }
    text.remove_prefix(1);
    if (!read_number(text, row) || !text.empty()) { return std::nullopt; }
    return TailPlace{batch - 1, batch, row};
}

std::string TailPlace::text() const {
    return partly == 0 ? std::to_string(batch) : fmt::format("{}.{}", partly, row);
}

common::Result<std::unique_ptr<TailClient>, storage::QueryError>
TailClient::make(const Parts& parts, std::shared_ptr<net::HttpExchange> exchange, std::string_view query,
                 TailPlace place) {
    const storage::QuerySources sources = query_sources(parts.services, parts.alerts);
    auto prepared = storage::prepare_query(query, sources);
    if (prepared && !storage::is_followed(prepared->query.pipes)) {
        prepared = storage::prepare_query(std::string(query) + " | tail", sources); // whether it can be followed
    }
    if (!prepared) { return common::fail(std::move(prepared.error())); }
    return std::unique_ptr<TailClient>(new TailClient(parts, std::move(exchange), std::move(*prepared), place));
}

TailClient::TailClient(const Parts& parts, std::shared_ptr<net::HttpExchange> exchange, storage::PreparedQuery prepared,
                       TailPlace place)
    : parts_(parts), exchange_(std::move(exchange)), prepared_(std::move(prepared)), rows_(prepared_.program),
      run_(prepared_.program, *this, run_options()), place_(place) {
    plan_ =
        storage::plan_for_store(prepared_.query, parts.services.clock.now(), std::numeric_limits<common::Nanos>::min(),
                                std::numeric_limits<common::Nanos>::max(), UINT64_MAX);
}

storage::QueryRunOptions TailClient::run_options() const {
    storage::QueryRunOptions options;
    options.now = parts_.services.clock.now();
    options.query = &prepared_.query;
    options.rules = &prepared_.rules;
    options.sources = query_sources(parts_.services, parts_.alerts);
    return options;
}

std::string TailClient::greeting() const {
    std::string text = fmt::format("retry: 2000\nid: {}\n\n", place_.text());
    if (rows_.has_columns()) {
        text += "event: columns\ndata: ";
        rows_.append_columns(text);
        text += "\n\n";
    }
    return text;
}

TailClient::Served TailClient::serve() {
    if (exchange_->closed()) { return Served::gone; }
    if (!send_pending()) { return exchange_->closed() ? Served::gone : Served::full; }
    tell_lag();
    Served served = ended_ ? Served::gone : read();
    if (ended_ && pending_.empty()) { served = Served::gone; }
    if (served == Served::gone) {
        exchange_->finish_stream();
        return served;
    }
    if (served == Served::all) { up_to_date_ = SteadyClock::now(); }
    if (SteadyClock::now() - last_write_ >= kTailHeartbeat) {
        common::ignore(send(fmt::format("id: {}\n: still here\n\n", place_.text())), "a full buffer has news enough");
    }
    return served;
}

TailClient::Served TailClient::read() {
    const std::uint64_t committed = parts_.services.events.committed();
    if (place_.batch >= committed) { return Served::all; }
    const auto reached = parts_.services.events.tail(place_.batch, plan_.filter, kBatchesASlice,
                                                     [this](const event::StoredEvent& event) { return take(event); });
    if (!reached) {
        parts_.services.logger.error("tail: {}", reached.error().message());
        fail(kTailServerError, reached.error().message());
        return send_pending() ? Served::gone : Served::full;
    }
    const bool moved = *reached > place_.batch;
    place_.batch = *reached;
    if (place_.partly <= place_.batch) { place_.partly = 0; }
    if (!pending_.empty()) { return Served::full; }
    return moved && place_.batch < committed ? Served::more : Served::all;
}

bool TailClient::take(const event::StoredEvent& event) {
    if (event.id.seq == place_.partly && event.id.index <= place_.row) { return true; } // sent before
    if (event.time < plan_.from || event.time >= plan_.to) { return true; }
    const bool wants_more = run_.feed(event);
    place_.partly = event.id.seq;
    place_.row = event.id.index;
    if (too_large_) {
        pending_.clear();
        fail(kTailUnprocessable, fmt::format("the rows of event {} are too large", place_.text()));
    } else {
        // Only the last row has the id: who got a part of the rows gets them again.
        if (!pending_.empty()) { pending_.insert(pending_.size() - 1, fmt::format("id: {}\n", place_.text())); }
        if (!wants_more) { end(); }
    }
    return send_pending() && !ended_;
}

bool TailClient::row(std::span<const storage::QueryValue> values, const event::StoredEvent* event) {
    pending_ += "event: row\ndata: ";
    rows_.append_row(pending_, values, event);
    pending_ += "\n\n";
    too_large_ = pending_.size() > kMostEventBytes;
    return !too_large_;
}

bool TailClient::send(std::string_view text) {
    if (!exchange_->try_write(text)) { return false; }
    last_write_ = SteadyClock::now();
    return true;
}

bool TailClient::send_pending() {
    if (pending_.empty()) { return true; }
    if (!send(pending_)) { return false; }
    pending_.clear();
    return true;
}

void TailClient::end() {
    ended_ = true;
    const auto finished = run_.finish();
    if (!finished) { return fail(kTailUnprocessable, storage::to_string(finished.error())); }
    pending_ += fmt::format("event: end\ndata: {{\"stats\":{{\"rows\":{}}}}}\n\n", run_.progress().rows);
}

void TailClient::fail(unsigned status, std::string_view detail) {
    ended_ = true;
    pending_ += fmt::format("event: problem\ndata: {{\"error\":{}}}\n\n", problem_text(status, detail));
}

void TailClient::tell_lag() {
    const auto now = SteadyClock::now();
    const auto behind = now - up_to_date_;
    if (behind < parts_.lag_told) {
        if (told_ && send("event: lag\ndata: {\"batches\":0,\"seconds\":0}\n\n")) { told_ = false; }
        return;
    }
    if (told_ && now - last_told_ < parts_.lag_told) { return; }
    const std::uint64_t committed = parts_.services.events.committed();
    if (place_.batch >= committed) { return; }
    if (!send(fmt::format("event: lag\ndata: {{\"batches\":{},\"seconds\":{}}}\n\n", committed - place_.batch,
                          std::chrono::duration_cast<std::chrono::seconds>(behind).count()))) {
        return;
    }
    told_ = true;
    last_told_ = now;
}

} // namespace canhgac::api

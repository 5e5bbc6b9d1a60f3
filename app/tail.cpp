// `canhgac tail`, and `canhgac search` with a query that ends in `tail`.
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/api_client.hpp"
#include "app/cli.hpp"
#include "app/search_output.hpp"

namespace canhgac::app {

namespace {

constexpr int kTriesBeforeGivingUp = 60; ///< a second each, once it has worked

/// Takes the lines of a live tail (docs/reference/api.md, "Live tail").
class TailReader {
public:
    explicit TailReader(const ClientOptions& options) : printer_(options, true) {}

    /// Before each connection: what the one before had begun is sent again.
    void begin() {
        event_.clear();
        data_.clear();
    }
    /// False: the stream has ended as it should.
    bool take(std::string_view line) {
        if (line.empty()) {
            dispatch();
            return !ended_;
        }
        if (const auto value = after(line, "id:"); value.data() != nullptr) { id_ = value; }
        if (const auto value = after(line, "event:"); value.data() != nullptr) { event_ = value; }
        if (const auto value = after(line, "data:"); value.data() != nullptr) { data_ = value; }
        return true;
    }
    [[nodiscard]] const std::string& place() const noexcept { return id_; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] int finish() { return printer_.finish(); }

private:
    static std::string_view after(std::string_view line, std::string_view name) noexcept {
        if (!line.starts_with(name)) { return {}; }
        line.remove_prefix(name.size());
        if (line.starts_with(' ')) { line.remove_prefix(1); }
        return line;
    }

    void dispatch() {
        if (event_ == "lag") {
            tell_lag();
        } else if (!data_.empty()) {
            printer_.add(data_);
        }
        ended_ = event_ == "end" || event_ == "problem";
        event_.clear();
        data_.clear();
    }

    void tell_lag() const {
        boost::system::error_code error;
        const boost::json::value lag = boost::json::parse(data_, error);
        if (error || !lag.is_object()) { return; }
        const auto seconds = lag.as_object().at("seconds").to_number<std::int64_t>(error);
        if (seconds == 0) {
            std::fputs("canhgac: caught up\n", stderr);
        } else {
            std::fprintf(stderr, "canhgac: behind for %lld s: what is shown is not the newest\n",
                         static_cast<long long>(seconds));
        }
    }

    SearchPrinter printer_;
    std::string id_;
    std::string event_;
    std::string data_;
    bool ended_ = false;
};

} // namespace

int run_tail(const TailOptions& options) {
    ApiClient client(options.client);
    TailReader reader(options.client);
    const std::string path = "/api/v1/tail?q=" + url_value(options.query);
    for (int tries = 0; !reader.ended();) {
        const std::string from = reader.place().empty() ? path : path + "&last_event_id=" + reader.place();
        reader.begin();
        try {
            client.stream("GET", from, "", [&](std::string_view line) {
                tries = 0;
                return reader.take(line);
            });
        } catch (const Unreachable&) {
            // Before it has worked once, something else is wrong.
            if (reader.place().empty() || tries >= kTriesBeforeGivingUp) { throw; }
        }
        if (reader.ended()) { break; }
        if (tries == 0) { std::fputs("canhgac: the stream broke off; trying to go on\n", stderr); }
        ++tries;
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    return reader.finish();
}

} // namespace canhgac::app

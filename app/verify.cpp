// `canhgac verify`: the stored events against their hash chain, on a stopped store or through a running server.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/verify_runner.hpp"
#include "app/api_client.hpp"
#include "app/cli.hpp"
#include "app/offline_store.hpp"
#include "app/search_output.hpp"
#include "common/clock.hpp"
#include "common/durable_file.hpp"

namespace canhgac::app {

namespace {

namespace json = boost::json;

/// How far the chain was proven: {"reached":N,"head":"..."}.
struct ProvenSoFar {
    std::uint64_t reached = 0;
    std::string head;
};

ProvenSoFar read_resume_file(const std::string& path) {
    if (path.empty() || !std::filesystem::exists(path)) { return {}; }
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    json::error_code error;
    const json::value value = json::parse(text.str(), error);
    const auto* const object = error ? nullptr : value.if_object();
    const auto* const reached = object == nullptr ? nullptr : object->if_contains("reached");
    const auto* const head = object == nullptr ? nullptr : object->if_contains("head");
    if (reached == nullptr || head == nullptr || !reached->is_number() || !head->is_string() ||
        head->as_string().size() != 64) {
        throw std::runtime_error(
            fmt::format("{}: does not say how far a chain was proven; remove it to begin anew", path));
    }
    return {reached->to_number<std::uint64_t>(), std::string(head->as_string())};
}

std::optional<common::Nanos> commit_time(const char* option, const std::string& text, common::Nanos now) {
    if (text.empty()) { return std::nullopt; }
    if (const auto time = common::parse_rfc3339(text)) { return time; }
    const auto ago = common::parse_duration(text);
    if (!ago || *ago > now) {
        throw std::runtime_error(fmt::format("{} takes a time (RFC 3339) or a duration such as 24h", option));
    }
    return now - *ago;
}

std::string member_of(const json::object& object, std::string_view name) {
    const json::value& value = object.at(name);
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

/// Takes the lines of a proof and tells people.
class VerifyPrinter {
public:
    VerifyPrinter(const VerifyCommand& command, std::uint64_t proven, bool lines)
        : command_(&command), proven_(proven), lines_(lines), bar_(::isatty(STDERR_FILENO) != 0) {}

    bool take(std::string_view line) {
        const json::value value = json::parse(line);
        const json::object& object = value.as_object();
        if (const auto* progress = object.if_contains("progress")) {
            keep(progress->as_object());
            if (bar_) { show(progress->as_object()); }
            return true;
        }
        clear();
        if (const auto* error = object.if_contains("error")) {
            throw std::runtime_error(
                fmt::format("the store cannot be read: {}", member_of(error->as_object(), "detail")));
        }
        const json::object& report = object.at("verify").as_object();
        keep(report);
        ended_ = true;
        good_ = report.at("ok").as_bool();
        if (lines_) {
            std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
        } else {
            print(report);
        }
        return true;
    }
    [[nodiscard]] int status() const {
        if (!ended_) { throw std::runtime_error("the answer was cut"); }
        return good_ ? kSuccess : kProblems;
    }

private:
    /// Never goes back: a chain that was cut off is found with what the file says.
    void keep(const json::object& report) const {
        if (command_->resume.empty() || report.at("reached").to_number<std::uint64_t>() <= proven_) { return; }
        common::replace_file(
            command_->resume,
            json::serialize(json::object{{"reached", report.at("reached")}, {"head", report.at("head")}}) + "\n");
    }
    void show(const json::object& report) {
        const double total = report.at("total").to_number<double>();
        const double part = total > 0 ? report.at("batches").to_number<double>() / total : 0;
        std::fprintf(stderr, "\r%3.0f %%  %s of %s batches, %s events\x1b[K", 100 * part,
                     member_of(report, "batches").c_str(), member_of(report, "total").c_str(),
                     member_of(report, "events").c_str());
        shown_ = true;
    }
    void clear() {
        if (shown_) { std::fputs("\r\x1b[K", stderr); }
        shown_ = false;
    }
    static void print(const json::object& report) {
        for (const json::value& each : report.at("expired_days").as_array()) {
            const json::object& day = each.as_object();
            std::printf("expired: %s, %s events, dropped %s by %s: %s\n", member_of(day, "day").c_str(),
                        member_of(day, "events").c_str(), member_of(day, "dropped").c_str(),
                        member_of(day, "by").c_str(), member_of(day, "reason").c_str());
        }
        std::printf("%s of %s batches, %s events proven, %s batches expired, %s not read, %s signed heads; %.1f s, %s "
                    "events/s\n",
                    member_of(report, "batches").c_str(), member_of(report, "total").c_str(),
                    member_of(report, "events").c_str(), member_of(report, "expired").c_str(),
                    member_of(report, "skipped").c_str(), member_of(report, "signed_heads").c_str(),
                    report.at("seconds").to_number<double>(), member_of(report, "events_per_second").c_str());
        if (const auto* bad = report.at("first_bad").if_object()) {
            std::printf("FOUND in batch %s: %s\n", member_of(*bad, "batch").c_str(),
                        member_of(*bad, "problem").c_str());
        } else if (report.at("ended_early").as_bool()) {
            std::puts("ended early");
        } else {
            std::printf("holds; head of batch %s: %s\n", member_of(report, "reached").c_str(),
                        member_of(report, "head").c_str());
        }
    }

    const VerifyCommand* command_;
    std::uint64_t proven_;
    bool lines_;
    bool bar_;
    bool shown_ = false;
    bool ended_ = false;
    bool good_ = false;
};

storage::VerifyOptions options_of(const VerifyCommand& command) {
    if (!command.resume.empty() && (!command.from.empty() || !command.to.empty())) {
        throw std::runtime_error("--resume goes through the whole chain: it takes no --from and no --to");
    }
    const common::Nanos now = common::SystemClock().now();
    storage::VerifyOptions options;
    options.from = commit_time("--from", command.from, now).value_or(options.from);
    options.to = commit_time("--to", command.to, now).value_or(options.to);
    if (options.from >= options.to) { throw std::runtime_error("--from must be before --to"); }
    const ProvenSoFar proven = read_resume_file(command.resume);
    options.after = proven.reached;
    options.after_head = proven.head;
    return options;
}

std::string verify_request(const VerifyCommand& command, const storage::VerifyOptions& options) {
    json::object body;
    if (!command.from.empty()) { body["from"] = common::format_rfc3339(options.from); }
    if (!command.to.empty()) { body["to"] = common::format_rfc3339(options.to); }
    if (options.after != 0) {
        body["after"] = options.after;
        body["after_head"] = options.after_head;
    }
    return json::serialize(body);
}

} // namespace

int run_verify(const VerifyCommand& command) {
    const storage::VerifyOptions options = options_of(command);
    VerifyPrinter printer(command, options.after, !wants_table(command.client));
    const auto take = [&printer](std::string_view line) { return printer.take(line); };
    if (const auto store = open_unless_served(command.client)) {
        api::write_verify([&store](const storage::VerifyOptions& given) { return store->store().verify(given); },
                          options, take);
    } else {
        ApiClient(command.client).stream("POST", "/api/v1/verify", verify_request(command, options), take);
    }
    return printer.status();
}

} // namespace canhgac::app

// `canhgac export`: what a query finds, as JSON lines, CSV or an evidence package.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <pwd.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/request_reader.hpp"
#include "api/result_rows.hpp"
#include "app/api_client.hpp"
#include "app/cli.hpp"
#include "app/evidence_package.hpp"
#include "app/offline_store.hpp"
#include "app/search_output.hpp"
#include "common/clock.hpp"
#include "common/durable_file.hpp"
#include "storage/query/exec/query_run.hpp"
#include "storage/query/prepare.hpp"
#include "storage/query/push_down.hpp"

namespace canhgac::app {

namespace {

namespace json = boost::json;

constexpr unsigned kNothingToProve = 422;

/// A file that is made, never replaced, and removed again unless keep() was called.
class NewFile {
public:
    explicit NewFile(std::string path) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wbx")) {
        if (file_ == nullptr) { throw std::runtime_error(fmt::format("{}: {}", path_, std::strerror(errno))); }
    }
    ~NewFile() {
        if (file_ != nullptr) { static_cast<void>(std::fclose(file_)); }
        if (!kept_) { static_cast<void>(std::remove(path_.c_str())); }
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    [[nodiscard]] std::FILE* get() const noexcept { return file_; }
    void keep() {
        const bool written = std::ferror(file_) == 0;
        const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
        if (!written || !closed) { throw std::runtime_error(fmt::format("{} cannot be written", path_)); }
        if (const std::error_code error = common::sync_path(path_)) {
            throw std::runtime_error(fmt::format("{}: {}", path_, error.message()));
        }
        kept_ = true;
    }

private:
    std::string path_;
    std::FILE* file_;
    bool kept_ = false;
};

std::string file_digest(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (file == nullptr) { throw std::runtime_error(fmt::format("{}: {}", path, std::strerror(errno))); }
    storage::Sha256 hash;
    hash.start();
    std::string buffer(64 * 1024, '\0');
    for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), file.get())) != 0;) {
        hash.add(std::string_view(buffer).substr(0, got));
    }
    return storage::to_hex(hash.finish());
}

std::string account_name() {
    const passwd* const account = ::getpwuid(::geteuid()); // NOLINT(concurrency-mt-unsafe): one thread
    return account == nullptr ? std::to_string(::geteuid()) : account->pw_name;
}

/// "24h" counts back from now.
std::optional<common::Nanos> export_moment(const char* option, const std::string& text) {
    if (text.empty()) { return std::nullopt; }
    const auto time = api::parse_moment(text, common::SystemClock().now());
    if (!time) {
        throw std::runtime_error(fmt::format("{} takes a time (RFC 3339) or a duration such as 24h", option));
    }
    return time;
}

api::EvidenceRequest evidence_request(const ExportOptions& options) {
    api::EvidenceRequest request;
    request.query = options.query;
    request.from = export_moment("--from", options.from).value_or(request.from);
    request.to = export_moment("--to", options.to).value_or(request.to);
    request.limit = options.limit;
    request.number = options.number;
    request.custodian = options.custodian;
    request.agency = options.agency;
    request.reason = options.reason;
    return request;
}

json::object body_of(const ExportOptions& options, const api::EvidenceRequest& request) {
    json::object body{{"query", options.query}};
    if (!options.from.empty()) { body["from"] = common::format_rfc3339(request.from); }
    if (!options.to.empty()) { body["to"] = common::format_rfc3339(request.to); }
    return body;
}

/// The lines that a search over the API gives, of a stopped store.
class OfflineLines final : public storage::QueryResultSink {
public:
    OfflineLines(const storage::QueryProgram& program, const std::function<bool(std::string_view line)>& line)
        : rows_(program), line_(&line) {
        if (!rows_.has_columns()) { return; }
        rows_.append_columns(text_);
        static_cast<void>((*line_)(text_));
    }
    bool row(std::span<const storage::QueryValue> values, const event::StoredEvent* event) override {
        text_.clear();
        rows_.append_row(text_, values, event);
        return (*line_)(text_);
    }

private:
    api::ResultRows rows_;
    const std::function<bool(std::string_view line)>* line_;
    std::string text_;
};

storage::QuerySources offline_sources(OfflineStore& store) {
    storage::QuerySources sources;
    sources.events = &store.events();
    sources.senders = &store.store().sources();
    return sources;
}

void search_offline(OfflineStore& store, const api::EvidenceRequest& request,
                    const std::function<bool(std::string_view line)>& line) {
    const storage::QuerySources sources = offline_sources(store);
    auto prepared = storage::prepare_query(request.query, sources);
    if (!prepared) { throw std::runtime_error("query, line:column " + storage::describe(prepared.error())); }
    if (storage::is_followed(prepared->query.pipes)) {
        throw std::runtime_error("an export has an end: leave out tail");
    }
    storage::QueryRunOptions options;
    options.now = common::SystemClock().now();
    options.query = &prepared->query;
    options.rules = &prepared->rules;
    options.sources = sources;
    options.from = request.from;
    options.to = request.to;
    OfflineLines lines(prepared->program, line);
    storage::QueryRun run(prepared->program, lines, options);
    if (run.start()) {
        const auto plan = storage::plan_for_store(prepared->query, options.now, request.from, request.to, UINT64_MAX);
        const auto stats =
            store.events().query(plan, [&run](const event::StoredEvent& event) { return run.feed(event); });
        if (!stats) { throw std::runtime_error("the store cannot be read: " + stats.error().message()); }
    }
    if (const auto end = run.finish(); !end) { throw std::runtime_error(std::string(to_string(end.error()))); }
    static_cast<void>(line(R"({"stats":{}})"));
}

int export_rows(const ExportOptions& options) {
    const api::EvidenceRequest request = evidence_request(options);
    const auto store = open_unless_served(options.client);
    NewFile file(options.out);
    SearchPrinter printer(options.format == "csv" ? SearchPrinter::Output::csv : SearchPrinter::Output::lines,
                          file.get());
    bool cut = false;
    const std::function<bool(std::string_view)> take = [&](std::string_view line) {
        cut = cut || (printer.rows() == options.limit && !line.starts_with(R"({"stats":)") &&
                      !line.starts_with(R"({"error":)") && !line.starts_with(R"({"progress":)"));
        if (!cut) { printer.add(line); }
        return !cut;
    };
    if (store != nullptr) {
        search_offline(*store, request, take);
    } else {
        json::object body = body_of(options, request);
        body["limit"] = options.limit + 1; // to see whether there are more
        ApiClient(options.client).stream("POST", "/api/v1/search", json::serialize(body), take);
    }
    if (cut) { printer.add(R"({"stats":{}})"); }
    if (const int status = printer.finish(); status != kSuccess) { return status; }
    file.keep();
    std::printf("%s: %llu rows, SHA-256 %s\n", options.out.c_str(), static_cast<unsigned long long>(printer.rows()),
                file_digest(options.out).c_str());
    if (!cut) { return kSuccess; }
    std::fprintf(stderr, "canhgac: there are more than %llu rows: the file has the first of them (--limit)\n",
                 static_cast<unsigned long long>(options.limit));
    return kProblems;
}

int export_package(const ExportOptions& options) {
    api::EvidenceRequest request = evidence_request(options);
    if (const auto store = open_unless_served(options.client)) {
        request.exporter = account_name();
        const std::atomic<bool> never{false};
        const common::SystemClock clock;
        const auto done = write_evidence({store->store(), offline_sources(*store), clock}, request, options.out, never);
        if (!done) {
            std::fprintf(stderr, "canhgac: %s\n", done.error().detail.c_str());
            return done.error().status == kNothingToProve ? kProblems : kUsage;
        }
    } else {
        json::object body = body_of(options, request);
        body["limit"] = options.limit;
        for (const auto& [name, value] : {std::pair("case", options.number), std::pair("custodian", options.custodian),
                                          std::pair("agency", options.agency), std::pair("reason", options.reason)}) {
            if (!value.empty()) { body[name] = value; }
        }
        ApiClient client(options.client);
        NewFile file(options.out);
        try {
            client.download("POST", "/api/v1/export", json::serialize(body), [&file](std::string_view part) {
                return std::fwrite(part.data(), 1, part.size(), file.get()) == part.size();
            });
        } catch (const ServerRefused& refused) {
            if (static_cast<unsigned>(refused.status()) != kNothingToProve) { throw; }
            std::fprintf(stderr, "canhgac: %s\n", refused.what());
            return kProblems;
        }
        file.keep();
    }
    std::printf("%s: evidence package, %llu bytes, SHA-256 %s\n", options.out.c_str(),
                static_cast<unsigned long long>(std::filesystem::file_size(options.out)),
                file_digest(options.out).c_str());
    return kSuccess;
}

} // namespace

int run_export(const ExportOptions& options) {
    if (std::filesystem::exists(options.out)) {
        throw std::runtime_error(fmt::format("{} is there already: an export replaces nothing", options.out));
    }
    return options.format == "package" ? export_package(options) : export_rows(options);
}

} // namespace canhgac::app

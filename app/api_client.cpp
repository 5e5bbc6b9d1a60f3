#include "app/api_client.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "common/bytes.hpp"
#include "common/durable_file.hpp"
#include "net/http_client.hpp"

namespace canhgac::app {

namespace {

constexpr const char* kPlaceFile = "canhgac.place";

/// Folders for run-time notes, best first: what systemd made for the service, the user's own, the system's.
std::vector<std::filesystem::path> runtime_folders() {
    std::vector<std::filesystem::path> folders;
    for (const char* name : {"RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') { folders.emplace_back(value); }
    }
    folders.emplace_back("/run/canhgac");
    folders.emplace_back("/run");
    return folders;
}

std::string first_line(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

std::filesystem::path data_folder(const ClientOptions& options) {
    if (!options.data.empty()) { return options.data; }
    std::error_code ignored;
    if (std::filesystem::exists("data/token", ignored)) { return "data"; }
    for (const auto& folder : runtime_folders()) {
        if (const std::string place = first_line(folder / kPlaceFile); !place.empty()) { return place; }
    }
    return "data";
}

std::string find_server(const ClientOptions& options, const std::filesystem::path& folder) {
    if (!options.server.empty()) { return options.server; }
    const char* variable = std::getenv("CANHGAC_SERVER");
    if (variable != nullptr && *variable != '\0') { return variable; }
    if (std::string noted = first_line(folder / "server-url"); !noted.empty()) { return noted; }
    return "http://127.0.0.1:8080";
}

/// What a problem document (RFC 9457) says, or the body itself.
std::string problem_text(const net::ClientResponse& response) {
    boost::system::error_code error;
    const boost::json::value problem = boost::json::parse(response.body, error);
    if (!error && problem.is_object()) {
        std::string text;
        for (const char* key : {"title", "detail"}) {
            const auto* part = problem.as_object().if_contains(key);
            if (part == nullptr || !part->is_string()) { continue; }
            text += text.empty() ? "" : ": ";
            text += part->as_string().c_str();
        }
        if (!text.empty()) { return text; }
    }
    return response.body.substr(0, 200);
}

} // namespace

ApiClient::ApiClient(const ClientOptions& options) {
    const std::filesystem::path folder = data_folder(options);
    server_ = find_server(options, folder);
    while (server_.ends_with('/')) {
        server_.pop_back();
    }
    const std::filesystem::path file =
        options.token_file.empty() ? folder / "token" : std::filesystem::path(options.token_file);
    token_ = first_line(file);
    if (token_.empty()) {
        throw std::runtime_error(
            fmt::format("no token in {}: is the server running? (--data FOLDER or --token-file FILE)", file.string()));
    }
}

std::string ApiClient::get(const std::string& path) {
    std::string body;
    stream("GET", path, "", [&body](std::string_view line) {
        body += line;
        body += '\n';
        return true;
    });
    return body;
}

void ApiClient::stream(const std::string& method, const std::string& path, const std::string& body,
                       const std::function<bool(std::string_view line)>& line) {
    std::string rest;
    bool wanted = true;
    download(method, path, body, [&](std::string_view part) {
        rest += part;
        std::size_t at = 0;
        for (std::size_t end = rest.find('\n'); end != std::string::npos && wanted; end = rest.find('\n', at)) {
            wanted = line(std::string_view(rest).substr(at, end - at));
            at = end + 1;
        }
        rest.erase(0, at);
        return wanted;
    });
    if (wanted && !rest.empty()) { static_cast<void>(line(rest)); }
}

void ApiClient::download(const std::string& method, const std::string& path, const std::string& body,
                         const std::function<bool(std::string_view part)>& part) {
    net::HttpClientSettings settings;
    settings.max_response_bytes = 64 * common::kKiB;
    net::HttpClient client(settings);
    net::ClientRequest request;
    request.method = method;
    request.url = server_ + path;
    request.headers = {{"Authorization", "Bearer " + token_}};
    if (!body.empty()) { request.headers.emplace_back("Content-Type", "application/json"); }
    request.body = body;
    request.on_body = part;
    const auto response = client.send(request, cancelled_);
    if (!response) {
        if (response.error().code == net::TransferErrc::cancelled) { return; }
        throw Unreachable(fmt::format("{}: {}", server_, net::to_string(response.error().code)));
    }
    if (response->status < 200 || response->status > 299) {
        throw ServerRefused(response->status,
                            fmt::format("{} answered {}: {}", server_, response->status, problem_text(*response)));
    }
}

std::string url_value(std::string_view text) {
    constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text) {
        if (kUnreserved.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

void note_data_folder(const std::string& folder) {
    for (const auto& place : runtime_folders()) {
        if (::access(place.c_str(), W_OK) != 0) { continue; }
        common::replace_file(place / kPlaceFile, folder + "\n");
        return;
    }
}

} // namespace canhgac::app
